/**
 * Ranges of small fields in tuples. A table numbers ports and ICMP types by where ranges begin and end (src/compile/tuple-boxes.ts): what is few such numbers is
 * as many keys, and more would be keys of many lengths, each of which costs packets a lookup; but where it leaves out few, those are keys.
 */
import { absorbed, gapsOf, mostNumbers, numberedFields, type Gaps, type SmallColumn } from '../model/tuple-gaps.js';
import { smallTupleMax, type TupleColumn, type Tuples } from '../model/tuples.js';

/** A range that says nothing. */
export const isWhole = ({ field, lo, hi }: SmallColumn, i: number): boolean =>
  lo[i] === 0 && hi[i] === smallTupleMax[field];

/** How entries are told by keys. */
export interface EntryKeys {
  readonly gaps: Gaps | null;
  /** Ranges, and gaps between them, are few keys. */
  readonly areFew: boolean;
}

/** `owners`: of each entry, who counts it; null: each entry has one of its own. */
export function entryKeys(
  entries: Pick<Tuples, 'count' | 'columns' | 'except'>,
  owners: Uint32Array | null,
): EntryKeys {
  const { count, columns } = entries;
  const numbers = new Map(columns.map((column) => [column, isNumbered(column) ? numbersOf(column) : null]));
  const width = (column: SmallColumn, low: number, high: number): number => {
    const own = numbers.get(column);
    return own ? own[high]! - own[low]! : high - low;
  };
  const gaps = gapsOf(entries, owners ?? new Uint32Array(count).map((_, i) => i), width);
  const isFew = (column: TupleColumn, c: number): boolean => {
    if (!('lo' in column) || column.lo === column.hi) return true;
    for (let i = 0; i < count; i++) {
      let owner = i;
      while (gaps?.[owner] === absorbed) owner--;
      const [low, high] = [column.lo[i]!, column.hi[i]!];
      if (gaps?.[owner] === c + 1 || low >= high || isWhole(column, i)) continue;
      if (width(column, low, high) >= mostNumbers) return false;
    }
    return true;
  };
  return { gaps, areFew: columns.every(isFew) };
}

const isNumbered = (column: TupleColumn): column is SmallColumn =>
  'lo' in column && column.lo !== column.hi && numberedFields.has(column.field);

/** By value: how many ranges' bounds lie below it or on it. */
function numbersOf({ lo, hi }: SmallColumn): Uint32Array {
  const starts = new Uint8Array(65537);
  for (let i = 0; i < lo.length; i++) starts[lo[i]!] = starts[hi[i]! + 1] = 1;
  const numbers = new Uint32Array(65536);
  for (let value = 0, number = 0; value < 65536; value++) numbers[value] = number += starts[value]!;
  return numbers;
}
