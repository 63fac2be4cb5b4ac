/** Lists of addresses, one of each rule, one behind the other. */
import { wordsPerAddress, type AddressFamily, type AddressRanges } from './address.js';

/** The ranges of rule i are those from `starts[i]` up to `starts[i + 1]`. */
export interface AddressLists {
  readonly starts: Uint32Array;
  readonly ranges: AddressRanges;
}

/** Where the bounds of a range go. */
export interface RangeRow {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  readonly row: number;
}

/** Lists that are made a range at a time. */
export class AddressListBuilder {
  readonly #words: number;
  readonly #starts: Uint32Array;
  #lo: Uint32Array;
  #hi: Uint32Array;
  #rows = 0;
  #count = 0;

  constructor(
    private readonly family: AddressFamily,
    rows: number,
  ) {
    this.#words = wordsPerAddress(family);
    this.#starts = new Uint32Array(rows + 1);
    this.#lo = new Uint32Array(rows * this.#words);
    this.#hi = new Uint32Array(rows * this.#words);
  }

  /** A range more in the list that is open: `put` has to write its bounds. */
  add(put: (row: RangeRow) => void): void {
    if (this.#count * this.#words === this.#lo.length) {
      this.#lo = doubled(this.#lo, this.#words);
      this.#hi = doubled(this.#hi, this.#words);
    }
    put({ lo: this.#lo, hi: this.#hi, row: this.#count++ });
  }

  /** The list of the next rule follows. */
  close(): void {
    this.#starts[++this.#rows] = this.#count;
  }

  get lists(): AddressLists {
    const [count, words] = [this.#count, this.#count * this.#words];
    const ranges = { family: this.family, count, lo: this.#lo.slice(0, words), hi: this.#hi.slice(0, words) };
    return { starts: this.#starts, ranges };
  }
}

function doubled(column: Uint32Array, least: number): Uint32Array {
  const wide = new Uint32Array(Math.max(column.length * 2, least));
  wide.set(column);
  return wide;
}
