/** Sorted, merged, disjoint address ranges with membership by binary search; good for millions. */
import { wordsPerAddress, type AddressRanges } from '../model/address.js';
import { compareWords } from './parse-prefix.js';

export interface RangeList {
  readonly count: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** Indices of `ranges` (those given) by lower bound, then upper bound. IPv4 sorts as 64-bit keys, natively. */
function orderByBounds(ranges: AddressRanges, picked: Uint32Array): { lo: Uint32Array; hi: Uint32Array } {
  const words = wordsPerAddress(ranges.family);
  const lo = new Uint32Array(picked.length * words);
  const hi = new Uint32Array(picked.length * words);
  if (words === 1) {
    if (picked.every((element) => ranges.lo[element] === ranges.hi[element])) {
      const sorted = picked.map((element) => ranges.lo[element] ?? 0).sort();
      return { lo: sorted, hi: sorted.slice() };
    }
    const wide = new BigUint64Array(picked.length);
    picked.forEach((element, i) => {
      wide[i] = (BigInt(ranges.lo[element] ?? 0) << 32n) | BigInt(ranges.hi[element] ?? 0);
    });
    wide.sort();
    wide.forEach((key, i) => {
      lo[i] = Number(key >> 32n);
      hi[i] = Number(key & 0xffffffffn);
    });
    return { lo, hi };
  }
  const order = picked.slice().sort((a, b) => compareWords(ranges.lo.subarray(a * 4, a * 4 + 4), ranges.lo, b * 4));
  order.forEach((element, i) => {
    lo.set(ranges.lo.subarray(element * 4, element * 4 + 4), i * 4);
    hi.set(ranges.hi.subarray(element * 4, element * 4 + 4), i * 4);
  });
  return { lo, hi };
}

/** Ranges that overlap become one; ranges that only touch stay apart, which is as good for a lookup. */
export function buildRangeList(ranges: AddressRanges, picked: Uint32Array): RangeList {
  const words = wordsPerAddress(ranges.family);
  const { lo, hi } = orderByBounds(ranges, picked);
  let count = 0;
  for (let i = 0; i < picked.length; i++) {
    const low = lo.subarray(i * words, (i + 1) * words);
    const high = hi.subarray(i * words, (i + 1) * words);
    if (count > 0 && compareWords(low, hi, (count - 1) * words) <= 0) {
      if (compareWords(high, hi, (count - 1) * words) > 0) hi.set(high, (count - 1) * words);
      continue;
    }
    lo.copyWithin(count * words, i * words, (i + 1) * words);
    hi.copyWithin(count * words, i * words, (i + 1) * words);
    count++;
  }
  return { count, lo, hi };
}

export function inRangeList(list: RangeList, address: Uint32Array): boolean {
  let low = 0;
  let high = list.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareWords(address, list.lo, middle * address.length) < 0) high = middle;
    else low = middle + 1;
  }
  return low > 0 && compareWords(address, list.hi, (low - 1) * address.length) <= 0;
}
