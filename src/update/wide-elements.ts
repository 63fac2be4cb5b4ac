/** Elements of a set that are more than one address: what lies within another one cannot come or go by itself. IPv4. */
import type { AddressRanges } from '../model/address.js';
import { sortByColumns } from '../model/radix-sort.js';

/** How a range lies to the wide elements of its set. */
export type Position =
  /** It touches none. */
  | 'apart'
  /** It is one of them, and nothing else of the set lies in it. */
  | 'own'
  /** It lies within one, around one or across. */
  | 'nested';

export class WideElements {
  /** Ascending and disjoint; `null` where elements nest, then the union of them. */
  #lo: number[] = [];
  #hi: number[] = [];
  /** By position in `#lo`: something else of the set lies in it. */
  #crowded: boolean[] = [];

  constructor(ranges: AddressRanges) {
    const wide: number[] = [];
    for (let i = 0; i < ranges.count; i++) if (ranges.lo[i] !== ranges.hi[i]) wide.push(i);
    if (wide.length === 0) return;
    const lo = Uint32Array.from(wide, (i) => ranges.lo[i]!);
    for (const i of sortByColumns([lo], wide.length)) this.#append(lo[i]!, ranges.hi[wide[i]!]!);
    for (let i = 0; i < ranges.count; i++) {
      const at = ranges.lo[i] === ranges.hi[i] ? this.#last(ranges.lo[i]!) : -1;
      if (at >= 0 && ranges.lo[i]! <= this.#hi[at]!) this.#crowded[at] = true;
    }
  }

  position(lo: number, hi: number): Position {
    const at = this.#last(hi);
    if (at < 0 || this.#hi[at]! < lo) return 'apart';
    return lo !== hi && this.#lo[at] === lo && this.#hi[at] === hi && !this.#crowded[at]! ? 'own' : 'nested';
  }

  /** One that is apart from all others. */
  add(lo: number, hi: number): void {
    const at = this.#last(lo) + 1;
    this.#lo.splice(at, 0, lo);
    this.#hi.splice(at, 0, hi);
    this.#crowded.splice(at, 0, false);
  }

  remove(lo: number): void {
    const at = this.#last(lo);
    this.#lo.splice(at, 1);
    this.#hi.splice(at, 1);
    this.#crowded.splice(at, 1);
  }

  /** Position of the last one that begins there or before, or -1. */
  #last(address: number): number {
    let low = 0;
    let high = this.#lo.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lo[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #append(lo: number, hi: number): void {
    const last = this.#lo.length - 1;
    if (last >= 0 && lo <= this.#hi[last]!) {
      this.#hi[last] = Math.max(hi, this.#hi[last]!);
      this.#crowded[last] = true;
      return;
    }
    this.#lo.push(lo);
    this.#hi.push(hi);
    this.#crowded.push(false);
  }
}
