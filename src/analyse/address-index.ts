/** Sorted views of address ranges, for "is this range inside / outside that set". Built once per set and kept. */
import { compareAt, wordsPerAddress, type AddressRanges } from '../model/address.js';
import { sortByColumns } from '../model/radix-sort.js';

/** Merged inclusive ranges in ascending order; words as AddressRanges has them. */
interface SortedRanges {
  readonly words: 1 | 4;
  readonly count: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

const cache = new WeakMap<AddressRanges, SortedRanges>();

/** Address `i` of a column as a number (IPv4) or bigint (IPv6). */
export function addressAt(ranges: AddressRanges, column: Uint32Array, i: number): number | bigint {
  if (ranges.family === 4) return column[i] ?? 0;
  let value = 0n;
  for (let word = 0; word < 4; word++) value = (value << 32n) | BigInt(column[i * 4 + word] ?? 0);
  return value;
}

/** Length of the prefix that range `i` is; null where it is none. */
export function prefixLength(ranges: AddressRanges, i: number): number | null {
  const words = wordsPerAddress(ranges.family);
  let length: number | null = null;
  for (let w = 0; w < words; w++) {
    const [lo, hi] = [ranges.lo[i * words + w]!, ranges.hi[i * words + w]!];
    const host = (lo ^ hi) >>> 0;
    if (length !== null) {
      if (lo !== 0 || hi !== 0xffffffff) return null;
    } else if (host !== 0) {
      if ((host & (host + 1)) !== 0 || (lo & host) !== 0) return null;
      length = w * 32 + Math.clz32(host);
    }
  }
  return length ?? words * 32;
}

function sortedRanges(ranges: AddressRanges): SortedRanges {
  const { family, count, lo, hi } = ranges;
  // The most usual list is as it is.
  if (count === 1) return { words: wordsPerAddress(family), count, lo, hi };
  const known = cache.get(ranges);
  if (known) return known;
  const made = merge(ranges, isAscending(ranges) ? null : orderOf(ranges));
  cache.set(ranges, made);
  return made;
}

function isAscending({ family, count, lo }: AddressRanges): boolean {
  const words = wordsPerAddress(family);
  for (let at = words; at < count * words; at += words) if (compareAt(lo, at - words, lo, at, words) > 0) return false;
  return true;
}

function orderOf({ family, count, lo }: AddressRanges): Uint32Array {
  const words = wordsPerAddress(family);
  if (words === 1) return sortByColumns([lo], count);
  const columns = [0, 1, 2, 3].map((k) => {
    const column = new Uint32Array(count);
    for (let i = 0; i < count; i++) column[i] = lo[i * words + k]!;
    return column;
  });
  return sortByColumns(columns, count);
}

/** `order`: ascending by `lo`; null: as they stand. */
function merge(ranges: AddressRanges, order: Uint32Array | null): SortedRanges {
  const words = wordsPerAddress(ranges.family);
  const lo = new Uint32Array(ranges.count * words);
  const hi = new Uint32Array(ranges.count * words);
  let last = -words;
  for (let i = 0; i < ranges.count; i++) {
    const from = (order === null ? i : order[i]!) * words;
    if (last >= 0 && reaches(hi, last, ranges.lo, from, words)) {
      if (compareAt(ranges.hi, from, hi, last, words) > 0) copy(ranges.hi, from, hi, last, words);
    } else {
      last += words;
      copy(ranges.lo, from, lo, last, words);
      copy(ranges.hi, from, hi, last, words);
    }
  }
  const end = last + words;
  return { words, count: end / words, lo: lo.subarray(0, end), hi: hi.subarray(0, end) };
}

function copy(from: Uint32Array, at: number, to: Uint32Array, bt: number, words: number): void {
  for (let k = 0; k < words; k++) to[bt + k] = from[at + k]!;
}

/** A range that ends at one address and one that begins at the other, which is no lower than where that one begins, have no address between them. */
function reaches(hi: Uint32Array, at: number, lo: Uint32Array, bt: number, words: number): boolean {
  if (compareAt(lo, bt, hi, at, words) <= 0) return true;
  let carry = 1;
  for (let k = words - 1; k >= 0; k--) {
    const next = (hi[at + k]! + carry) >>> 0;
    if (lo[bt + k] !== next) return false;
    if (next !== 0) carry = 0;
  }
  return true;
}

/** Number of the last range that begins at or below the address at that place, or -1. */
function floorIndex(set: SortedRanges, address: Uint32Array, at: number): number {
  const { words, lo } = set;
  let low = 0;
  let high = set.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAt(lo, middle * words, address, at, words) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function addressesSubset(a: AddressRanges, b: AddressRanges): boolean {
  if (a === b) return true;
  if (a.family !== b.family) return a.count === 0;
  return eachRange(sortedRanges(a), sortedRanges(b), isInside);
}

export function addressesDisjoint(a: AddressRanges, b: AddressRanges): boolean {
  if (a.family !== b.family) return true;
  const words = wordsPerAddress(a.family);
  if (a.count === 1 && b.count === 1)
    return compareAt(a.hi, 0, b.lo, 0, words) < 0 || compareAt(b.hi, 0, a.lo, 0, words) < 0;
  const [few, many] = a.count <= b.count ? [a, b] : [b, a];
  return eachRange(sortedRanges(few), sortedRanges(many), isOutside);
}

/** Puts 1 where a range overlaps one of the set. */
export function markOverlapping(ranges: AddressRanges, set: AddressRanges, marks: Uint8Array): void {
  const sorted = sortedRanges(set);
  const words = wordsPerAddress(ranges.family);
  for (let i = 0; i < ranges.count; i++) if (!isOutside(sorted, ranges.lo, ranges.hi, i * words)) marks[i] = 1;
}

type Test = (set: SortedRanges, lo: Uint32Array, hi: Uint32Array, at: number) => boolean;

function eachRange({ words, count, lo, hi }: SortedRanges, set: SortedRanges, test: Test): boolean {
  for (let i = 0; i < count; i++) if (!test(set, lo, hi, i * words)) return false;
  return true;
}

function isInside(set: SortedRanges, lo: Uint32Array, hi: Uint32Array, at: number): boolean {
  const range = floorIndex(set, lo, at);
  return range >= 0 && compareAt(hi, at, set.hi, range * set.words, set.words) <= 0;
}

function isOutside(set: SortedRanges, lo: Uint32Array, hi: Uint32Array, at: number): boolean {
  const range = floorIndex(set, hi, at);
  return range < 0 || compareAt(set.hi, range * set.words, lo, at, set.words) < 0;
}
