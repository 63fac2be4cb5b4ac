/** The first rule of each wording: a hash table of numbers, for a chain may have a hundred thousand rules. */
import type { Segment } from '../model/segments.js';

export interface RulePlace {
  readonly segment: Segment;
  /** Which rule of a run. */
  readonly row: number;
}

export class FirstWordings {
  readonly #mask: number;
  /** Number of an entry + 1, or 0. */
  readonly #slots: Uint32Array;
  readonly #hashes: Int32Array;
  readonly #rows: Uint32Array;
  readonly #segmentOf: Uint32Array;
  readonly #segments: Segment[] = [];
  #count = 0;

  /** `most` rules will be asked for; `wordsAt` is what two rules are compared by. */
  constructor(
    most: number,
    private readonly wordsAt: (segment: Segment, row: number) => string,
  ) {
    const size = 2 ** Math.ceil(Math.log2(most * 2 + 2));
    this.#mask = size - 1;
    this.#slots = new Uint32Array(size);
    this.#hashes = new Int32Array(most);
    this.#rows = new Uint32Array(most);
    this.#segmentOf = new Uint32Array(most);
  }

  /** An earlier rule of the same words, by whose hash both are found; null, and the rule is kept, where there is none. */
  find(hash: number, segment: Segment, row: number): RulePlace | null {
    let slot = hash & this.#mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot]! - 1;
      if (this.#hashes[entry] !== hash) continue;
      const place = { segment: this.#segments[this.#segmentOf[entry]!]!, row: this.#rows[entry]! };
      if (this.wordsAt(place.segment, place.row) === this.wordsAt(segment, row)) return place;
    }
    if (this.#segments.at(-1) !== segment) this.#segments.push(segment);
    this.#slots[slot] = this.#count + 1;
    this.#hashes[this.#count] = hash;
    this.#rows[this.#count] = row;
    this.#segmentOf[this.#count++] = this.#segments.length - 1;
    return null;
  }
}

/** Nobody can write a ruleset of equal hashes beforehand. */
const seed = Math.floor(Math.random() * 2 ** 32) | 0;

/** Of the characters from `start` to `end` (FNV-1a over UTF-16 units, then mixed, so that the low bits differ too). */
export function hashOf(text: string, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
