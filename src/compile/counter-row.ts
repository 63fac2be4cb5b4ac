/**
 * The value of a CPU in the map `counters`: counters by their numbers, and behind them such that stand where addresses lead to
 * (counted-buckets.ts, counted-cells.ts, prefix-buckets.ts), several of them for one number perhaps. What is counted where stands in one
 * value more, behind those of the CPUs: whoever reads the map finds it there (src/load/native/counters.cc).
 */
import { counterBits, counterMask, countedBucketPlaces } from './abi.js';
import { crossovers } from './crossovers.js';

/** The label has a counter, and the class of that other label. */
export const isCounted = (label: number, ofClass: number): boolean =>
  label >>> counterBits === ofClass >>> counterBits && (label & counterMask) !== 0;

export interface CountedPlaces {
  /** Of those that do not stand by their numbers, the first one: a multiple of eight. */
  readonly first: number;
  /** From there on, what each CPU has before anything is counted: two u32s a place, addresses and zeros. */
  readonly words: Uint32Array;
  /** Number + 1 of the counter at each place; 0: there is none. */
  readonly numbers: Uint32Array;
}

export class CounterRow {
  readonly #first: number;
  readonly #parts: { readonly numbers: Uint32Array; readonly words?: Uint32Array }[] = [];
  #places: number;

  /** `counters`: those that have a number; 0: nothing is counted. `cpus`: how many values there will be. */
  constructor(
    private readonly counters: number,
    private readonly cpus: number,
  ) {
    this.#first = Math.ceil(counters / countedBucketPlaces) * countedBucketPlaces;
    this.#places = this.#first;
  }

  hasRoom(more: number): boolean {
    const places = this.#places + more;
    // A counter, and the flips of its bits 31.
    return places <= counterMask && places * 16 * (this.cpus + 1) <= crossovers.countedBytes;
  }

  /** Whole cache lines of places. `words`: what stands there; absent: zeros. Answers the first one. */
  add(numbers: Uint32Array, words?: Uint32Array): number {
    const place = this.#places;
    this.#parts.push({ numbers, ...(words && { words }) });
    this.#places += numbers.length;
    return place;
  }

  /** Places of each CPU. */
  get places(): number {
    return this.#parts.length === 0 ? this.counters : this.#places;
  }

  get counted(): CountedPlaces | null {
    if (this.#parts.length === 0) return null;
    const words = new Uint32Array((this.#places - this.#first) * 2);
    const numbers = new Uint32Array(this.#places - this.#first);
    let at = 0;
    for (const part of this.#parts) {
      if (part.words) words.set(part.words, at * 2);
      numbers.set(part.numbers, at);
      at += part.numbers.length;
    }
    return { first: this.#first, words, numbers };
  }
}
