/** Sorted views of address ranges, for "is this range inside / outside that set". Built once per set and kept. */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';

/** Merged inclusive ranges in ascending order; IPv4 as numbers, IPv6 as bigints (comparisons work alike on both). */
export interface SortedRanges {
  readonly lo: readonly (number | bigint)[];
  readonly hi: readonly (number | bigint)[];
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

export function sortedRanges(ranges: AddressRanges): SortedRanges {
  const known = cache.get(ranges);
  if (known) return known;
  const made = ranges.family === 4 ? sortV4(ranges) : sortV6(ranges);
  cache.set(ranges, made);
  return made;
}

function sortV4(ranges: AddressRanges): SortedRanges {
  // Sorting lo * 2^21-ish composites would lose bits; a Float64 holds lo exactly and the index fits beside it only for small sets,
  // so sort an index array by lo through a typed copy instead.
  const order = sortedOrder(ranges.count, (i) => ranges.lo[i] ?? 0);
  return merge(
    order,
    (i) => ranges.lo[i] ?? 0,
    (i) => ranges.hi[i] ?? 0,
    (hi) => hi + 1,
  );
}

function sortV6(ranges: AddressRanges): SortedRanges {
  const lo: bigint[] = [];
  const hi: bigint[] = [];
  for (let i = 0; i < ranges.count; i++) {
    lo.push(addressAt(ranges, ranges.lo, i) as bigint);
    hi.push(addressAt(ranges, ranges.hi, i) as bigint);
  }
  const at = (list: bigint[], i: number): bigint => list[i] ?? 0n;
  const order = Uint32Array.from(lo.keys()).sort((a, b) =>
    at(lo, a) < at(lo, b) ? -1 : at(lo, a) > at(lo, b) ? 1 : 0,
  );
  return merge<bigint>(
    order,
    (i) => at(lo, i),
    (i) => at(hi, i),
    (value) => value + 1n,
  );
}

function sortedOrder(count: number, key: (i: number) => number): Uint32Array {
  if (count === 1) return new Uint32Array(1);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let inOrder = true;
  for (let i = 1; i < count && inOrder; i++) inOrder = key(i - 1) <= key(i);
  return inOrder ? order : order.sort((a, b) => key(a) - key(b));
}

function merge<T extends number | bigint>(
  order: Uint32Array,
  loAt: (i: number) => T,
  hiAt: (i: number) => T,
  next: (value: T) => T,
): SortedRanges {
  const lo: T[] = [];
  const hi: T[] = [];
  for (const i of order) {
    const low = loAt(i);
    const high = hiAt(i);
    const last = hi[hi.length - 1];
    if (last !== undefined && low <= next(last)) {
      if (high > last) hi[hi.length - 1] = high;
    } else {
      lo.push(low);
      hi.push(high);
    }
  }
  return { lo, hi };
}

/** Index of the last range that starts at or below `value`, or -1. */
function floorIndex(set: SortedRanges, value: number | bigint): number {
  let low = 0;
  let high = set.lo.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set.lo[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** One IPv4 range, the most usual list: compared as it is, without building a sorted view. */
const onlyRange = (ranges: AddressRanges): boolean => ranges.count === 1 && ranges.family === 4;

export function addressesSubset(a: AddressRanges, b: AddressRanges): boolean {
  if (a === b) return true;
  if (a.family !== b.family) return a.count === 0;
  const outer = sortedRanges(b);
  if (onlyRange(a)) return inside(outer, a.lo[0] ?? 0, a.hi[0] ?? 0);
  const inner = sortedRanges(a);
  return inner.lo.every((low, i) => inside(outer, low, inner.hi[i] ?? 0));
}

function inside(outer: SortedRanges, low: number | bigint, high: number | bigint): boolean {
  const at = floorIndex(outer, low);
  return at >= 0 && high <= (outer.hi[at] ?? 0);
}

export function addressesDisjoint(a: AddressRanges, b: AddressRanges): boolean {
  if (a.family !== b.family) return true;
  if (onlyRange(a) && onlyRange(b)) return (a.hi[0] ?? 0) < (b.lo[0] ?? 0) || (b.hi[0] ?? 0) < (a.lo[0] ?? 0);
  if (onlyRange(a)) return outside(sortedRanges(b), a.lo[0] ?? 0, a.hi[0] ?? 0);
  if (onlyRange(b)) return outside(sortedRanges(a), b.lo[0] ?? 0, b.hi[0] ?? 0);
  const [few, many] = a.count <= b.count ? [sortedRanges(a), sortedRanges(b)] : [sortedRanges(b), sortedRanges(a)];
  return few.lo.every((low, i) => outside(many, low, few.hi[i] ?? 0));
}

/** Puts 1 where a range overlaps one of the set. */
export function markOverlapping(ranges: AddressRanges, set: AddressRanges, marks: Uint8Array): void {
  const sorted = sortedRanges(set);
  for (let i = 0; i < ranges.count; i++)
    if (!outside(sorted, addressAt(ranges, ranges.lo, i), addressAt(ranges, ranges.hi, i))) marks[i] = 1;
}

function outside(set: SortedRanges, low: number | bigint, high: number | bigint): boolean {
  const at = floorIndex(set, high);
  return at < 0 || (set.hi[at] ?? 0) < low;
}
