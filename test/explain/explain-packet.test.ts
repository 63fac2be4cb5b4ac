/** The way of a packet: rules in order, jumps and returns, what failed, what happens in the end, and both answers. */
import test from 'ava';
import { explainPacket, type PacketExplanation, type Tracking } from '../../src/explain/explain-packet.js';
import { PacketClauses, packetFrame } from '../../src/explain/packet-frame.js';
import type { MetRule } from '../../src/explain/walk-tree.js';
import type { HostFacts } from '../../src/model/host.js';
import { parsePacket } from '../../src/parse/parse-packet.js';
import type { Plan } from '../../src/plan/plan.js';
import { facts, MAC, router } from '../oracle/rulesets.js';
import { filter, planOf } from './write.js';

function explain(
  text: string,
  spec: string,
  tracking: Tracking | null = null,
  host: HostFacts = facts,
): PacketExplanation {
  return explainFrame({ plan: planOf(text), facts: host }, frameOf(spec), tracking);
}

const frameOf = (spec: string): Uint8Array =>
  packetFrame(new PacketClauses(parsePacket(spec, 'spec'), spec, 'spec'), MAC);

function explainFrame(
  planned: { readonly plan: Plan; readonly facts: HostFacts },
  bytes: Uint8Array,
  tracking: Tracking | null = null,
): PacketExplanation {
  const packet = { number: 1, seconds: null, bytes, length: bytes.length, link: 1, direction: null };
  const explained = explainPacket({ ...planned, device: 'eth0' }, packet, tracking);
  if (explained.kind === 'unseen') throw new Error('unseen');
  return explained;
}

const lines = (rules: readonly MetRule[], indent = ''): string[] =>
  rules.flatMap(({ rule, answer, match, does, inside }) => [
    `${indent}${rule}: ${answer}${match === null ? '' : ` [${match}]`}${does === null ? '' : `, ${does}`}`,
    ...(inside === null ? [] : inside.again ? [`${indent}  as above`] : lines(inside.rules, `${indent}  `)),
  ]);

const wayLines = ({ way }: PacketExplanation): string[] =>
  way.flatMap((part) =>
    part.kind === 'routed'
      ? [`routed ${part.local}`]
      : [
          `${part.hook} ${part.table} ${part.chain}`,
          ...lines(part.rules),
          ...(part.policy === null ? [] : [part.policy]),
        ],
  );

const chains =
  '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 10.0.0.0/8 -j DROP\nCOMMIT\n' +
  '*filter\n:INPUT DROP [0:0]\n:web - [0:0]\n' +
  '-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -j web\n-A INPUT -p tcp -m tcp --dport 443 -m limit --limit 1/sec -j LOG\n-A INPUT -p tcp -m tcp --dport 443 -j DROP\n' +
  '-A web -p tcp -m tcp --dport 80 -j ACCEPT\n-A web -s 192.0.2.0/24 -j RETURN\n-A web -j DROP\nCOMMIT\n';

test('rules in order, jumps and returns', (t) => {
  t.deepEqual(wayLines(explain(chains, 'tcp 192.0.2.7:5 > 192.0.2.1:22')), [
    'prerouting raw PREROUTING',
    'ip raw PREROUTING 1: no match [source address]',
    'routed yes',
    'input filter INPUT',
    'ip filter INPUT 1: no match [incoming device lo]',
    'ip filter INPUT 2: matches, jumps to web',
    '  ip filter web 1: no match [destination port]',
    '  ip filter web 2: matches, returns',
    'ip filter INPUT 3: no match [destination port]',
    'ip filter INPUT 4: no match [destination port]',
    'ip filter INPUT policy',
  ]);
});

test('both answers, and where they come from', (t) => {
  const dropped = explain(chains, 'tcp 10.1.2.3:5 > 192.0.2.1:22');
  t.like(dropped.netfilter, { kind: 'drop', rule: 'ip raw PREROUTING 1' });
  t.like(dropped.xdp, {
    verdict: 'drop',
    outcome: 'drop',
    step: 1,
    condition: 'source address 10.0.0.0/8',
    reason: null,
  });
  t.deepEqual(dropped.named, [
    { id: 'ip raw PREROUTING 1', file: 'rules', line: 3, text: '-A PREROUTING -s 10.0.0.0/8 -j DROP' },
  ]);
  const guarded = filter(['-p udp -m udp --dport 53 -j ACCEPT', '-s 203.0.113.0/24 -j DROP']);
  const accepted = explain(guarded, 'udp 203.0.113.1:5 > 192.0.2.1:53');
  t.like(accepted.netfilter, { kind: 'pass', how: 'accept' });
  t.like(accepted.xdp, { verdict: 'pass', outcome: 'pass' });
});

test('an effect does not end the way: what comes of the packet in the end is told', (t) => {
  const logged = explain(chains, 'tcp 192.0.2.7:5 > 192.0.2.1:443');
  t.like(logged.netfilter, { kind: 'pass', how: 'effect', rule: 'ip filter INPUT 3' });
  t.like(logged.end, { kind: 'drop', rule: 'ip filter INPUT 4' });
  t.true(wayLines(logged).includes('ip filter INPUT 4: matches, drops'));
  t.is(logged.xdp.outcome, 'pass');
});

const stateful = filter([
  '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-m conntrack --ctstate INVALID -j DROP',
  '-s 203.0.113.0/24 -j DROP',
]);

/** [packet, what is said of its connection, what that makes it, netfilter, XDP] */
const tracked: readonly (readonly [
  string,
  Tracking | null,
  Tracking,
  PacketExplanation['netfilter']['kind'],
  PacketExplanation['xdp']['outcome'],
])[] = [
  ['tcp 203.0.113.1:5 > 192.0.2.1:80', null, 'NEW', 'drop', 'drop'],
  ['tcp 203.0.113.1:5 > 192.0.2.1:80 ack', null, 'none', 'drop', 'drop'],
  ['udp 203.0.113.1:5 > 192.0.2.1:53', null, 'NEW', 'drop', 'drop'],
  ['icmp 203.0.113.1 > 192.0.2.1', null, 'NEW', 'drop', 'pass'],
  ['47 203.0.113.1 > 192.0.2.1', null, 'open', 'depends', 'pass'],
  ['tcp 203.0.113.1:5 > 192.0.2.1:80', 'ESTABLISHED', 'ESTABLISHED', 'pass', 'pass'],
  ['tcp 203.0.113.1:5 > 192.0.2.1:80', 'RELATED', 'RELATED', 'pass', 'pass'],
  ['tcp 198.51.100.1:5 > 192.0.2.1:80', 'INVALID', 'INVALID', 'drop', 'pass'],
  ['tcp 203.0.113.1:5 > 192.0.2.1:80', 'UNTRACKED', 'UNTRACKED', 'drop', 'depends'],
  ['tcp 203.0.113.1:5 > 192.0.2.1:80', 'open', 'open', 'depends', 'depends'],
];

for (const [spec, said, tracking, netfilter, xdp] of tracked) {
  test(`connection ${said ?? 'not said'}: ${spec}`, (t) => {
    const explained = explain(stateful, spec, said);
    t.is(explained.tracking, tracking);
    t.is(explained.netfilter.kind, netfilter);
    t.is(explained.xdp.outcome, xdp);
    t.is(explained.difference, null);
  });
}

test('the ways of an nft rule are one rule', (t) => {
  const nft =
    'table inet fw {\n chain in {\n  type filter hook input priority 0; policy accept;\n  tcp dport vmap { 22 : accept, 23 : drop }\n }\n}\n';
  t.deepEqual(wayLines(explain(nft, 'tcp 198.51.100.1:5 > 192.0.2.1:23')), [
    'routed yes',
    'input fw in',
    'inet fw in 1: matches, drops',
  ]);
});

test('a chain that is entered twice with one outcome is listed once', (t) => {
  const twice =
    '*filter\n:INPUT ACCEPT [0:0]\n:one - [0:0]\n-A INPUT -p tcp -j one\n-A INPUT -j one\n-A one -s 10.0.0.0/8 -j DROP\nCOMMIT\n';
  t.deepEqual(wayLines(explain(twice, 'tcp 198.51.100.1:5 > 192.0.2.1:23')).slice(2), [
    'ip filter INPUT 1: matches, jumps to one',
    '  ip filter one 1: no match [source address]',
    'ip filter INPUT 2: matches, jumps to one',
    '  as above',
  ]);
});

test('a packet that is called new and begins no connection is of one that conntrack knows', (t) => {
  const services =
    '*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n';
  const rst = 'tcp 198.51.100.1:5 > 192.0.2.1:22 rst';
  const fates = (tracking: Tracking | null): string[] => {
    const { netfilter, xdp, difference } = explain(services, rst, tracking);
    t.is(difference, null);
    return [netfilter.kind, xdp.outcome];
  };
  t.deepEqual(fates('NEW'), ['pass', 'pass']);
  t.deepEqual(fates('none'), ['drop', 'drop']);
});

test('what rules ask about that a packet does not say of itself is told, and nothing else', (t) => {
  t.deepEqual(explain(chains, 'tcp 192.0.2.7:5 > 192.0.2.1:22').taken, { sender: null, routedBack: null });
  const mac = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m mac --mac-source 02:11:22:33:44:55 -j DROP\nCOMMIT\n';
  t.is(explain(mac, 'tcp 192.0.2.7:5 > 192.0.2.1:22').taken.sender, '02:00:00:00:00:fe');
  t.is(explain(mac, 'tcp 192.0.2.7:5 > 192.0.2.1:22 from 02:11:22:33:44:55').taken.sender, '02:11:22:33:44:55');
  const back = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter --invert -j DROP\nCOMMIT\n';
  const route = { family: 4, table: 254, type: 'unicast', metric: 0 } as const;
  const routing: HostFacts['routing'] = {
    answers: { ip: true, ip6: true },
    rules: { ip: [], ip6: [] },
    skipsLinkDown: false,
    routes: [
      { ...route, prefix: '198.51.100.0/24', devices: ['eth0'] },
      { ...route, prefix: '203.0.113.0/24', devices: ['eth1'] },
      { ...route, prefix: '198.18.0.0/15', devices: [], type: 'blackhole' },
    ],
  };
  const routedBack = (source: string, host: HostFacts): string | null =>
    explain(back, `tcp ${source}:5 > 192.0.2.1:22`, null, host).taken.routedBack;
  t.is(routedBack('198.51.100.7', { ...facts, localRoutes: null }), 'not known');
  const known = { ...facts, routing };
  for (const [source, expected] of [
    ['198.51.100.7', 'same device'],
    ['203.0.113.7', 'another device'],
    ['198.18.0.7', 'refused'],
    ['8.8.8.8', 'nowhere'],
  ] as const)
    t.is(routedBack(source, known), expected, source);
});

test('elements with a timeout are there in both answers, as when they were dumped', (t) => {
  const timed = `table ip t {
	set s { type ipv4_addr; flags timeout; elements = { 203.0.113.7 timeout 1h expires 10m } }
	chain c { type filter hook input priority 0; ip saddr @s drop; }
}
`;
  const plan = planOf(timed, facts, 1_700_000_000_000);
  const { netfilter, xdp } = explainFrame({ plan, facts }, frameOf('tcp 203.0.113.7:5 > 192.0.2.1:22'));
  t.is(netfilter.kind, 'drop');
  t.is(xdp.outcome, 'drop');
});

test('what conntrack does not know is lost where others are let through: XDP may drop it', (t) => {
  const text =
    '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n';
  const frame = frameOf('tcp 198.51.100.7:5 > 203.0.113.5:80');
  frame.fill(0xff, 0, 6);
  const { netfilter, xdp, difference } = explainFrame({ plan: planOf(text, router), facts: router }, frame, 'open');
  t.is(netfilter.kind, 'pass');
  t.is(xdp.verdict, 'ask');
  t.is(difference, null);
});
