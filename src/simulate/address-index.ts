/** Ranges of addresses by binary search, where ranges may overlap. */
import { compareAt, type AddressRanges } from '../model/address.js';

/** Entries that contain the address, in no order; none: an empty list. */
export type AddressLookup = (address: Uint32Array) => readonly number[];

const none: readonly number[] = [];

/** Does range `entry` contain the address? */
export function isInside({ family, lo, hi }: AddressRanges, entry: number, address: Uint32Array): boolean {
  const words = family === 4 ? 1 : 4;
  return compareAt(lo, entry * words, address, 0, words) <= 0 && compareAt(hi, entry * words, address, 0, words) >= 0;
}

/** @param members The entries that count; all of them when null. */
export function indexRanges({ family, count, lo, hi }: AddressRanges, members: Uint32Array | null): AddressLookup {
  const words = family === 4 ? 1 : 4;
  const order = members?.slice() ?? Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => compareAt(lo, a * words, lo, b * words, words) || b - a);
  // The furthest end of all ranges up to here: where it lies before an address, nothing earlier contains it.
  const furthest = new Uint32Array(order.length);
  order.forEach((entry, i) => {
    const before = i === 0 ? entry : furthest[i - 1]!;
    furthest[i] = compareAt(hi, before * words, hi, entry * words, words) > 0 ? before : entry;
  });
  return (address) => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(lo, order[middle]! * words, address, 0, words) <= 0) low = middle + 1;
      else high = middle;
    }
    let found = none;
    for (let i = low - 1; i >= 0; i--) {
      if (compareAt(hi, furthest[i]! * words, address, 0, words) < 0) break;
      if (compareAt(hi, order[i]! * words, address, 0, words) >= 0) found = [...found, order[i]!];
    }
    return found;
  };
}
