/**
 * Entries that say of a field which values it must not have (`! --dport 80`, `! --dports 22,80`): ranges with gaps between them. As ranges they would be
 * keys of many lengths; as all values but those of the gaps they are few.
 */
import { wordsPerAddress } from './address.js';
import type { Ranges } from './match.js';
import { smallTupleMax, type SmallTupleField, type TupleColumn, type Tuples } from './tuples.js';

export type SmallColumn = Extract<TupleColumn, { readonly lo: Uint16Array }>;

/** Fields of which ranges are keys by where ranges begin and end (src/compile/tuple-boxes.ts). */
export type NumberedField = 'sport' | 'dport' | 'icmp';
export const numberedFields: ReadonlySet<SmallTupleField> = new Set<NumberedField>(['sport', 'dport', 'icmp']);

/** Numbers of one range that are keys of their own. */
export const mostNumbers = 16;

/** In how many numbers the bounds of a range stand apart. */
export type Width = (column: SmallColumn, low: number, high: number) => number;

/** By entry: 0, or c + 1: with those behind it that are `absorbed`, it says all values of column c but those of gaps. */
export type Gaps = Uint8Array;

/** The entry before says it, too. */
export const absorbed = 255;

type Asking = Pick<Tuples, 'count' | 'columns' | 'except'>;

/** Null: there are none. `counters`: of each entry; entries that count apart are not taken together. */
export function gapsOf({ count, columns, except }: Asking, counters: Uint32Array | null, width: Width): Gaps | null {
  if (except !== null) return null;
  let gaps: Gaps | null = null;
  const numbered = [...columns.keys()].filter((c) => {
    const column = columns[c]!;
    return 'lo' in column && column.lo !== column.hi && numberedFields.has(column.field);
  });
  const goesOn = (column: SmallColumn, c: number, entry: number): boolean =>
    entry + 1 < count &&
    column.hi[entry]! + 1 < column.lo[entry + 1]! &&
    column.lo[entry + 1]! <= column.hi[entry + 1]! &&
    (counters === null || counters[entry] === counters[entry + 1]) &&
    areAlike(columns, c, entry);
  for (let entry = 0; entry < count; entry++)
    for (const c of numbered) {
      const column = columns[c] as SmallColumn;
      if (column.lo[entry]! > column.hi[entry]!) continue;
      let last = entry;
      while (goesOn(column, c, last)) last++;
      if (!leavesFew(column, entry, last, width)) continue;
      gaps ??= new Uint8Array(count);
      gaps.fill(absorbed, entry + 1, last + 1);
      gaps[entry] = c + 1;
      entry = last;
      break;
    }
  return gaps;
}

/** Values that the entry, with those behind it that are absorbed, leaves out. */
export function gapsAt({ lo, hi, field }: SmallColumn, gaps: Gaps, entry: number): Ranges {
  let last = entry;
  while (gaps[last + 1] === absorbed) last++;
  return gapsBetween(lo, hi, smallTupleMax[field], entry, last);
}

function gapsBetween(lo: Uint16Array, hi: Uint16Array, max: number, first: number, last: number): Ranges {
  const found: [number, number][] = [];
  let from = 0;
  for (let entry = first; entry <= last; entry++) {
    if (lo[entry]! > from) found.push([from, lo[entry]! - 1]);
    from = hi[entry]! + 1;
  }
  if (from <= max) found.push([from, max]);
  return found;
}

/** The entries are many numbers, and what they leave out, which is something, is few. */
function leavesFew(column: SmallColumn, first: number, last: number, width: Width): boolean {
  const { lo, hi, field } = column;
  let isWide = false;
  for (let entry = first; entry <= last; entry++) isWide ||= width(column, lo[entry]!, hi[entry]!) >= mostNumbers;
  if (!isWide) return false;
  let left = 0;
  for (const [low, high] of gapsBetween(lo, hi, smallTupleMax[field], first, last))
    left += width(column, low, high) + 1;
  return left > 0 && left <= mostNumbers;
}

/** But for that column, an entry and the next one say the same. */
function areAlike(columns: readonly TupleColumn[], but: number, entry: number): boolean {
  return columns.every((column, c) => {
    if (c === but) return true;
    if ('addresses' in column) return column.addresses[entry] === column.addresses[entry + 1];
    if ('lo' in column) return column.lo[entry] === column.lo[entry + 1] && column.hi[entry] === column.hi[entry + 1];
    const { family, lo, hi } = column.ranges;
    const words = wordsPerAddress(family);
    for (let w = entry * words; w < (entry + 1) * words; w++)
      if (lo[w] !== lo[w + words] || hi[w] !== hi[w + words]) return false;
    return true;
  });
}
