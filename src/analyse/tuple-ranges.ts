/**
 * Ranges of small fields in tuples. A table numbers ports and ICMP types by where ranges begin and end (src/compile/tuple-boxes.ts): what is few such numbers is
 * as many keys, and more would be keys of many lengths, each of which costs packets a lookup.
 */
import { smallTupleMax, type SmallTupleField, type TupleColumn } from '../model/tuples.js';

/** Numbers of one range that are keys of their own. */
const mostNumbers = 16;

type SmallColumn = Extract<TupleColumn, { readonly lo: Uint16Array }>;

const numbered: ReadonlySet<SmallTupleField> = new Set(['sport', 'dport', 'icmp'] as const);

/** A range that says nothing. */
export const isWhole = ({ field, lo, hi }: SmallColumn, i: number): boolean =>
  lo[i] === 0 && hi[i] === smallTupleMax[field];

/** Whether the ranges of the column are few keys. */
export function areFewNumbers(column: TupleColumn): boolean {
  if (!('lo' in column)) return true;
  const { field, lo, hi } = column;
  if (lo === hi) return true;
  const numbers = numbered.has(field) ? numbersOf(column) : null;
  for (let i = 0; i < lo.length; i++) {
    const [low, high] = [lo[i]!, hi[i]!];
    if (low >= high || isWhole(column, i)) continue;
    const width = numbers ? numbers[high]! - numbers[low]! : high - low;
    if (width >= mostNumbers) return false;
  }
  return true;
}

/** By value: how many ranges' bounds lie below it or on it. */
function numbersOf({ lo, hi }: SmallColumn): Uint32Array {
  const starts = new Uint8Array(65537);
  for (let i = 0; i < lo.length; i++) starts[lo[i]!] = starts[hi[i]! + 1] = 1;
  const numbers = new Uint32Array(65536);
  for (let value = 0, number = 0; value < 65536; value++) numbers[value] = number += starts[value]!;
  return numbers;
}
