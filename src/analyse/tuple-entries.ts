/** Whether tuples list a box: each of its combinations of values as an entry of its own. Indexed once per set, and kept. */
import { wordsPerAddress } from '../model/address.js';
import type { TupleColumn, Tuples } from '../model/tuples.js';
import { sizeOf, type Box, type PlainSet } from './box.js';

/** Bounds of entries, in words; rows are equal where entries are. */
interface Rows {
  readonly words: readonly Uint32Array[];
  /** Ascending. */
  readonly order: Uint32Array;
}

const known = new WeakMap<Tuples['columns'], Rows>();

/** More combinations are not looked for. */
export const maxCombinations = 64;

/** Errs to false: entries that contain one together, or are wider than it, are not found. */
export function lists({ count, columns }: Tuples, { sides }: Box): boolean {
  const chosen: PlainSet[] = [];
  let combinations = 1;
  for (const { field } of columns) {
    const side = sides.find((one) => one.field === field);
    if (!side) return false;
    chosen.push(side);
    combinations *= sizeOf(side);
  }
  if (combinations === 0 || combinations > maxCombinations) return false;
  const rows = known.get(columns) ?? sortedRows(columns, count);
  known.set(columns, rows);
  for (let n = 0; n < combinations; n++) if (!isListed(rows, wordsAt(chosen, n))) return false;
  return true;
}

function sortedRows(columns: readonly TupleColumn[], count: number): Rows {
  const words = columns.flatMap((column) => wordsOf(column, count));
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const compare = (a: number, b: number): number => {
    for (const column of words) if (column[a] !== column[b]) return column[a]! - column[b]!;
    return 0;
  };
  return { words, order: order.sort(compare) };
}

function wordsOf(column: TupleColumn, count: number): Uint32Array[] {
  if ('addresses' in column)
    return [(mac: number) => Math.floor(mac / 2 ** 32), (mac: number) => mac % 2 ** 32].map((part) =>
      Uint32Array.from(column.addresses, part),
    );
  if ('lo' in column) return [Uint32Array.from(column.lo, (low, i) => low * 65536 + column.hi[i]!)];
  const { family, lo, hi } = column.ranges;
  const wide = wordsPerAddress(family);
  if (wide === 1) return [lo, hi];
  return [lo, hi].flatMap((bound) =>
    Array.from({ length: wide }, (_, w) => Uint32Array.from({ length: count }, (_word, i) => bound[i * wide + w]!)),
  );
}

/** The same words of one combination: digits of `n`, the last field's first. */
function wordsAt(sides: readonly PlainSet[], n: number): number[] {
  const words: number[][] = [];
  let left = n;
  for (const side of sides.toReversed()) {
    const size = sizeOf(side);
    words.unshift(wordsOfOne(side, left % size));
    left = Math.floor(left / size);
  }
  return words.flat();
}

function wordsOfOne(side: PlainSet, i: number): number[] {
  if (side.kind === 'values') return [side.ranges[i]![0] * 65536 + side.ranges[i]![1]];
  if (side.kind === 'macs') return [Math.floor(side.addresses[i]! / 2 ** 32), side.addresses[i]! % 2 ** 32];
  const { family, lo, hi } = side.ranges;
  const wide = wordsPerAddress(family);
  return [...lo.subarray(i * wide, (i + 1) * wide), ...hi.subarray(i * wide, (i + 1) * wide)];
}

function isListed({ words, order }: Rows, wanted: readonly number[]): boolean {
  const compare = (row: number): number => {
    for (let w = 0; w < words.length; w++) {
      const difference = words[w]![row]! - wanted[w]!;
      if (difference !== 0) return difference;
    }
    return 0;
  };
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(order[middle]!) < 0) low = middle + 1;
    else high = middle;
  }
  return low < order.length && compare(order[low]!) === 0;
}
