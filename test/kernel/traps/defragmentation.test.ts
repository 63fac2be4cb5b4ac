/**
 * Fragments. INPUT sees whole IPv4 datagrams always; PREROUTING and FORWARD only where a conntrack expression, even an unused one,
 * has switched defragmentation on. Then `-f` never matches and raw sees the ports of what comes in pieces.
 */
import test from 'ava';
import { ipv4Fragments, ipv6Fragments } from '../differential/frame.js';
import { udp } from '../differential/segment.js';
import { dump, firewallOf, runTraps, type Named } from './trap.js';

const query = udp(1000, 53, 40);
const piece = (
  name: string,
  daddr: string,
  keep: (frames: Uint8Array[]) => Uint8Array[] = (frames) => frames,
): Named => ({
  name,
  frames: keep(ipv4Fragments({ saddr: '203.0.113.77', daddr }, query, [16, 32])),
});
const piece6 = (name: string, daddr: string, identification: number): Named => ({
  name,
  frames: ipv6Fragments({ saddr: '2001:db8:77::1', daddr, identification }, query, [16, 32]),
});

const pieces = [
  piece('to this host', '192.0.2.1'),
  piece('to this host, last first', '192.0.2.1', (frames) => [...frames].reverse()),
  piece('forwarded', '203.0.113.9'),
  piece('forwarded without the first', '203.0.113.9', (frames) => frames.slice(1)),
  piece6('v6 to this host', '2001:db8:1::1', 1),
  piece6('v6 forwarded', '2001:db8:99::1', 2),
];

const unused = '-A FORWARD -s 192.0.2.200/32 -m conntrack --ctstate INVALID -j ACCEPT';
const unused6 = unused.replace('192.0.2.200/32', '2001:db8::200/128');

test.serial('a port in raw, no conntrack: the first fragment is dropped, XDP leaves all to netfilter', async (t) => {
  const rule = '-A PREROUTING -p udp -m udp --dport 53 -j DROP';
  const { places, verdicts } = await runTraps(
    t,
    firewallOf('raw-port', dump({ raw: [rule] }), dump({ raw: [rule] })),
    pieces,
  );
  t.is(places['to this host'], 'prerouting', 'never whole again');
  t.is(places['forwarded'], 'forward', 'the later fragments');
  t.is(places['forwarded without the first'], 'forward');
  for (const { name } of pieces) t.regex(verdicts[name] ?? '', /^pass( pass)+$/, name);
});

test.serial('a port in raw, conntrack somewhere: whole datagrams are dropped', async (t) => {
  const rule = '-A PREROUTING -p udp -m udp --dport 53 -j DROP';
  const v4 = dump({ raw: [rule], filter: [unused] });
  const { places, verdicts } = await runTraps(
    t,
    firewallOf('raw-port-ct', v4, dump({ raw: [rule], filter: [unused6] })),
    pieces,
  );
  for (const { name } of pieces) t.is(places[name], 'early', name);
  for (const { name } of pieces) t.regex(verdicts[name] ?? '', /^pass( pass)+$/, name);
});

test.serial('-f matches later fragments without conntrack and nothing with it', async (t) => {
  const rule = '-A PREROUTING -f -j DROP';
  const without = await runTraps(t, firewallOf('f', dump({ raw: [rule] }), null), pieces);
  t.is(without.places['to this host'], 'prerouting', 'the first fragment alone');
  t.is(without.places['forwarded without the first'], 'early');
  const withIt = await runTraps(t, firewallOf('f-ct', dump({ raw: [rule], filter: [unused] }), null), pieces);
  t.is(withIt.places['to this host'], 'input');
  t.is(withIt.places['forwarded'], 'forward');
});

test.serial('a protocol or an address matches every fragment, whole or not', async (t) => {
  const v4 = dump({ filter: ['-A INPUT -s 203.0.113.0/24 -j DROP', '-A FORWARD -p udp -j DROP'] });
  const v6 = dump({ filter: ['-A INPUT -s 2001:db8:77::/48 -j DROP', '-A FORWARD -s 2001:db8:77::/48 -j DROP'] });
  const { places, verdicts } = await runTraps(t, firewallOf('whole', v4, v6), pieces);
  for (const { name } of pieces) t.is(places[name], 'prerouting', name);
  t.is(verdicts['to this host'], 'drop drop drop');
  t.is(verdicts['forwarded'], 'drop drop drop');
  t.is(verdicts['v6 to this host'], 'drop drop drop');
});

test.serial('the length of a fragment is not the length of its datagram', async (t) => {
  const v4 = dump({ filter: ['-A INPUT -m length --length 0:50 -j DROP'] });
  const { places } = await runTraps(t, firewallOf('length', v4, null), pieces);
  t.is(places['to this host'], 'input', 'the whole has 68 bytes');
});
