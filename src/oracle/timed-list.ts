/** Elements that expire: until when one that contains an address is surely there. */
import { wordsPerAddress, type AddressRanges } from '../model/address.js';
import type { ElementColumns } from '../model/set.js';
import { compareWords } from './parse-prefix.js';

/** Elements of about one size, by lower bound and then by end: prefixes of one length overlap only where they are equal. */
interface SizeGroup {
  readonly count: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  /** Seconds since the epoch. */
  readonly end: Float64Array;
}

export type TimedList = readonly SizeGroup[];

/** log2 of the size of an element, rounded up: equal for prefixes of one length. */
function sizeOf(ranges: AddressRanges, element: number): number {
  const words = wordsPerAddress(ranges.family);
  for (let i = 0; i < words; i++) {
    const at = element * words + i;
    const differing = ((ranges.lo[at] ?? 0) ^ (ranges.hi[at] ?? 0)) >>> 0;
    if (differing !== 0) return (words - i) * 32 - Math.clz32(differing);
  }
  return 0;
}

/** Elements of one size each. */
export function groupBySize(ranges: AddressRanges, elements: Uint32Array): ReadonlyMap<number, number[]> {
  const bySize = new Map<number, number[]>();
  for (const element of elements) {
    const size = sizeOf(ranges, element);
    const list = bySize.get(size);
    if (list === undefined) bySize.set(size, [element]);
    else list.push(element);
  }
  return bySize;
}

/** What is left is printed as 1 where it is less than a second, too (`ip_set_timeout_get`): such an element may be gone already. */
const sureSeconds = (left: number): number => (left > 1 ? left : 0);

/** `asOf`: second since the epoch at which the elements had their timeout left. */
export function buildTimedList(
  ranges: AddressRanges,
  { timeout }: ElementColumns,
  elements: Uint32Array,
  asOf: number,
): TimedList {
  const words = wordsPerAddress(ranges.family);
  const bound = (column: Uint32Array, e: number): Uint32Array => column.subarray(e * words, (e + 1) * words);
  const endOf = (element: number): number => asOf + sureSeconds(timeout?.[element] ?? 0);
  return [...groupBySize(ranges, elements).values()].map((list): SizeGroup => {
    list.sort((a, b) => compareWords(bound(ranges.lo, a), ranges.lo, b * words) || endOf(a) - endOf(b));
    const lo = new Uint32Array(list.length * words);
    const hi = new Uint32Array(list.length * words);
    list.forEach((element, i) => {
      lo.set(bound(ranges.lo, element), i * words);
      hi.set(bound(ranges.hi, element), i * words);
    });
    return { count: list.length, lo, hi, end: Float64Array.from(list, endOf) };
  });
}

/** Second since the epoch; errs to an earlier one. */
export function surelyUntil(list: TimedList, address: Uint32Array): number {
  let end = 0;
  for (const group of list) {
    let low = 0;
    let high = group.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(address, group.lo, middle * address.length) < 0) high = middle;
      else low = middle + 1;
    }
    if (low > 0 && compareWords(address, group.hi, (low - 1) * address.length) <= 0)
      end = Math.max(end, group.end[low - 1] ?? 0);
  }
  return end;
}
