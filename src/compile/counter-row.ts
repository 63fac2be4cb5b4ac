/**
 * The value of a CPU in the map `counters`: counters by their numbers, and behind them addresses with their counters (counted-buckets.ts). What is
 * counted where stands in one value more, behind those of the CPUs: whoever reads the map finds it there (src/load/native/counters.cc).
 */
import { counterMask, countedBucketPlaces } from './abi.js';
import { crossovers } from './crossovers.js';

/** 64 bytes a bucket: addresses, and in place of each counter its number + 1, 0 for none. */
export interface CountedPlaces {
  /** Of the first bucket: a multiple of eight. */
  readonly first: number;
  readonly words: Uint32Array;
}

export class CounterRow {
  readonly #first: number;
  readonly #parts: Uint32Array[] = [];
  #places: number;

  /** `counters`: those that have a number; 0: nothing is counted. `cpus`: how many values there will be. */
  constructor(
    private readonly counters: number,
    private readonly cpus: number,
  ) {
    this.#first = Math.ceil(counters / countedBucketPlaces) * countedBucketPlaces;
    this.#places = this.#first;
  }

  hasRoom(buckets: number): boolean {
    const places = this.#places + buckets * countedBucketPlaces;
    // A counter, and the flips of its bits 31.
    return places <= counterMask && places * 16 * (this.cpus + 1) <= crossovers.countedBytes;
  }

  /** Place of the first bucket. */
  add(buckets: Uint32Array): number {
    const place = this.#places;
    this.#parts.push(buckets);
    this.#places += buckets.length / 2;
    return place;
  }

  /** Places of each CPU. */
  get places(): number {
    return this.#parts.length === 0 ? this.counters : this.#places;
  }

  get counted(): CountedPlaces | null {
    if (this.#parts.length === 0) return null;
    const words = new Uint32Array((this.#places - this.#first) * 2);
    let at = 0;
    for (const part of this.#parts) {
      words.set(part, at);
      at += part.length;
    }
    return { first: this.#first, words };
  }
}
