/** Ranges of addresses (any number of 32-bit words, most significant first) as prefixes. */
import { CompileError, maxPrefixes } from './image.js';

/** Elements of a prefix table, as columns. */
export interface Prefixes {
  readonly count: number;
  /** Before the address: the top 16 bits of a MAC, else 0. */
  readonly top: Uint32Array;
  readonly words: readonly Uint32Array[];
  readonly length: Uint32Array;
  readonly atom: Uint32Array;
  /** Counter + 1, or 0. */
  readonly counter: Uint32Array;
  /** Seconds since the epoch, or 0. */
  readonly expires: Uint32Array;
}

/** What an element brings along, however many prefixes it is split into. */
export interface Carried {
  readonly atom: number;
  /** Counter + 1, or 0. */
  readonly counter: number;
  readonly expires: number;
}

/** Collects prefixes; columns double as they fill up. */
export class PrefixCollector {
  #count = 0;
  #columns: Uint32Array[];
  readonly #lo: Uint32Array;
  readonly #hi: Uint32Array;

  constructor(
    readonly wordCount: number,
    private readonly family: 4 | 6,
    private readonly atomIndex: (atom: number) => number,
    capacity: number,
  ) {
    this.#columns = Array.from({ length: wordCount + 5 }, () => new Uint32Array(Math.max(16, capacity)));
    this.#lo = new Uint32Array(wordCount);
    this.#hi = new Uint32Array(wordCount);
  }

  add(top: number, length: number, { atom, counter, expires }: Carried, words: Uint32Array, at: number): void {
    const i = this.#count++;
    if (i >= this.#columns[0]!.length) this.#grow(atom);
    const w = this.wordCount;
    for (let k = 0; k < w; k++) this.#columns[k]![i] = words[at + k]!;
    this.#columns[w]![i] = top;
    this.#columns[w + 1]![i] = length;
    this.#columns[w + 2]![i] = atom;
    this.#columns[w + 3]![i] = counter;
    this.#columns[w + 4]![i] = expires;
  }

  /** Splits the inclusive range at word `at` of both columns. */
  addRange(top: number, carried: Carried, lows: Uint32Array, highs: Uint32Array, at: number): void {
    const [lo, hi] = [this.#lo, this.#hi];
    for (let k = 0; k < this.wordCount; k++) {
      lo[k] = lows[at + k]!;
      hi[k] = highs[at + k]!;
    }
    while (!above(lo, hi)) {
      const host = hostBits(lo, hi);
      this.add(top, this.wordCount * 32 - host, carried, lo, 0);
      if (advance(lo, host)) return;
    }
  }

  finish(): Prefixes {
    const w = this.wordCount;
    const cut = (k: number): Uint32Array => this.#columns[k]!.subarray(0, this.#count);
    return {
      count: this.#count,
      words: Array.from({ length: w }, (_, k) => cut(k)),
      top: cut(w),
      length: cut(w + 1),
      atom: cut(w + 2),
      counter: cut(w + 3),
      expires: cut(w + 4),
    };
  }

  #grow(atom: number): void {
    if (this.#count > maxPrefixes) {
      const message = `more than ${maxPrefixes} elements after ranges of ports and addresses have been split`;
      throw new CompileError('too-large', message, this.family, [this.atomIndex(atom)]);
    }
    this.#columns = this.#columns.map((column) => {
      const grown = new Uint32Array(column.length * 2);
      grown.set(column);
      return grown;
    });
  }
}

/** The prefixes that make up the inclusive range of `words` words at `at` of both columns; the array is used again for the next one. */
export function forEachPrefix(
  lows: Uint32Array,
  highs: Uint32Array,
  at: number,
  words: number,
  each: (address: Uint32Array, length: number) => void,
): void {
  const lo = lows.slice(at, at + words);
  const hi = highs.slice(at, at + words);
  while (!above(lo, hi)) {
    const host = hostBits(lo, hi);
    each(lo, words * 32 - host);
    if (advance(lo, host)) return;
  }
}

function above(a: Uint32Array, b: Uint32Array): boolean {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! > b[k]!;
  return false;
}

/** Host bits of the largest prefix that begins at `lo` and does not reach beyond `hi`. */
function hostBits(lo: Uint32Array, hi: Uint32Array): number {
  // Most elements are whole prefixes: where the words are equal, or end in 0…0 and 1…1.
  let host = trailingZeros(lo);
  while (host > 0 && reachesBeyond(lo, hi, host)) host--;
  return host;
}

function trailingZeros(a: Uint32Array): number {
  let bits = 0;
  for (let k = a.length - 1; k >= 0; k--) {
    if (a[k] !== 0) return bits + 31 - Math.clz32(a[k]! & -a[k]!);
    bits += 32;
  }
  return bits;
}

/** Host part of word `k` when the whole address has `host` host bits. */
const hostMask = (words: number, k: number, host: number): number => {
  const bits = host - (words - 1 - k) * 32;
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : 2 ** bits - 1;
};

function reachesBeyond(lo: Uint32Array, hi: Uint32Array, host: number): boolean {
  for (let k = 0; k < lo.length; k++) {
    const last = (lo[k]! | hostMask(lo.length, k, host)) >>> 0;
    if (last !== hi[k]!) return last > hi[k]!;
  }
  return false;
}

/** Moves `lo` behind the prefix; true on wrap-around. */
function advance(lo: Uint32Array, host: number): boolean {
  for (let k = 0; k < lo.length; k++) lo[k] = (lo[k]! | hostMask(lo.length, k, host)) >>> 0;
  for (let k = lo.length - 1; k >= 0; k--) {
    lo[k] = (lo[k]! + 1) >>> 0;
    if (lo[k] !== 0) return false;
  }
  return true;
}

/** First position behind a prefix, as top and words; `carry` into top. */
export function positionBehind(prefixes: Prefixes, i: number, out: Uint32Array): void {
  const w = prefixes.words.length;
  const host = w * 32 - prefixes.length[i]!;
  let carry = 1;
  for (let k = w - 1; k >= 0; k--) {
    const sum = ((prefixes.words[k]![i]! | hostMask(w, k, host)) >>> 0) + carry;
    out[k + 1] = sum >>> 0;
    carry = sum > 0xffffffff ? 1 : 0;
  }
  out[0] = prefixes.top[i]! + carry;
}
