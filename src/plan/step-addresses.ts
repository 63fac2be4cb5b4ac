/** Steps by the ranges of addresses that they ask for. */
import { wordsPerAddress, type AddressRanges } from '../model/address.js';

/** A range of addresses as numbers, both inclusive: of IPv6 by their first 53 bits, so two that have no number in common have no address in common. */
export type NumberRange = readonly [low: number, high: number];

export const rangeAt = (ranges: AddressRanges, i: number): NumberRange => [
  numberAt(ranges, ranges.lo, i),
  numberAt(ranges, ranges.hi, i),
];

function numberAt({ family }: AddressRanges, words: Uint32Array, i: number): number {
  const at = i * wordsPerAddress(family);
  return family === 4 ? words[at]! : words[at]! * 2 ** 21 + (words[at + 1]! >>> 11);
}

export interface StepRange {
  readonly range: NumberRange;
  readonly step: number;
  /** Of a drop that asks for one range: it drops no condition that reaches out of it. */
  readonly bounds: boolean;
}

/** What is looked for: steps that may be met, those that bound only where they may hold the whole range or are behind others. */
interface Search {
  readonly range: NumberRange;
  /** The first step that counts though it does not hold the range. */
  readonly counted: number;
  readonly found: number[];
  /** As many may be found. */
  readonly most: number;
}

/** A balanced tree in arrays: the middle of each part is its root. */
export class StepsByAddress {
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #steps: Uint32Array;
  readonly #bounds: readonly boolean[];
  /** Highest end of the part whose root is there. */
  readonly #reach: Float64Array;

  constructor(entries: readonly StepRange[]) {
    const sorted = entries.toSorted((a, b) => a.range[0] - b.range[0]);
    this.#low = Float64Array.from(sorted, ({ range }) => range[0]);
    this.#high = Float64Array.from(sorted, ({ range }) => range[1]);
    this.#steps = Uint32Array.from(sorted, ({ step }) => step);
    this.#bounds = sorted.map(({ bounds }) => bounds);
    this.#reach = new Float64Array(sorted.length);
    this.#reachOf(0, sorted.length);
  }

  #reachOf(from: number, to: number): number {
    if (from >= to) return -1;
    const middle = (from + to) >>> 1;
    const reach = Math.max(this.#high[middle]!, this.#reachOf(from, middle), this.#reachOf(middle + 1, to));
    this.#reach[middle] = reach;
    return reach;
  }

  /** False: they are too many, and some were not found. */
  find(search: Search): boolean {
    return this.#findIn(0, this.#low.length, search);
  }

  #findIn(from: number, to: number, search: Search): boolean {
    const middle = (from + to) >>> 1;
    const [low, high] = search.range;
    if (from >= to || this.#reach[middle]! < low) return true;
    if (!this.#findIn(from, middle, search)) return false;
    if (this.#low[middle]! > high) return true;
    if (this.#isMet(middle, search)) {
      if (search.found.length === search.most) return false;
      search.found.push(this.#steps[middle]!);
    }
    return this.#findIn(middle + 1, to, search);
  }

  #isMet(at: number, { range: [low, high], counted }: Search): boolean {
    if (this.#high[at]! < low) return false;
    const holds = this.#low[at]! <= low && high <= this.#high[at]!;
    return holds || !this.#bounds[at]! || this.#steps[at]! >= counted;
  }
}
