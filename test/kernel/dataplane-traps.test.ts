/**
 * The traps on the way from a frame to its fields (docs of the kernel facts: what reaches netfilter, and as what), each by a test run.
 * Doubt passes; but what netfilter would see with its IP header intact is decided, or a rule taken out of it would be bypassed.
 */
import test from 'ava';
import { passReasons } from '../../src/compile/abi.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import type { Atom, Outcome, SmallField, Step, StepProgram } from '../../src/plan/program.js';
import { deviceMac, macBytes } from '../compile/frame.js';
import { loadImage, type Loaded } from '../compile/loaded.js';

type Bytes = readonly number[];

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const host = macBytes(deviceMac);
const peer = [2, 0, 0, 0, 0, 2];

const ethernet = (type: number, payload: Bytes, destination: Bytes = host): number[] => [
  ...[...destination, ...peer, ...u16(type)],
  ...payload,
];
const tag = (id: number, type = 0x8100): number[] => [...u16(type), ...u16(id)];
/** Tags before the ethertype; the first tag's own type is where the ethertype stands. */
const tagged = (tags: readonly Bytes[], type: number, payload: Bytes): number[] => [
  ...[...host, ...peer],
  ...tags.flat(),
  ...u16(type),
  ...payload,
];

interface Ip4 {
  first?: number;
  length?: number;
  fragment?: number;
  ttl?: number;
  protocol?: number;
  source?: Bytes;
  options?: Bytes;
}
const dropped = [192, 0, 2, 1];
const other = [192, 0, 2, 9];

function ip4(body: Bytes, header: Ip4 = {}): number[] {
  const options = header.options ?? [];
  const length = header.length ?? 20 + options.length + body.length;
  return [
    ...[header.first ?? 0x45 + options.length / 4, 0, ...u16(length), 0, 0, ...u16(header.fragment ?? 0)],
    ...[header.ttl ?? 64, header.protocol ?? 17, 0, 0, ...(header.source ?? other), 198, 51, 100, 1],
    ...options,
    ...body,
  ];
}

interface Ip6 {
  first?: number;
  length?: number;
  next?: number;
  source?: Bytes;
}
const dropped6 = [0x20, 1, 0xd, 0xb8, ...zeros(11), 1];
const other6 = [0x20, 1, 0xd, 0xb8, ...zeros(11), 9];

const ip6 = (body: Bytes, header: Ip6 = {}): number[] => [
  ...[header.first ?? 0x60, 0, 0, 0, ...u16(header.length ?? body.length), header.next ?? 17, 64],
  ...[...(header.source ?? other6), ...dropped6.slice(0, 15), 2],
  ...body,
];

const udp = (dport: number, bytes = 8): number[] => [...u16(40000), ...u16(dport), ...zeros(65600)].slice(0, bytes);
const tcp = (dport: number, flags = 2, doff = 5, bytes = 20): number[] =>
  [...u16(40000), ...u16(dport), ...zeros(8), doff << 4, flags, ...zeros(2000)].slice(0, bytes);
/** Extension header of 8 bytes (or more). */
const extension = (next: number, units = 0): number[] => [next, units, ...zeros(6 + units * 8)];

/** Rules: address 192.0.2.1 · udp dport 53 · tcp dport 80 · tcp syn without payload to 81 · icmp echo · protocol 99 · ttl 7. */
function program(family: 4 | 6): StepProgram {
  const atoms: Atom[] = [];
  const is = (field: SmallField, value: number) => {
    atoms.push({ kind: 'values', field, ranges: [[value, value]], counters: null });
    return { atom: atoms.length - 1, negate: false };
  };
  const words = (bytes: Bytes) =>
    Uint32Array.from({ length: bytes.length / 4 }, (_, i) =>
      new DataView(Uint8Array.from(bytes).buffer).getUint32(i * 4),
    );
  const address = words(family === 4 ? dropped : dropped6);
  atoms.push({
    kind: 'addresses',
    field: 'saddr',
    ranges: { family, count: 1, lo: address, hi: address },
    counters: null,
  });
  let counter = 0;
  const outcome = (): Outcome => ({ kind: 'drop', counter: counter++, counted: null });
  const icmp = family === 4 ? 1 : 58;
  const steps: Step[] = [
    { when: [is('protocol', 17), is('dport', 443)], outcome: { kind: 'pass' } },
    { when: [{ atom: 0, negate: false }], outcome: outcome() },
    { when: [is('protocol', 17), is('dport', 53)], outcome: outcome() },
    { when: [is('protocol', 6), is('dport', 80)], outcome: outcome() },
    { when: [is('protocol', 6), is('dport', 81), is('tcpFlags', 2)], outcome: outcome() },
    { when: [is('protocol', icmp), is('icmp', 0x0800)], outcome: outcome() },
    { when: [is('protocol', 99)], outcome: outcome() },
    { when: [is('ttl', 7)], outcome: outcome() },
  ];
  return { family, atoms, steps };
}

const fromDropped = ip4(udp(1), { source: dropped });
const fromDropped6 = ip6(udp(1), { source: dropped6 });
const chain = (count: number, body: Bytes, next: number): number[] =>
  Array.from({ length: count }, (_, i) => extension(i === count - 1 ? next : 60)).flat().concat(body); // prettier-ignore

type Row = readonly [name: string, frame: Bytes, expected: 'drop' | (typeof passReasons)[number]];

const link: readonly Row[] = [
  ['the address', ethernet(0x800, fromDropped), 'drop'],
  ['another address', ethernet(0x800, ip4(udp(1))), 'noStep'],
  ['unicast to another MAC', ethernet(0x800, fromDropped, [2, 0, 0, 0, 0, 9]), 'otherHost'],
  ['MAC that differs in its first bytes', ethernet(0x800, fromDropped, [6, 0, 0, 0, 0, 1]), 'otherHost'],
  ['broadcast', ethernet(0x800, fromDropped, [255, 255, 255, 255, 255, 255]), 'drop'],
  ['multicast', ethernet(0x800, fromDropped, [1, 0, 0x5e, 0, 0, 1]), 'drop'],
  ['ARP', ethernet(0x806, fromDropped), 'notIp'],
  ['802.3 length instead of a type', ethernet(46, fromDropped), 'notIp'],
  ['nothing behind the type', ethernet(0x800, []), 'malformed'],
  ['priority tag', tagged([tag(0)], 0x800, fromDropped), 'drop'],
  ['priority tag with priority and DEI', tagged([tag(0xf000)], 0x800, fromDropped), 'drop'],
  ['802.1ad priority tag', tagged([tag(0, 0x88a8)], 0x800, fromDropped), 'drop'],
  ['VLAN 5', tagged([tag(5)], 0x800, fromDropped), 'vlan'],
  ['VLAN 4095', tagged([tag(0xffff)], 0x800, fromDropped), 'vlan'],
  ['nested priority tags', tagged([tag(0, 0x88a8), tag(0)], 0x800, fromDropped), 'drop'],
  ['VLAN 5 inside a priority tag', tagged([tag(0), tag(5)], 0x800, fromDropped), 'vlan'],
  ['priority tags to the end of the frame', tagged(Array.from({ length: 20 }, () => tag(0)), 0x8100, []), 'malformed'],
  ['340 priority tags', tagged(Array.from({ length: 340 }, () => tag(0)), 0x800, fromDropped), 'drop'],
  ['2,000 priority tags: header beyond the linear part', tagged(Array.from({ length: 2000 }, () => tag(0)), 0x800, fromDropped), 'drop'],
  ['IPv6 behind 2,000 priority tags', tagged(Array.from({ length: 2000 }, () => tag(0)), 0x86dd, fromDropped6), 'drop'],
  ['ports behind 2,000 priority tags', tagged(Array.from({ length: 2000 }, () => tag(0)), 0x800, ip4(udp(53))), 'drop'],
  ['9,000 bytes', ethernet(0x800, ip4(udp(53, 8900))), 'drop'],
  ['60,000 bytes', ethernet(0x800, ip4(udp(53, 60000))), 'drop'],
]; // prettier-ignore

const header4: readonly Row[] = [
  ['version 5', ethernet(0x800, ip4(udp(1), { source: dropped, first: 0x55 })), 'malformed'],
  ['IPv6 version behind the IPv4 type', ethernet(0x800, fromDropped6), 'malformed'],
  ['ihl 4', ethernet(0x800, ip4(udp(1), { source: dropped, first: 0x44 })), 'malformed'],
  ['19 bytes of header', ethernet(0x800, fromDropped.slice(0, 19)), 'malformed'],
  ['ihl beyond tot_len', ethernet(0x800, ip4(udp(1), { source: dropped, first: 0x4f })), 'malformed'],
  ['tot_len below ihl', ethernet(0x800, ip4(udp(1), { source: dropped, length: 19 })), 'malformed'],
  ['tot_len equal to ihl', ethernet(0x800, ip4(udp(1), { source: dropped, length: 20, protocol: 6 })), 'drop'],
  ['tot_len beyond the frame', ethernet(0x800, ip4(udp(1), { source: dropped, length: 29 })), 'malformed'],
  ['frame longer than tot_len', ethernet(0x800, [...fromDropped, ...zeros(30)]), 'drop'],
  ['options, address', ethernet(0x800, ip4(udp(1), { source: dropped, options: zeros(40) })), 'drop'],
  ['options, port', ethernet(0x800, ip4(udp(53), { options: zeros(40) })), 'drop'],
  ['options that look like ports', ethernet(0x800, ip4(udp(1), { options: [0, 0, 0, 53] })), 'noStep'],
  ['first fragment, address', ethernet(0x800, ip4(udp(1), { source: dropped, fragment: 0x2000, protocol: 6 })), 'drop'],
  ['first fragment, address, but the guard reads a port', ethernet(0x800, ip4(udp(1), { source: dropped, fragment: 0x2000 })), 'guard'],
  ['first fragment, port', ethernet(0x800, ip4(tcp(80), { fragment: 0x2000, protocol: 6 })), 'noStep'],
  ['later fragment, port', ethernet(0x800, ip4(tcp(80), { fragment: 1, protocol: 6 })), 'noStep'],
  ['later fragment, last offset', ethernet(0x800, ip4(tcp(80), { fragment: 0x1fff, protocol: 6 })), 'noStep'],
  ['later fragment, protocol', ethernet(0x800, ip4(udp(1), { fragment: 1, protocol: 99 })), 'drop'],
  ['later fragment, ttl', ethernet(0x800, ip4(tcp(1), { fragment: 1, ttl: 7, protocol: 6 })), 'noStep'],
  ['ttl', ethernet(0x800, ip4(tcp(1), { ttl: 7, protocol: 6 })), 'drop'],
  ['don’t fragment and the reserved bit are no fragment', ethernet(0x800, ip4(udp(53), { fragment: 0xc000 })), 'drop'],
]; // prettier-ignore

const l4: readonly Row[] = [
  ['UDP port', ethernet(0x800, ip4(udp(53))), 'drop'],
  ['UDP, 7 bytes of header', ethernet(0x800, ip4(udp(53, 7))), 'guard'],
  ['UDP, header cut by tot_len, bytes there as padding', ethernet(0x800, ip4(udp(53, 30), { length: 27 })), 'guard'],
  ['UDP, no header at all', ethernet(0x800, ip4([])), 'guard'],
  ['UDP-Lite is not UDP', ethernet(0x800, ip4(udp(53), { protocol: 136 })), 'noStep'],
  ['TCP port', ethernet(0x800, ip4(tcp(80), { protocol: 6 })), 'drop'],
  ['TCP, 19 bytes of header', ethernet(0x800, ip4(tcp(80, 2, 5, 19), { protocol: 6 })), 'noStep'],
  ['TCP, 20 bytes by tot_len in a longer frame', ethernet(0x800, ip4(tcp(80, 2, 5, 99), { length: 40, protocol: 6 })), 'drop'],
  ['TCP, 19 bytes by tot_len in a longer frame', ethernet(0x800, ip4(tcp(80, 2, 5, 99), { length: 39, protocol: 6 })), 'noStep'],
  ['TCP, doff 4, port', ethernet(0x800, ip4(tcp(80, 2, 4), { protocol: 6 })), 'drop'],
  ['TCP, doff 15 beyond the packet, port', ethernet(0x800, ip4(tcp(80, 2, 15), { protocol: 6 })), 'drop'],
  ['SYN without payload', ethernet(0x800, ip4(tcp(81), { protocol: 6 })), 'drop'],
  ['SYN with options, no payload', ethernet(0x800, ip4(tcp(81, 2, 6, 24), { protocol: 6 })), 'drop'],
  ['SYN with payload', ethernet(0x800, ip4(tcp(81, 2, 5, 21), { protocol: 6 })), 'noStep'],
  ['SYN with payload that is padding', ethernet(0x800, ip4(tcp(81, 2, 5, 60), { protocol: 6, length: 40 })), 'drop'],
  ['SYN, doff 4 counts as payload', ethernet(0x800, ip4(tcp(81, 2, 4), { protocol: 6 })), 'noStep'],
  ['SYN-ACK', ethernet(0x800, ip4(tcp(81, 0x12), { protocol: 6 })), 'noStep'],
  ['SYN with reserved bits of the offset byte', ethernet(0x800, ip4([...tcp(81).slice(0, 12), 0x5f, 2, ...zeros(6)], { protocol: 6 })), 'drop'],
  ['ICMP echo', ethernet(0x800, ip4([8, 0, ...zeros(6)], { protocol: 1 })), 'drop'],
  ['ICMP, 7 bytes', ethernet(0x800, ip4([8, 0, ...zeros(5)], { protocol: 1 })), 'noStep'],
  ['ICMP, other code', ethernet(0x800, ip4([8, 1, ...zeros(6)], { protocol: 1 })), 'noStep'],
  ['ICMPv6 in IPv4 is not ICMP', ethernet(0x800, ip4([8, 0, ...zeros(6)], { protocol: 58 })), 'noStep'],
  ['a protocol without a header of its own', ethernet(0x800, ip4([], { protocol: 99 })), 'drop'],
  ['guard before the address', ethernet(0x800, ip4(udp(443), { source: dropped })), 'guard'],
]; // prettier-ignore

const v6 = (body: Bytes, header: Ip6 = {}): number[] => ethernet(0x86dd, ip6(body, header));
const header6: readonly Row[] = [
  ['IPv6 address', ethernet(0x86dd, fromDropped6), 'drop'],
  ['IPv6 version 4', v6(udp(1), { source: dropped6, first: 0x45 }), 'malformed'],
  ['39 bytes of header', ethernet(0x86dd, fromDropped6.slice(0, 39)), 'malformed'],
  ['payload length beyond the frame', v6(udp(53), { length: 9 }), 'malformed'],
  ['UDP port', v6(udp(53)), 'drop'],
  ['UDP port in a longer frame', v6([...udp(53), ...zeros(20)], { length: 8 }), 'drop'],
  ['UDP header cut by the payload length', v6(udp(53, 20), { length: 7 }), 'guard'],
  ['no payload, TCP', v6([], { next: 6, source: dropped6 }), 'drop'],
  ['no payload, TCP port', v6(tcp(80), { next: 6, length: 0 }), 'noStep'],
  ['no payload, hop-by-hop: a jumbogram? Its protocol is unknown', v6([...extension(99)], { next: 0, length: 0 }), 'guard'],
  ['hop-by-hop', v6([...extension(17), ...udp(53)], { next: 0 }), 'drop'],
  ['hop-by-hop of 24 bytes', v6([...extension(17, 2), ...udp(53)], { next: 0 }), 'drop'],
  ['destination options', v6([...extension(17), ...udp(53)], { next: 60 }), 'drop'],
  ['routing', v6([...extension(17, 2), ...udp(53)], { next: 43 }), 'drop'],
  ['hop-by-hop, routing, destination', v6([...extension(43), ...extension(60), ...extension(6), ...tcp(80)], { next: 0 }), 'drop'],
  ['16 stacked', v6(chain(16, udp(53), 17), { next: 60 }), 'drop'],
  ['17 stacked, port', v6(chain(17, tcp(80), 6), { next: 60 }), 'guard'],
  ['17 stacked, address', v6(chain(17, udp(1), 17), { next: 60, source: dropped6 }), 'guard'],
  ['atomic fragment', v6([17, 0, 0, 0, 0, 0, 0, 1, ...udp(53)], { next: 44 }), 'guard'],
  ['atomic fragment with reserved bits', v6([17, 7, 0, 6, 0, 0, 0, 1, ...udp(53)], { next: 44 }), 'guard'],
  ['first fragment', v6([17, 0, 0, 1, 0, 0, 0, 1, ...udp(53)], { next: 44 }), 'guard'],
  ['later fragment', v6([99, 0, 0, 8, 0, 0, 0, 1, ...udp(53)], { next: 44 }), 'guard'],
  ['fragment behind destination options', v6([...extension(44), 99, 0, 1, 0, 0, 0, 0, 1], { next: 60 }), 'guard'],
  ['AH', v6([99, 4, ...zeros(22), ...udp(53)], { next: 51 }), 'guard'],
  ['ESP ends the walk', v6([...extension(50), ...zeros(20)], { next: 60 }), 'noStep'],
  ['mobility ends the walk', v6([...extension(99), ...udp(53)], { next: 135 }), 'noStep'],
  ['HIP ends the walk', v6([...extension(99), ...udp(53)], { next: 139 }), 'noStep'],
  ['shim6 ends the walk', v6([...extension(99), ...udp(53)], { next: 140 }), 'noStep'],
  ['no next header ends the walk', v6([...extension(99), ...udp(53)], { next: 59 }), 'noStep'],
  ['chain cut by the payload length', v6([...extension(99), ...zeros(20)], { next: 60, length: 7 }), 'guard'],
  ['extension header longer than the payload', v6([99, 9, ...zeros(6)], { next: 60 }), 'guard'],
  ['chain that ends with the payload', v6(extension(99), { next: 60 }), 'drop'],
  ['echo of ICMPv4 type in ICMPv6', v6([8, 0, ...zeros(6)], { next: 58 }), 'drop'],
  ['ICMP in IPv6 is not ICMPv6', v6([8, 0, ...zeros(6)], { next: 1 }), 'noStep'],
]; // prettier-ignore

let loaded: Loaded;
test.before(async () => {
  const image = compilePrefilter({ ip: program(4), ip6: program(6), counters: 7 });
  loaded = await loadImage(image, { mac: deviceMac, position: 0 });
});
test.after.always(() => loaded.close());

for (const [group, rows] of Object.entries({ link, 'IPv4 header': header4, 'layer 4': l4, IPv6: header6 })) {
  for (const [name, frame, expected] of rows) {
    test.serial(`${group}: ${name}: ${expected}`, async (t) => {
      const before = loaded.stats();
      const [verdict] = await loaded.run([Uint8Array.from(frame)]);
      const after = loaded.stats();
      const reasons = passReasons.filter((_, i) => after[i] !== before[i]);
      t.is(verdict === 1 ? 'drop' : reasons.join(), expected);
    });
  }
}

test.serial('bytes are those of the IP packet, without Ethernet header and padding', async (t) => {
  const before = loaded.counters()[0]!;
  await loaded.run([Uint8Array.from(ethernet(0x800, [...fromDropped, ...zeros(100)]))]);
  await loaded.run([Uint8Array.from(ethernet(0x86dd, [...fromDropped6, ...zeros(100)]))]);
  const after = loaded.counters()[0]!;
  t.is(after.packets - before.packets, 2n);
  t.is(after.bytes - before.bytes, 28n + 48n);
});
