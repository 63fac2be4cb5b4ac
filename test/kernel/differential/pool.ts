/**
 * Frames that are likely to tell two firewalls apart: every address, port, type and number that stands in the ruleset and its
 * neighbours, in well-formed packets of every protocol and in the malformed, fragmented, tagged and padded ones of the trap list.
 * The same seed gives the same frames.
 */
import type { Flow } from './flows.js';
import { icmp, opaque, tcp, tcpFlag, udp, udpLite, cut } from './segment.js';
import { ipv4Fragments, ipv6Fragments, stamp, type Ethernet, type Segment } from './frame.js';
import { type Random } from './random.js';
import { wordsOf, type Words } from './words.js';

/** Frames of the oracle count bytes from 0: what answers them acknowledges up to a datagram's length. */
export const firstIndex = 16;

/** The frames of one datagram: one, or its fragments in order; all carry `index`. */
export interface Datagram {
  readonly index: number;
  readonly version: 4 | 6;
  /** What is unusual about it, for reports: "fragments", "short header" … */
  readonly shape: string;
  readonly frames: readonly Uint8Array[];
}

/** Layer-4 of a random packet; sequence numbers carry the index so that a RST answer can be recognised. */
function segment(random: Random, words: Words, version: 4 | 6, index: number): Segment {
  const sport = random.pick(words.ports);
  const dport = random.pick(words.ports);
  const kind = random.below(20);
  if (kind < 9) {
    const flags = random.pick([2, 2, 2, 16, 18, 4, 20, 17, 24, 1, 0, 41, 63, 3, 6, 0xc2, random.below(256)]);
    const payload = (flags & (tcpFlag.ACK | tcpFlag.PSH)) !== 0 && random.chance(0.3) ? 20 : 0;
    return tcp({
      sport,
      dport,
      flags,
      sequence: index * 256,
      acknowledgement: index * 256,
      payload,
      dataOffset: random.chance(0.03) ? random.below(16) : 5,
    });
  }
  if (kind < 14) return udp(sport, dport, random.pick([0, 8, 8, 40, random.below(200)]));
  if (kind < 17) return icmp(version, random.pick(words.icmpTypes), random.pick([0, 0, 0, 1, 3, random.below(256)]));
  if (kind < 18) return udpLite(sport, dport);
  return opaque(random.pick(words.protocols), sport, dport, random.pick([4, 8, 20, 24, 40]));
}

interface Shape {
  readonly name: string;
  readonly ethernet?: Ethernet;
  readonly segment?: (segment: Segment) => Segment;
  readonly cuts?: (length: number) => readonly number[];
  readonly keep?: 'first' | 'last' | 'reversed';
  readonly options?: Uint8Array;
  readonly ttl?: number;
  readonly bad?: 'checksum' | 'length';
  readonly extensions?: readonly { readonly number: number; readonly body: Uint8Array }[];
}

/** An 8-byte extension header of padding. */
const padding = (number: number): { number: number; body: Uint8Array } => ({
  number,
  body: Uint8Array.from([0, 1, 4, 0, 0, 0, 0]),
});
const routing = { number: 43, body: Uint8Array.from([0, 4, 0, 0, 0, 0, 0]) };
const authentication = {
  number: 51,
  body: Uint8Array.from([4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
};

const cutAt = (length: number, at: number): number[] => (length > at ? [at] : []);

function commonShapes(random: Random): Shape {
  switch (random.below(17)) {
    case 0:
      return { name: 'short header', segment: (whole) => cut(whole, random.below(20)) };
    case 1:
      return { name: 'two fragments', cuts: (length) => cutAt(length, random.pick([8, 16, 24])) };
    case 2:
      return { name: 'three fragments', cuts: (length) => (length > 16 ? [8, 16] : cutAt(length, 8)) };
    case 13:
      return { name: 'first fragment only', cuts: (length) => cutAt(length, random.pick([8, 16, 24])), keep: 'first' };
    case 14:
      return { name: 'last fragment only', cuts: (length) => cutAt(length, random.pick([8, 16, 24])), keep: 'last' };
    case 15:
      return {
        name: 'fragments out of order',
        cuts: (length) => cutAt(length, random.pick([8, 16, 24])),
        keep: 'reversed',
      };
    case 3:
      return { name: 'trailer', ethernet: { trailer: random.pick([1, 6, 18, 26]) } };
    case 4:
      return {
        name: 'short header and trailer',
        segment: (whole) => cut(whole, random.below(14)),
        ethernet: { trailer: 26 },
      };
    case 5:
      return { name: 'vlan 0', ethernet: { vlans: [0] } };
    case 6:
      return { name: 'vlan 0 twice', ethernet: { vlans: [0, 0] } };
    case 7:
      return { name: 'vlan 5', ethernet: { vlans: [5] } };
    case 8:
      return { name: 'other mac', ethernet: { destination: 0x0200000000aa } };
    case 9:
      return { name: 'broadcast mac', ethernet: { destination: 0xffffffffffff } };
    case 10:
      return { name: 'hop limit', ttl: random.pick([0, 1, 2, 255]) };
    case 11:
      return { name: 'length lies', bad: 'length' };
    case 12:
      return { name: 'vlan 0 over 5', ethernet: { vlans: [0, 5] } };
    default:
      return { name: 'multicast mac', ethernet: { destination: 0x01005e000001 } };
  }
}

function ipv4Shape(random: Random): Shape {
  switch (random.below(12)) {
    case 0:
      return { name: 'options', options: Uint8Array.from([1, 1, 1, 0]) };
    case 1:
      return { name: 'record route', options: Uint8Array.from([7, 7, 4, 0, 0, 0, 0, 0]) };
    case 2:
      return { name: 'source route', options: Uint8Array.from([131, 7, 4, 203, 0, 113, 9, 0]) };
    case 3:
      return { name: 'bad checksum', bad: 'checksum' };
    default:
      return commonShapes(random);
  }
}

function ipv6Shape(random: Random): Shape {
  switch (random.below(16)) {
    case 0:
      return { name: 'hop-by-hop', extensions: [padding(0)] };
    case 1:
      return { name: 'destination options', extensions: [padding(60)] };
    case 2:
      return { name: 'routing', extensions: [routing] };
    case 3:
      return { name: 'sixteen extensions', extensions: [padding(0), ...Array.from({ length: 15 }, () => padding(60))] };
    case 4:
      return { name: 'authentication', extensions: [authentication] };
    case 5:
      return { name: 'mobility', extensions: [padding(random.pick([135, 139, 140]))] };
    case 6:
      return { name: 'atomic fragment', cuts: () => [] };
    default:
      return commonShapes(random);
  }
}

const kept = {
  first: (frames: Uint8Array[]): Uint8Array[] => frames.slice(0, 1),
  last: (frames: Uint8Array[]): Uint8Array[] => frames.slice(-1),
  reversed: (frames: Uint8Array[]): Uint8Array[] => [...frames].reverse(),
};

/** What the other end of a flow sends, as a rule. */
function replySegment(random: Random, flow: Flow, index: number): Segment {
  const ports = { sport: flow.peerPort, dport: flow.localPort };
  if (flow.protocol === 17) return udp(ports.sport, ports.dport, random.below(40));
  return tcp({
    ...ports,
    flags: random.pick([18, 16, 16, 24, 4, 20, 17, 2]),
    sequence: index * 256,
    acknowledgement: index * 256,
  });
}

/** One datagram with this index; `flow`: of a flow that the target has opened. */
function datagram(random: Random, words: Words, version: 4 | 6, index: number, flow: Flow | null): Datagram {
  const shape: Shape = random.chance(0.35)
    ? version === 4
      ? ipv4Shape(random)
      : ipv6Shape(random)
    : { name: 'plain' };
  const whole = flow === null ? segment(random, words, version, index) : replySegment(random, flow, index);
  const payload = shape.segment?.(whole) ?? whole;
  const family = version === 4 ? words.ip : words.ip6;
  const header = {
    saddr: flow?.peer ?? random.pick(family.sources),
    daddr: flow?.local ?? random.pick(random.chance(0.6) ? family.own : family.destinations),
    source: random.pick(words.macs),
    ...shape.ethernet,
  };
  const tos = random.chance(0.2) ? random.pick(words.tos) : 0;
  const ttl = shape.ttl ?? (random.chance(0.2) ? random.pick(words.ttls) : 64);
  const lie = random.pick([-1, 1, 8, -8]);
  let frames: Uint8Array[];
  if (version === 4) {
    const optional = {
      ...(shape.options && { options: shape.options }),
      ...(shape.bad === 'checksum' && { badChecksum: true }),
    };
    const lying = shape.bad === 'length' ? { totalLength: 20 + payload.bytes.length + lie } : {};
    frames = ipv4Fragments(
      { ...header, tos, ttl, ...optional, ...lying },
      payload,
      shape.cuts?.(payload.bytes.length) ?? [],
    );
  } else {
    const lying = shape.bad === 'length' ? { payloadLength: Math.max(0, payload.bytes.length + lie) } : {};
    frames = ipv6Fragments(
      {
        ...header,
        trafficClass: tos,
        hopLimit: ttl,
        ...lying,
        ...(shape.extensions && { extensions: shape.extensions }),
      },
      payload,
      shape.cuts?.(payload.bytes.length) ?? null,
    );
  }
  for (const frame of frames) stamp(frame, index);
  frames = shape.keep === undefined ? frames : kept[shape.keep](frames);
  return { index, version, shape: shape.name, frames };
}

/** `count` datagrams for a ruleset given as text (all its dumps together); some are answers to `flows`. */
export function framePool(text: string, count: number, random: Random, flows: readonly Flow[] = []): Datagram[] {
  const words = wordsOf(text, random);
  const share6 = words.hasIpv6 ? (words.hasIpv4 ? 0.4 : 0.9) : 0.1;
  return Array.from({ length: count }, (_, at) => {
    const flow = flows.length > 0 && random.chance(0.1) ? random.pick(flows) : null;
    const version = flow === null ? (random.chance(share6) ? 6 : 4) : flow.local.includes(':') ? 6 : 4;
    return datagram(random, words, version, firstIndex + at, flow);
  });
}
