/**
 * Entries that say of a field which values it must not have (`! --dport 80`): ranges on both sides of a gap, or on one where the gap is at the end
 * of all values. As ranges they would be keys of many lengths; as all values but those of the gap they are few.
 */
import { wordsPerAddress } from './address.js';
import { smallTupleMax, type SmallTupleField, type TupleColumn, type Tuples } from './tuples.js';

export type SmallColumn = Extract<TupleColumn, { readonly lo: Uint16Array }>;

/** Fields of which ranges are keys by where ranges begin and end (src/compile/tuple-boxes.ts). */
export type NumberedField = 'sport' | 'dport' | 'icmp';
export const numberedFields: ReadonlySet<SmallTupleField> = new Set<NumberedField>(['sport', 'dport', 'icmp']);

/** Numbers of one range that are keys of their own. */
export const mostNumbers = 16;

/** In how many numbers the bounds of a range stand apart. */
export type Width = (column: SmallColumn, low: number, high: number) => number;

/** By entry: 0, or c + 1: with the next one, where that is `absorbed`, it says all values of column c but those of a gap. */
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
  for (let entry = 0; entry < count; entry++)
    for (const c of numbered) {
      const column = columns[c] as SmallColumn;
      const isPair = isPairAt(column, entry, count) && countAlike(counters, entry) && areAlike(columns, c, entry);
      if (!isPair && !isOneSided(column, entry, width)) continue;
      if (isPair && !isWide(column, entry, width) && !isWide(column, entry + 1, width)) continue;
      gaps ??= new Uint8Array(count);
      gaps[entry] = c + 1;
      if (isPair) gaps[++entry] = absorbed;
      break;
    }
  return gaps;
}

/** Values that the entry, with the next one where that is absorbed, leaves out. */
export function gapAt({ lo, hi, field }: SmallColumn, gaps: Gaps, entry: number): readonly [low: number, high: number] {
  if (gaps[entry + 1] === absorbed) return [hi[entry]! + 1, lo[entry + 1]! - 1];
  return lo[entry] === 0 ? [hi[entry]! + 1, smallTupleMax[field]] : [0, lo[entry]! - 1];
}

const isWide = (column: SmallColumn, entry: number, width: Width): boolean =>
  width(column, column.lo[entry]!, column.hi[entry]!) >= mostNumbers;

function isPairAt({ lo, hi, field }: SmallColumn, entry: number, count: number): boolean {
  const next = entry + 1;
  return next < count && lo[entry] === 0 && hi[next] === smallTupleMax[field] && hi[entry]! + 1 < lo[next]!;
}

function isOneSided(column: SmallColumn, entry: number, width: Width): boolean {
  const [low, high] = [column.lo[entry]!, column.hi[entry]!];
  const max = smallTupleMax[column.field];
  if (low > high || (low === 0) === (high === max)) return false;
  const [from, to] = low === 0 ? [high + 1, max] : [0, low - 1];
  return width(column, low, high) >= mostNumbers && width(column, from, to) < mostNumbers;
}

const countAlike = (counters: Uint32Array | null, entry: number): boolean =>
  counters === null || counters[entry] === counters[entry + 1];

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
