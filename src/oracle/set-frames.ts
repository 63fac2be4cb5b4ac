/** Frames at the edges of a set's elements, sampled. */
import type { SetMatch } from '../model/match.js';
import type { NamedSet, SetPart, TupleSet } from '../model/set.js';
import { spread } from './random-numbers.js';
import { addressEdges, type Change, type FrameContext } from './satisfy-match.js';

const addressField = { src: 'saddr', dst: 'daddr' } as const;
const portField = { src: 'sport', dst: 'dport' } as const;

/** How a (protocol, port) of an element looks in a frame; ICMP's is type << 8 | code. */
function portChange(protocol: number, port: number, side: 'src' | 'dst'): Change {
  if (protocol === 1 || protocol === 58) return { protocol, icmpType: port >> 8, icmpCode: port & 255 };
  return { protocol, [portField[side]]: port };
}

const numbersAround = (low: number, high: number, max: number): number[] =>
  [...new Set([low, high, low - 1, high + 1])].filter((value) => value >= 0 && value <= max);
const portsAround = (low: number, high: number): number[] => numbersAround(low, high, 65535);

/** For each part of the element: what satisfies it first, then its other edges. */
function partEdges(part: SetPart, i: number, side: 'src' | 'dst', context: FrameContext): Change[] {
  switch (part.kind) {
    case 'address':
      if (part.ranges.family !== context.family) return [];
      return addressEdges(part.ranges, i).map((address) => ({ [addressField[side]]: address }));
    case 'port': {
      const protocol = part.protocol[i] ?? 6;
      return [
        ...portsAround(part.portLo[i] ?? 0, part.portHi[i] ?? 0).map((port) => portChange(protocol, port, side)),
        { protocol: protocol === 6 ? 17 : 6 },
      ];
    }
    case 'mac': {
      const mac = part.addresses[i] ?? 0;
      return [{ sourceMac: mac }, { sourceMac: mac % 2 === 0 ? mac + 1 : mac - 1 }];
    }
    case 'interface':
      return [];
    case 'number':
      return numbersAround(
        part.lo[i] ?? 0,
        part.hi[i] ?? 0,
        part.field === 'protocol' || part.field === 'ttl' || part.field === 'tos' ? 255 : 65535,
      ).map((value): Change =>
        part.field === 'icmp' ? { icmpType: value >> 8, icmpCode: value & 255 } : { [part.field]: value },
      );
  }
}

function tupleEdges(set: TupleSet, match: SetMatch, context: FrameContext, limit: number): Change[] {
  return spread(set.count, limit).flatMap((i) => {
    const edges = set.parts.map((part, at) => partEdges(part, i, match.dimensions[at] ?? 'src', context));
    const inside: Change = Object.assign({}, ...edges.map(([first = {}]) => first)) as Change;
    return [inside, ...edges.flatMap((list) => list.map((one) => ({ ...inside, ...one })))];
  });
}

function edgesOf(set: NamedSet, match: SetMatch, context: FrameContext, depth: number): Change[] {
  const [first = 'src'] = match.dimensions;
  const limit = Math.max(1, Math.floor(context.elementLimit(set.id) / 4));
  switch (set.kind) {
    case 'addresses':
      if (set.ranges.family !== context.family) return [];
      return spread(set.ranges.count, limit).flatMap((i) =>
        addressEdges(set.ranges, i).map((address) => ({ [addressField[first]]: address })),
      );
    case 'tuples':
      return tupleEdges(set, match, context, limit);
    case 'ports':
      return spread(set.portLo.length, limit).flatMap((i) =>
        portsAround(set.portLo[i] ?? 0, set.portHi[i] ?? 0).flatMap((port) =>
          [6, 17].map((protocol) => ({ protocol, [portField[first]]: port })),
        ),
      );
    case 'list':
      if (depth > 4) return [];
      return set.members.flatMap((id) => {
        const member = context.ruleset.sets.get(id);
        return member === undefined ? [] : edgesOf(member, match, context, depth + 1);
      });
    case 'opaque':
      return [];
  }
}

export function setEdges(match: SetMatch, context: FrameContext): Change[] {
  const set = context.ruleset.sets.get(match.set);
  return set === undefined ? [] : edgesOf(set, match, context, 0);
}
