/** Elements as the keys of tables; null where an element is not made of few single keys. */
import { wordsPerAddress } from '../model/address.js';
import type { SetChange } from './set-change.js';
import type { Key } from './prefix-slots.js';
import type { Target } from './target.js';

/** Addresses that an element may have: a /24. */
const mostKeys = 256;

export interface ElementKeys {
  readonly keys: readonly Key[];
  readonly extra: number;
}

export function keysOf(change: SetChange, i: number, { layout, field }: Target): ElementKeys | null {
  if (field.use.field === 'tuple') return tupleKey(change, i);
  const { family, lo, hi } = change.ranges;
  if (family !== layout.program.family) return { keys: [], extra: 0 };
  if (family === 4) {
    const [low, high] = [lo[i]!, hi[i]!];
    if (low === high) return { keys: [[low, 0, 0, 0]], extra: 0 };
    if (high - low >= mostKeys) return null;
    return { keys: Array.from({ length: high - low + 1 }, (_, k): Key => [low + k, 0, 0, 0]), extra: 0 };
  }
  const length = prefixLength(lo, hi, i);
  return length === field.prefix?.unit ? { keys: [keyAt(lo, i)], extra: 0 } : null;
}

const keyAt = (words: Uint32Array, i: number): Key => [
  words[i * 4]!,
  words[i * 4 + 1]!,
  words[i * 4 + 2]!,
  words[i * 4 + 3]!,
];

/** Length of an IPv6 prefix, or -1. */
function prefixLength(lo: Uint32Array, hi: Uint32Array, i: number): number {
  let length = 0;
  let ended = false;
  for (let w = i * 4; w < i * 4 + 4; w++) {
    const differs = (lo[w]! ^ hi[w]!) >>> 0;
    if (ended ? differs !== 0xffffffff : (differs & (differs + 1)) !== 0) return -1;
    if ((lo[w]! & differs) !== 0) return -1;
    if (!ended) length += Math.clz32(differs);
    ended ||= differs !== 0;
  }
  return length;
}

function tupleKey({ ranges, ports }: SetChange, i: number): ElementKeys | null {
  if (ports === undefined) return null;
  const words = wordsPerAddress(ranges.family);
  for (let w = i * words; w < (i + 1) * words; w++) if (ranges.lo[w] !== ranges.hi[w]) return null;
  if (ports.portLo[i] !== ports.portHi[i]) return null;
  const top = ((ports.protocol[i]! << 16) | ports.portLo[i]!) >>> 0;
  return ranges.family === 4
    ? { keys: [[top, ranges.lo[i]!, 0, 0]], extra: 0 }
    : { keys: [keyAt(ranges.lo, i)], extra: top };
}
