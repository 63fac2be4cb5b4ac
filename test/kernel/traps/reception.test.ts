/**
 * What the stack hands to netfilter, and as what (the same frames through a ruleset that drops nothing of them, one that drops by
 * source, and one that drops by protocol and port). A dash: XDP may do as it likes, for the frame is lost anyway.
 */
import test from 'ava';
import {
  concat,
  ipv4,
  ipv4Fragments,
  ipv6,
  ipv6Fragments,
  type Ipv4Header,
  type Ipv6Header,
} from '../differential/frame.js';
import { cut, icmp, opaque, tcp, udp, udpLite } from '../differential/segment.js';
import type { Segment } from '../differential/frame.js';
import { dump, firewallOf, runTraps, type Named } from './trap.js';

interface Row extends Named {
  /** Where it gets to when no rule drops it. */
  readonly open: string;
  /** XDP's verdicts when its source is dropped in raw, and when its port is. */
  readonly bySource: string;
  readonly byPort: string;
}

const query = udp(1000, 53);
const syn = tcp({ sport: 1000, dport: 80, flags: 2 });
const from4 = { saddr: '203.0.113.77', daddr: '192.0.2.1' };
const from6 = { saddr: '2001:db8:77::1', daddr: '2001:db8:1::1' };

const four = (header: Partial<Ipv4Header> = {}, segment: Segment = query): Uint8Array =>
  ipv4({ ...from4, ...header }, segment);
const six = (header: Partial<Ipv6Header> = {}, segment: Segment = query): Uint8Array =>
  ipv6({ ...from6, ...header }, segment);
const row = (name: string, frames: Uint8Array | Uint8Array[], open: string, bySource: string, byPort: string): Row => ({
  name,
  frames: Array.isArray(frames) ? frames : [frames],
  open,
  bySource,
  byPort,
});

/** Changes a byte of the IPv4 header and the checksum by as much. */
function patched(frame: Uint8Array, at: number, value: number): Uint8Array {
  const sum = ((frame[24] ?? 0) << 8) | (frame[25] ?? 0);
  const shift = at % 2 === 0 ? 8 : 0;
  let next = (~sum & 0xffff) + (~((frame[at] ?? 0) << shift) & 0xffff) + (value << shift);
  while (next > 0xffff) next = (next & 0xffff) + (next >> 16);
  frame[at] = value;
  frame[24] = (~next >> 8) & 0xff;
  frame[25] = ~next & 0xff;
  return frame;
}

const badTransport = (frame: Uint8Array, at: number): Uint8Array => patchedByte(frame, at, (frame[at] ?? 0) ^ 0x55);
const patchedByte = (frame: Uint8Array, at: number, value: number): Uint8Array => {
  frame[at] = value;
  return frame;
};

const pad = (number: number): { number: number; body: Uint8Array } => ({
  number,
  body: Uint8Array.from([0, 1, 4, 0, 0, 0, 0]),
});
const authentication = { number: 51, body: concat([4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], new Uint8Array(12)) };
const noRecognised = { number: 0, body: Uint8Array.from([0, 0xc2, 4, 0, 0, 0, 0]) };

const rows4: readonly Row[] = [
  row('plain', four(), 'input', 'drop', 'drop'),
  row('tcp', four({}, syn), 'input', 'drop', 'drop'),
  row('ping', four({}, icmp(4, 8, 0)), 'input', 'drop', 'drop'),
  row('forwarded', four({ daddr: '203.0.113.9' }), 'forward', 'drop', 'drop'),
  row('to 0.0.0.5, which is ordinary', four({ daddr: '0.0.0.5' }), 'forward', 'drop', 'drop'),
  row('another MAC', four({ destination: 0x0200000000aa }), 'nowhere', 'pass', 'pass'),
  row('VLAN 0', four({ vlans: [0] }), 'input', 'drop', 'drop'),
  row('VLAN 0 in VLAN 0', four({ vlans: [0, 0] }), 'input', 'drop', 'drop'),
  row('VLAN 5', four({ vlans: [5] }), 'nowhere', 'pass', 'pass'),
  row('VLAN 5 in VLAN 0', four({ vlans: [0, 5] }), 'nowhere', 'pass', 'pass'),
  row('broadcast frame, unicast address', four({ destination: 0xffffffffffff }), 'input', 'drop', 'drop'),
  row(
    'broadcast frame, to be forwarded',
    four({ destination: 0xffffffffffff, daddr: '203.0.113.9' }),
    'prerouting',
    'drop',
    'drop',
  ),
  row('bytes behind the packet', four({ trailer: 26 }), 'input', 'drop', 'drop'),
  row('UDP header cut', four({}, cut(query, 4)), 'input', 'drop', 'pass'),
  row('UDP header cut, the rest behind the packet', four({ trailer: 30 }, cut(query, 7)), 'input', 'drop', 'pass'),
  row('TCP header cut', four({}, cut(syn, 19)), 'input', 'drop', 'pass'),
  row('TCP header cut, padded', four({ trailer: 10 }, cut(syn, 14)), 'input', 'drop', 'pass'),
  row('ICMP header cut', four({}, cut(icmp(4, 8, 0), 4)), 'input', 'drop', 'pass'),
  row('no payload at all', four({}, cut(query, 0)), 'input', 'drop', 'pass'),
  row('wrong IP checksum', four({ badChecksum: true }), 'nowhere', '-', '-'),
  row('total length beyond the frame', four({ totalLength: 200 }), 'nowhere', '-', '-'),
  row('total length within the header', four({ totalLength: 16 }), 'nowhere', '-', '-'),
  row('header length 4', patched(four(), 14, 0x44), 'nowhere', '-', '-'),
  row('version 5', patched(four(), 14, 0x55), 'nowhere', '-', '-'),
  row('wrong UDP checksum', badTransport(four(), 41), 'input', 'drop', 'drop'),
  row('IP options', four({ options: Uint8Array.from([1, 1, 1, 0]) }), 'input', '-', '-'),
  row('loose source route', four({ options: Uint8Array.from([131, 7, 4, 203, 0, 113, 9, 0]) }), 'prerouting', '-', '-'),
  row('TTL 0 to this host', four({ ttl: 0 }), 'input', 'drop', 'drop'),
  row('TTL 1 to this host', four({ ttl: 1 }), 'input', 'drop', 'drop'),
  row('TTL 1 to be forwarded', four({ ttl: 1, daddr: '203.0.113.9' }), 'prerouting', 'drop', 'drop'),
  row('protocol 0', four({}, opaque(0, 0, 53)), 'input', 'drop', 'pass'),
  row('UDP-Lite', four({}, udpLite(1000, 53)), 'input', 'drop', 'pass'),
  row('data offset 15', four({}, tcp({ sport: 1, dport: 80, flags: 2, dataOffset: 15 })), 'input', 'drop', 'drop'),
  row('source 240.0.0.1', four({ saddr: '240.0.0.1' }), 'input', 'pass', 'drop'),
  row('source 0.1.2.3', four({ saddr: '0.1.2.3' }), 'input', 'pass', 'drop'),
  row('source 224.0.0.9', four({ saddr: '224.0.0.9' }), 'prerouting', 'pass', 'drop'),
  row('two fragments', ipv4Fragments(from4, query, [8]), 'input', 'drop drop', 'pass pass'),
];

const rows6: readonly Row[] = [
  row('v6 plain', six(), 'input', 'drop', 'drop'),
  row('v6 tcp', six({}, syn), 'input', 'drop', 'drop'),
  row('v6 ping', six({}, icmp(6, 128, 0)), 'input', 'drop', 'drop'),
  row('v6 forwarded', six({ daddr: '2001:db8:99::1' }), 'forward', 'drop', 'drop'),
  row('v6 VLAN 0', six({ vlans: [0] }), 'input', 'drop', 'drop'),
  row('hop-by-hop', six({ extensions: [pad(0)] }), 'input', 'drop', 'drop'),
  row('hop-by-hop option nobody knows', six({ extensions: [noRecognised] }), 'nowhere', '-', '-'),
  row('destination options', six({ extensions: [pad(60)] }), 'input', 'drop', 'drop'),
  row(
    'routing header',
    six({ extensions: [{ number: 43, body: Uint8Array.from([0, 4, 0, 0, 0, 0, 0]) }] }),
    'input',
    'drop',
    'drop',
  ),
  row(
    'sixteen extension headers',
    six({ extensions: [pad(0), ...Array.from({ length: 15 }, () => pad(60))] }),
    'input',
    'drop',
    '-',
  ),
  row('authentication header', six({ extensions: [authentication] }), 'input', 'drop', 'pass'),
  row('mobility header 135', six({ extensions: [pad(135)] }), 'input', 'drop', 'pass'),
  row('host identity header 139', six({ extensions: [pad(139)] }), 'input', 'drop', 'pass'),
  row('atomic fragment', ipv6Fragments({ ...from6, identification: 1 }, query, []), 'input', 'drop', 'pass'),
  row(
    'v6 two fragments',
    ipv6Fragments({ ...from6, identification: 2 }, query, [8]),
    'input',
    'drop drop',
    'pass pass',
  ),
  row('v6 UDP-Lite', six({}, udpLite(1000, 53)), 'input', 'drop', 'pass'),
  row('v6 header cut, padded', six({ trailer: 20 }, cut(syn, 12)), 'input', 'drop', 'pass'),
  row('payload length beyond the frame', six({ payloadLength: 100 }), 'nowhere', '-', '-'),
  row('source ::1', six({ saddr: '::1' }), 'nowhere', '-', '-'),
  row('source ff02::5', six({ saddr: 'ff02::5' }), 'nowhere', '-', '-'),
  row('destination ff01::1', six({ daddr: 'ff01::1', destination: 0x333300000001 }), 'nowhere', '-', '-'),
  row('hop limit 0 to this host', six({ hopLimit: 0 }), 'input', 'drop', 'drop'),
  row('hop limit 1 to be forwarded', six({ hopLimit: 1, daddr: '2001:db8:99::1' }), 'prerouting', 'drop', 'drop'),
];

const rows = [...rows4, ...rows6];
const ports = ['-A PREROUTING -p udp -m udp --dport 53 -j DROP', '-A PREROUTING -p tcp -m tcp --dport 80 -j DROP'];

test.serial('without a rule that drops them', async (t) => {
  const nothing = firewallOf('open', dump({ raw: ['-A PREROUTING -s 192.0.2.200/32 -j DROP'] }), dump({ raw: [] }));
  const { places } = await runTraps(t, nothing, rows);
  for (const { name, open } of rows) t.is(places[name], open, name);
});

test.serial('dropped by source', async (t) => {
  const v4 = dump({ raw: ['-A PREROUTING -s 203.0.113.0/24 -j DROP'] });
  const v6 = dump({ raw: ['-A PREROUTING -s 2001:db8:77::/48 -j DROP'] });
  const { verdicts } = await runTraps(t, firewallOf('by-source', v4, v6), rows);
  for (const { name, bySource } of rows) if (bySource !== '-') t.is(verdicts[name], bySource, name);
});

test.serial('dropped by port', async (t) => {
  const v4 = dump({ raw: [...ports, '-A PREROUTING -p icmp -m icmp --icmp-type 8 -j DROP'] });
  const v6 = dump({ raw: [...ports, '-A PREROUTING -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP'] });
  const { verdicts } = await runTraps(t, firewallOf('by-port', v4, v6), rows);
  for (const { name, byPort } of rows) if (byPort !== '-') t.is(verdicts[name], byPort, name);
});
