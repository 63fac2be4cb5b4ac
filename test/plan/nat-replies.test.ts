/** What NAT makes of replies: they come to FORWARD though they were addressed to the host on the wire, and XDP passes them. */
import test from 'ava';
import { planText, router, table } from './plan-text.js';

const nat = table('nat', '-A POSTROUTING -o eth0 -j MASQUERADE', ':PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]');
const raw = (rule: string): string => table('raw', `-A PREROUTING ${rule}`, ':PREROUTING ACCEPT [0:0]');
const filter = (rules: string): string =>
  table('filter', rules, ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');
const toOthers = raw('-i eth0 -m addrtype ! --dst-type LOCAL -j DROP');

const offloadOf = (text: string, chain: string): string | undefined => {
  const { rules } = planText(text, { facts: router, devices: ['eth0'], conntrack: true });
  return rules.find((rule) => rule.chain === chain)?.offload;
};

test('a drop of all that is forwarded stays: replies to masqueraded connections come to it', (t) => {
  const forward = filter('-A FORWARD -i eth0 -j DROP');
  t.is(offloadOf(`${toOthers}${forward}${nat}`, 'FORWARD'), 'partial');
  t.is(offloadOf(`${toOthers}${forward}`, 'FORWARD'), 'full');
});

test('so does one of packets to an address', (t) => {
  const rules = `${raw('-i eth0 -d 10.1.2.3 -j DROP')}${filter('-A FORWARD -i eth0 -d 10.1.2.3 -j DROP')}`;
  t.is(offloadOf(`${rules}${nat}`, 'FORWARD'), 'partial');
  t.is(offloadOf(rules, 'FORWARD'), 'full');
});

test('one of packets from an address leaves: what it is about is the same on the wire', (t) => {
  const rules = `${raw('-i eth0 -s 198.51.100.7 -j DROP')}${filter('-A FORWARD -i eth0 -s 198.51.100.7 -j DROP')}`;
  t.is(offloadOf(`${rules}${nat}`, 'FORWARD'), 'full');
});

test('behind the place where sources are restored in INPUT, none of it is as on the wire', (t) => {
  const table = (priority: number): string =>
    `table ip t {
chain raw { type filter hook prerouting priority -300; iifname "eth0" ip saddr 198.51.100.7 drop; }
chain out { type nat hook output priority -100; ip daddr 198.51.100.7 dnat to 198.51.100.8; }
chain in { type filter hook input priority ${String(priority)}; iifname "eth0" ip saddr 198.51.100.7 drop; }
}
`;
  const offload = (priority: number): string | undefined => {
    const options = { facts: router, devices: ['eth0'], conntrack: true, files: { 'rules.nft': table(priority) } };
    return planText('', options).rules.find((rule) => rule.chain === 'in')?.offload;
  };
  t.is(offload(99), 'full');
  t.is(offload(200), 'partial');
});
