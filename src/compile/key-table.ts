/** Distinct keys of a few u32 words each, numbered in the order of their arrival; found by hashing. */

export class KeyTable {
  #words: Uint32Array;
  #count = 0;
  /** Number + 1 of the key; open addressing. */
  #slots = new Int32Array(1024);
  readonly #scratch: Uint32Array;

  constructor(
    readonly width: number,
    capacity = 64,
  ) {
    this.#words = new Uint32Array(Math.max(64, capacity) * width);
    this.#scratch = new Uint32Array(width);
    while (this.#slots.length < capacity * 2) this.#slots = new Int32Array(this.#slots.length * 2);
  }

  get count(): number {
    return this.#count;
  }

  word(number: number, w: number): number {
    return this.#words[number * this.width + w]!;
  }

  /** Number of the key, which is added where it is not there. */
  add(key: ArrayLike<number>): number {
    const slot = this.#find(key);
    const known = this.#slots[slot]!;
    if (known !== 0) return known - 1;
    const number = this.#count++;
    if (this.#count * this.width > this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    for (let w = 0; w < this.width; w++) this.#words[number * this.width + w] = key[w]!;
    this.#slots[slot] = this.#count;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return number;
  }

  /** -1 where it is not there. */
  find(key: ArrayLike<number>): number {
    return this.#slots[this.#find(key)]! - 1;
  }

  #find(key: ArrayLike<number>): number {
    const last = this.#slots.length - 1;
    let h = 0;
    for (let w = 0; w < this.width; w++) h = Math.imul(h ^ key[w]!, 0x9e3779b1) ^ (h >>> 15);
    h ^= h >>> 16;
    let slot = h & last;
    while (this.#slots[slot] !== 0 && !this.#equals(this.#slots[slot]! - 1, key)) slot = (slot + 1) & last;
    return slot;
  }

  #equals(number: number, key: ArrayLike<number>): boolean {
    const at = number * this.width;
    for (let w = 0; w < this.width; w++) if (this.#words[at + w] !== key[w]! >>> 0) return false;
    return true;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const key = this.#scratch;
    for (let number = 0; number < this.#count; number++) {
      for (let w = 0; w < this.width; w++) key[w] = this.word(number, w);
      this.#slots[this.#find(key)] = number + 1;
    }
  }
}
