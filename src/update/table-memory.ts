/**
 * The value of the map `tables` while the program reads it. Stores are of 2, 4 or 8 bytes, aligned, so a reader meets each whole or not at all,
 * and they become visible in the order in which they are made.
 */
import { lowHalf } from '../compile/halves.js';

export class TableMemory {
  /** To read from. */
  readonly words: Uint32Array;
  readonly #shorts: Uint16Array;
  readonly #pairs: BigUint64Array;

  /** `bytes` begin at a multiple of 8. */
  constructor(bytes: Uint8Array) {
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    this.#shorts = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 1);
    this.#pairs = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 3);
  }

  store32(word: number, value: number): void {
    Atomics.store(this.words, word, value >>> 0);
  }

  /** Two words at once; `word`, the number of the first, is even. */
  store64(word: number, first: number, second: number): void {
    const [low, high] = lowHalf === 0 ? [first, second] : [second, first];
    Atomics.store(this.#pairs, word >>> 1, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  }

  /** `offset`, in bytes, is a multiple of the values' size. */
  write(offset: number, values: Uint16Array | Uint32Array): void {
    const to = values.BYTES_PER_ELEMENT === 2 ? this.#shorts : this.words;
    const first = offset / values.BYTES_PER_ELEMENT;
    for (let i = 0; i < values.length; i++) Atomics.store(to, first + i, values[i]!);
  }
}
