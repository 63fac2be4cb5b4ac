/**
 * Conversations through and with a router, frame by frame, out of a seed: TCP, UDP and echo, some of them complete, some with packets
 * missing, doubled, out of window, reset, cut to fragments or answered by ICMP errors. A conversation has ports of its own.
 */
import { concat, ipv4Fragments, ipv6Fragments, stamp, type Segment } from '../differential/frame.js';
import type { Random } from '../differential/random.js';
import { tcp, tcpFlag, udp } from '../differential/segment.js';

/** Port of servers outside. */
export const outer = { port: 443 } as const;

export interface Sent {
  /** Device of the router that it arrives on: eth0 (with XDP) or eth1. */
  readonly side: 'near' | 'far';
  readonly version: 4 | 6;
  readonly index: number;
  readonly conversation: number;
  readonly shape: string;
  readonly frames: readonly Uint8Array[];
}

/** Everything that is sent in one round is independent; rounds keep their order. */
export type Schedule = readonly (readonly Sent[])[];

const places = {
  4: {
    host: '192.0.2.1',
    outside: ['203.0.113.7', '203.0.113.9', '203.0.113.77', '203.0.113.200', '192.0.2.9', '192.0.2.10'],
    inside: ['198.51.100.9', '198.51.100.10'],
  },
  6: {
    host: '2001:db8:1::1',
    outside: ['2001:db8:77::7', '2001:db8:77::9', '2001:db8:77::77', '2001:db8:1::9', '2001:db8:1::a'],
    inside: ['2001:db8:2::9', '2001:db8:2::a'],
  },
} as const;

/** Routes that lead to the peers. */
export const routes = [
  'route add 203.0.113.0/24 via 192.0.2.2 dev eth0 onlink',
  'route add 2001:db8:77::/64 via fe80::2 dev eth0',
];

interface End {
  readonly address: string;
  readonly port: number;
}

/** Who talks to whom, as the wire on each side shows it. */
interface Course {
  readonly version: 4 | 6;
  readonly kind: string;
  /** What the client sends, and where it arrives. */
  readonly request: { readonly from: End; readonly to: End; readonly side: 'near' | 'far' };
  /** What the server sends; null where the host answers by itself. */
  readonly reply: { readonly from: End; readonly to: End; readonly side: 'near' | 'far' } | null;
}

function course(random: Random, version: 4 | 6, port: number, nat: boolean): Course {
  const { host, outside, inside } = places[version];
  const [peer, inner] = [
    { address: random.pick(outside), port: outer.port },
    { address: random.pick(inside), port },
  ];
  const client = { address: random.pick(outside), port };
  const kind = random.pick(['out', 'out', 'out', 'in', 'host', 'forward', 'redirect']);
  if (kind === 'out') {
    const seen = nat && version === 4 ? { address: host, port } : inner;
    return {
      version,
      kind,
      request: { from: inner, to: peer, side: 'far' },
      reply: { from: peer, to: seen, side: 'near' },
    };
  }
  if (kind === 'in') {
    const server = { address: random.pick(inside), port: random.pick([80, 53]) };
    return {
      version,
      kind,
      request: { from: client, to: server, side: 'near' },
      reply: { from: server, to: client, side: 'far' },
    };
  }
  if (kind === 'forward' && version === 4 && nat)
    return {
      version,
      kind,
      request: { from: client, to: { address: host, port: 8080 }, side: 'near' },
      reply: { from: { address: '198.51.100.9', port: 80 }, to: client, side: 'far' },
    };
  const asked = kind === 'redirect' ? 2525 : random.pick([80, 53, 22]);
  return {
    version,
    kind: kind === 'redirect' ? kind : 'host',
    request: { from: client, to: { address: host, port: asked }, side: 'near' },
    reply: null,
  };
}

interface Packet {
  readonly by: 'client' | 'server';
  readonly shape: string;
  readonly segment: (from: End, to: End, version: 4 | 6) => Segment;
  readonly cuts?: readonly number[];
}

function tcpPackets(random: Random): Packet[] {
  const start = { client: random.below(2 ** 31), server: random.below(2 ** 31) };
  const sent = { client: 0, server: 0 };
  const say = (by: 'client' | 'server', flags: number, payload = 0, slip = 0): Packet => {
    const other = by === 'client' ? 'server' : 'client';
    const sequence = start[by] + sent[by] + slip;
    const acknowledgement = (flags & tcpFlag.ACK) === 0 ? 0 : start[other] + sent[other];
    sent[by] += payload + ((flags & (tcpFlag.SYN | tcpFlag.FIN)) === 0 ? 0 : 1);
    return {
      by,
      shape: `tcp flags ${flags}${slip === 0 ? '' : ' out of window'}`,
      segment: (from, to) => tcp({ sport: from.port, dport: to.port, flags, sequence, acknowledgement, payload }),
    };
  };
  const { SYN, ACK, FIN, PSH, RST } = tcpFlag;
  const opening = [say('client', SYN), say('server', SYN | ACK), say('client', ACK)];
  const middle = [
    say('client', PSH | ACK, 30),
    say('server', PSH | ACK, 60),
    ...(random.chance(0.2) ? [say('server', ACK, 0, 1 << 20)] : []),
  ];
  const end = random.pick([
    () => [say('client', FIN | ACK), say('server', FIN | ACK), say('client', ACK)],
    () => [say('server', RST | ACK), say('client', ACK)],
    () => [say('client', RST), say('server', ACK, 10)],
    () => [say('server', FIN | ACK), say('client', ACK), say('server', ACK)],
  ])();
  return [...opening, ...middle, ...end];
}

const udpPackets = (random: Random): Packet[] =>
  Array.from({ length: 3 + random.below(4) }, (_, at): Packet => {
    const by = at === 0 || random.chance(0.5) ? 'client' : 'server';
    const cuts = random.chance(0.2) ? [24] : undefined;
    return {
      by,
      shape: cuts ? 'udp fragments' : 'udp',
      segment: (from, to) => udp(from.port, to.port, 40),
      ...(cuts && { cuts }),
    };
  });

const echoPackets = (): Packet[] =>
  (['client', 'server', 'client', 'server'] as const).map((by): Packet => ({
    by,
    shape: by === 'client' ? 'echo request' : 'echo reply',
    // the client's port is the identifier
    segment: (from, to, version) => {
      const id = by === 'client' ? from.port : to.port;
      const type = version === 4 ? (by === 'client' ? 8 : 0) : by === 'client' ? 128 : 129;
      return {
        protocol: version === 4 ? 1 : 58,
        bytes: concat([type, 0, 0, 0, id >> 8, id & 0xff, 0, 1], new Uint8Array(16)),
      };
    },
  }));

function frames(
  version: 4 | 6,
  from: End,
  to: End,
  segment: Segment,
  cuts: readonly number[] | undefined,
  index: number,
): Uint8Array[] {
  const made =
    version === 4
      ? ipv4Fragments({ saddr: from.address, daddr: to.address }, segment, cuts ?? [])
      : ipv6Fragments({ saddr: from.address, daddr: to.address, identification: index }, segment, cuts ?? null);
  made.forEach((frame) => stamp(frame, index));
  return made;
}

/** Frames to eth1 have another station's address. */
function toFar(frame: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy.set([2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2], 0);
  return copy;
}

/** An ICMP error from some router outside about a packet that left by eth0. */
function errorAbout(
  random: Random,
  version: 4 | 6,
  reply: NonNullable<Course['reply']>,
  segment: Segment,
): { readonly from: End; readonly to: End; readonly segment: Segment } {
  const quoted =
    version === 4
      ? ipv4Fragments({ saddr: reply.to.address, daddr: reply.from.address }, segment, [])
      : ipv6Fragments({ saddr: reply.to.address, daddr: reply.from.address }, segment, null);
  const [type, code] = random.pick<readonly [number, number]>(
    version === 4
      ? [
          [3, 1],
          [3, 4],
          [11, 0],
        ]
      : [
          [1, 3],
          [2, 0],
          [3, 0],
        ],
  );
  const router = { address: random.pick(places[version].outside), port: 0 };
  return {
    from: router,
    to: reply.to,
    segment: {
      protocol: version === 4 ? 1 : 58,
      bytes: concat([type, code, 0, 0, 0, 0, 5, 0], (quoted[0] as Uint8Array).subarray(14, 100)),
    },
  };
}

function packets(random: Random): Packet[] {
  const whole = random.pick([tcpPackets, tcpPackets, udpPackets, echoPackets])(random);
  if (random.chance(0.4)) return whole;
  return whole.flatMap((packet) => (random.chance(0.15) ? [] : random.chance(0.1) ? [packet, packet] : [packet]));
}

export function conversations(random: Random, count: number, nat: boolean): Schedule {
  const rounds: Sent[][] = [];
  let index = 1;
  for (let at = 0; at < count; at++) {
    const version = random.chance(0.6) ? 4 : 6;
    const { request, reply, kind } = course(random, version, 20_000 + at, nat);
    let round = random.below(4);
    const add = (side: 'near' | 'far', shape: string, made: readonly Uint8Array[]): void => {
      (rounds[round] ??= []).push({
        side,
        version,
        index,
        conversation: at,
        shape: `${kind}: ${shape}`,
        frames: side === 'far' ? made.map(toFar) : made,
      });
      index++;
      round++;
    };
    for (const { by, shape, segment, cuts } of packets(random)) {
      const way = by === 'client' ? request : reply;
      if (way === null) continue;
      const bytes = segment(way.from, way.to, version);
      add(way.side, shape, frames(version, way.from, way.to, bytes, cuts, index));
      if (by === 'client' && kind === 'out' && reply !== null && random.chance(0.08)) {
        const error = errorAbout(random, version, reply, segment(reply.to, reply.from, version));
        add('near', 'ICMP error', frames(version, error.from, error.to, error.segment, undefined, index));
      }
    }
  }
  return Array.from(rounds, (sent: Sent[] | undefined) => sent ?? []);
}
