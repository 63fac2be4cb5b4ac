/** Frames at the edges of a set's elements, sampled. */
import type { SetMatch } from '../model/match.js';
import type { NamedSet } from '../model/set.js';
import { spread } from './random-numbers.js';
import { addressEdges, type Change, type FrameContext } from './satisfy-match.js';

const addressField = { src: 'saddr', dst: 'daddr' } as const;
const portField = { src: 'sport', dst: 'dport' } as const;

/** How a (protocol, port) of an element looks in a frame; ICMP's is type << 8 | code. */
function portChange(protocol: number, port: number, side: 'src' | 'dst'): Change {
  if (protocol === 1 || protocol === 58) return { protocol, icmpType: port >> 8, icmpCode: port & 255 };
  return { protocol, [portField[side]]: port };
}

const portsAround = (low: number, high: number): number[] =>
  [...new Set([low, high, low - 1, high + 1])].filter((port) => port >= 0 && port <= 65535);

function edgesOf(set: NamedSet, match: SetMatch, context: FrameContext, depth: number): Change[] {
  const [first = 'src', second = 'dst'] = match.dimensions;
  const limit = Math.max(1, Math.floor(context.elementLimit(set.id) / 4));
  switch (set.kind) {
    case 'addresses':
      if (set.ranges.family !== context.family) return [];
      return spread(set.ranges.count, limit).flatMap((i) =>
        addressEdges(set.ranges, i).map((address) => ({ [addressField[first]]: address })),
      );
    case 'addressPorts':
      if (set.ranges.family !== context.family) return [];
      return spread(set.ranges.count, limit).flatMap((i) => {
        const protocol = set.protocol[i] ?? 6;
        const ports = portsAround(set.portLo[i] ?? 0, set.portHi[i] ?? 0).map((port) =>
          portChange(protocol, port, second),
        );
        const addresses = addressEdges(set.ranges, i).map((address) => ({ [addressField[first]]: address }));
        const inside = { ...addresses[0], ...ports[0] };
        return [inside, ...ports.map((p) => ({ ...inside, ...p })), ...addresses.map((a) => ({ ...inside, ...a }))];
      });
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
