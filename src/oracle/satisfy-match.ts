/** Frames that a match asks for, and frames at its edges. Best effort: the oracle decides what they really meet. */
import type { AddressFamily, AddressRanges } from '../model/address.js';
import type { Match, Ranges } from '../model/match.js';
import type { Ruleset } from '../model/ruleset.js';
import type { FrameSpec } from './build-frame.js';
import { spread } from './random-numbers.js';
import { setEdges } from './set-frames.js';

export interface FrameContext {
  readonly ruleset: Ruleset;
  readonly family: AddressFamily;
  /** An address of this host, and one that is not. */
  readonly local: Uint32Array;
  readonly foreign: Uint32Array;
  /** Within and at the edges of the host's routes. */
  readonly routed: readonly Uint32Array[];
  /** Elements of a set, or ranges of a rule, that get frames. */
  readonly elementLimit: (name: string) => number;
}

export type Change = Partial<FrameSpec>;

/** The address plus or minus one, or null beyond the ends. */
export function neighbour(address: Uint32Array, step: 1 | -1): Uint32Array | null {
  const result = address.slice();
  for (let i = result.length - 1; i >= 0; i--) {
    const word = result[i] ?? 0;
    result[i] = word + step;
    if (step === 1 ? word !== 0xffffffff : word !== 0) return result;
  }
  return null;
}

/** Below, first, last, beyond. */
export function addressEdges(ranges: AddressRanges, element: number): Uint32Array[] {
  const words = ranges.family === 4 ? 1 : 4;
  const lo = ranges.lo.slice(element * words, (element + 1) * words);
  const hi = ranges.hi.slice(element * words, (element + 1) * words);
  const single = lo.every((word, i) => word === hi[i]);
  const edges = [lo, neighbour(lo, -1), ...(single ? [] : [hi]), neighbour(hi, 1)];
  return edges.filter((edge) => edge !== null);
}

const numberEdges = (ranges: Ranges, max: number): number[] =>
  [...new Set(ranges.flatMap(([low, high]) => [low, high, low - 1, high + 1]))].filter((n) => n >= 0 && n <= max);

/** IP packet length to payload bytes, for protocols with their usual header. */
const payloadFor = (family: AddressFamily, protocol: number, length: number): number =>
  Math.min(1460, Math.max(0, length - (family === 4 ? 20 : 40) - (protocol === 6 ? 20 : 8)));

const typeAddresses: Record<string, Uint32Array> = {
  BROADCAST: Uint32Array.of(0xffffffff),
  MULTICAST: Uint32Array.of(0xe0000001),
};

function addressTypeEdges(field: 'saddr' | 'daddr', types: readonly string[], context: FrameContext): Change[] {
  const group = context.family === 4 ? typeAddresses : { MULTICAST: Uint32Array.of(0xff020000, 0, 0, 1) };
  const all: readonly Uint32Array[] = [context.local, context.foreign, ...Object.values(group)];
  const wanted = types.includes('LOCAL') ? context.local : Object.entries(group).find(([t]) => types.includes(t))?.[1];
  return [...(wanted === undefined ? [] : [wanted]), ...all].map((address) => ({ [field]: address }));
}

const portFields = { sport: ['sport'], dport: ['dport'], either: ['sport', 'dport'] } as const;

/** What to change in a frame so that it meets the match's edges; the first one satisfies it (when not negated). */
export function matchEdges(match: Match, context: FrameContext, spec: FrameSpec): Change[] {
  const { family } = context;
  switch (match.kind) {
    case 'address':
      if (match.ranges.family !== family) return [];
      return spread(match.ranges.count, context.elementLimit('')).flatMap((i) =>
        addressEdges(match.ranges, i).map((address) => ({ [match.field]: address })),
      );
    case 'set':
      return setEdges(match, context);
    case 'protocol':
      return numberEdges(match.protocols, 255).map((protocol) => ({ protocol }));
    case 'port':
      return portFields[match.field].flatMap((field) =>
        numberEdges(match.ranges, 65535).map((port) => ({ [field]: port })),
      );
    case 'tcpFlags': {
      const flips = [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => match.value ^ bit);
      return [match.value, match.value | (~match.mask & 0xff), ...flips].flatMap((tcpFlags) => [
        { tcpFlags },
        { tcpFlags, payload: 8 },
      ]);
    }
    case 'icmp':
      return numberEdges(match.types, 255).flatMap((icmpType) =>
        numberEdges(match.codes, 255).map((icmpCode) => ({ icmpType, icmpCode })),
      );
    case 'ttl':
      // One more as well: FORWARD sees the TTL already decremented.
      return [...new Set(numberEdges(match.ranges, 255).flatMap((n) => [n, n + 1]))]
        .filter((ttl) => ttl <= 255)
        .map((ttl) => ({ ttl }));
    case 'tos':
      return [match.value, ...[1, 2, 4, 8, 16, 32, 64, 128].map((bit) => match.value ^ bit)].map((tos) => ({ tos }));
    case 'length':
      return numberEdges(match.ranges, 1400).map((n) => ({ payload: payloadFor(family, spec.protocol, n) }));
    case 'mac':
      return [...match.addresses].flatMap((mac) => [{ sourceMac: mac }, { sourceMac: mac === 0 ? 1 : mac - 1 }]);
    case 'addressType':
      return addressTypeEdges(match.field, match.types, context);
    case 'reversePath':
      return [...context.routed, context.local, context.foreign].map((saddr) => ({ saddr }));
    case 'packetType':
      return match.type === 'broadcast'
        ? [{ destinationMac: 0xffffffffffff }]
        : match.type === 'multicast'
          ? [{ destinationMac: 0x01005e000001 }]
          : [];
    case 'fragment':
      return [{ fragment: { offset: 8, more: true } }];
    case 'interface':
    case 'family':
    case 'header':
    case 'ctState':
    case 'mark':
    case 'comment':
    case 'unknown':
      return [];
  }
}

/** A change that should make the match true: its first edge, or for a negated one an edge that lies outside. */
export function satisfy(match: Match, context: FrameContext, spec: FrameSpec): Change {
  if (!('negate' in match) || !match.negate) {
    if (match.kind === 'header') return { protocol: match.protocol };
    return matchEdges(match, context, spec)[0] ?? {};
  }
  if (match.kind === 'protocol') {
    const other = [17, 6, 1, 47].find((p) => !match.protocols.some(([low, high]) => p >= low && p <= high));
    return other === undefined ? {} : { protocol: other };
  }
  // Edges come as [inside, outside, …] or [inside, inside, outside]: the default frame is usually outside already.
  return {};
}
