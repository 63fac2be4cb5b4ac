/** Elements as the keys of tables; null where an element is not made of few single keys. */
import { wordsPerAddress } from '../model/address.js';
import type { SetChange } from './set-change.js';
import type { Key } from './prefix-slots.js';
import type { FieldUse } from '../compile/field-use.js';
import type { TupleLayout } from '../compile/family.js';
import { placeOf, wholeKey } from '../compile/tuple-key.js';
import type { StepProgram } from '../plan/program.js';
import type { Target } from './target.js';

/** Addresses that an element may have: a /24. */
const mostKeys = 256;

/** Null: the element is not made of few keys that can come and go. */
export function keysOf(change: SetChange, i: number, { layout, field }: Target): readonly Key[] | null {
  const { family, lo, hi } = change.ranges;
  if (family !== layout.program.family) return [];
  if (field.tuple !== null) return pairKey(change, i, field.tuple, layout.program, field.use);
  if (family === 4) {
    const [low, high] = [lo[i]!, hi[i]!];
    if (low === high) return [[low, 0, 0, 0]];
    if (high - low >= mostKeys) return null;
    return Array.from({ length: high - low + 1 }, (_, k): Key => [low + k, 0, 0, 0]);
  }
  const length = prefixLength(lo, hi, i);
  return length === field.prefix?.unit ? [keyAt(lo, i)] : null;
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

/** An address and a port: a key of which every bit counts. */
function pairKey(
  { ranges, ports }: SetChange,
  i: number,
  { table }: TupleLayout,
  program: StepProgram,
  use: FieldUse,
): readonly Key[] | null {
  const atom = program.atoms[use.atoms[0]!];
  if (ports === undefined || !table.hasWhole || atom?.kind !== 'tuples') return null;
  const words = wordsPerAddress(ranges.family);
  for (let w = i * words; w < (i + 1) * words; w++) if (ranges.lo[w] !== ranges.hi[w]) return null;
  if (ports.portLo[i] !== ports.portHi[i]) return null;
  const protocol = ports.protocol[i]!;
  const isIcmp = protocol === 1 || protocol === 58;
  const key = wholeKey(
    atom.columns.map(({ field }) => field),
    ranges.family,
  );
  for (const { field } of atom.columns) {
    const place = placeOf(field, ranges.family);
    if (field === 'saddr' || field === 'daddr') {
      key.setAddress(place, ranges.lo, i * words, place.width);
      continue;
    }
    // Ranges of ports are numbered by what elements there were when the table was made.
    if (field !== 'protocol' && (field === 'smac' || field === 'ttl' || field === 'tos' || table.maps[field] !== null))
      return null;
    const value = field === 'protocol' ? protocol : isIcmp === (field === 'icmp') ? ports.portLo[i]! : 0;
    key.setSmall(place, value, place.width);
  }
  return [table.used.map((w) => key.key[w]!)];
}
