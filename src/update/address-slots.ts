/** IPv4 addresses in buckets, and ranges around them (src/compile/address-table.ts): one address gets another label by one store. */
import { bucketSlots, maxBucketsProbed, where } from '../compile/abi.js';
import { hashAddress, scale } from '../compile/address-hash.js';
import { filterBit } from '../compile/bucket-filter.js';
import type { Numbers } from '../compile/table-numbers.js';
import { placeOfCode } from '../compile/where-map.js';
import type { TableMemory } from './table-memory.js';

const probesForDead = 64;

export class AddressSlots {
  readonly #buckets: number;
  readonly #count: number;
  readonly #seed: number;
  readonly #plain: number;
  readonly #filler: number;
  readonly #ranges: number;
  readonly #rangeCount: number;
  readonly #fallback: number;
  readonly #filter: number;
  readonly #filterBits: number;
  readonly #where: number;
  readonly #whereBits: 1 | 2;

  constructor(
    private readonly memory: TableMemory,
    numbers: Numbers,
  ) {
    const of = (name: string): number => numbers[name] ?? 0;
    this.#buckets = of('buckets') >>> 2;
    this.#count = of('bucket_count');
    this.#seed = of('seed');
    this.#plain = of('plain');
    this.#filler = of('filler');
    this.#ranges = of('ranges') >>> 2;
    this.#rangeCount = of('range_count');
    this.#fallback = of('fallback');
    this.#filter = of('filter') >>> 2;
    this.#filterBits = of('filter_bits');
    this.#where = of('where') >>> 2;
    this.#whereBits = of('where_bits') === 2 ? 2 : 1;
  }

  label(address: number): number {
    const at = this.#find(address);
    if (at < 0) return this.#around(address);
    return this.#plain === 0 ? this.memory.words[at + 1]! : this.#plain;
  }

  /** False: there is no room for it. */
  set(address: number, label: number): boolean {
    return this.#plain === 0 ? this.#setLabelled(address, label) : this.#setPlain(address, label);
  }

  /** Number of the word where the address stands, or -1. */
  #find(address: number): number {
    const { words } = this.memory;
    const stride = this.#plain === 0 ? 2 : 1;
    const end = this.#plain === 0 ? 0 : this.#filler;
    const home = this.#home(address);
    for (let bucket = home; bucket < home + maxBucketsProbed; bucket++) {
      const at = this.#buckets + bucket * bucketSlots * stride;
      for (let slot = 0; slot < bucketSlots; slot++) {
        const word = at + slot * stride;
        if (words[word] === address && (stride === 1 || words[word + 1] !== 0)) return word;
      }
      // The last word of a bucket: the last slot's label, or its address.
      if (words[at + bucketSlots * stride - 1] === end) return -1;
    }
    return -1;
  }

  #home(address: number): number {
    return scale(hashAddress(address, this.#seed), this.#count);
  }

  /** Label of the range that the address lies in: what holds for an address that is in no bucket. */
  #around(address: number): number {
    if (this.#rangeCount === 0) return this.#fallback;
    const { words } = this.memory;
    let low = 0;
    let high = this.#rangeCount;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (words[this.#ranges + middle * 2]! <= address) low = middle;
      else high = middle;
    }
    return words[this.#ranges + low * 2 + 1]!;
  }

  #setLabelled(address: number, label: number): boolean {
    const found = this.#find(address);
    if (found < 0 && label === this.#around(address)) return true;
    const at = found < 0 ? this.#free(address) : found;
    if (at < 0) return false;
    this.#tellWhere(address);
    this.memory.store64(at, address, label);
    return true;
  }

  /** Before an address comes into a bucket: lookups go there. They still do when it has left again. */
  #tellWhere(address: number): void {
    if (this.#filterBits > 0) {
      const bit = filterBit(address, this.#seed, this.#filterBits);
      this.#set(this.#filter + (bit >>> 5), 1 << (bit & 31));
    }
    if (this.#where > 0) {
      const [word, shift] = placeOfCode(address, this.#whereBits);
      this.#set(this.#where + word, where.buckets << shift);
    }
  }

  #set(word: number, bits: number): void {
    this.memory.store32(word, this.memory.words[word]! | bits);
  }

  /** The first empty slot on the way that a lookup takes, so buckets stay filled from the front; else one that says what the ranges say. */
  #free(address: number): number {
    const { words } = this.memory;
    const home = this.#home(address);
    let needless = -1;
    for (let bucket = home; bucket < home + maxBucketsProbed; bucket++) {
      const at = this.#buckets + bucket * bucketSlots * 2;
      for (let slot = 0; slot < bucketSlots; slot++) {
        const label = words[at + slot * 2 + 1]!;
        if (label === 0) return at + slot * 2;
        if (needless < 0 && label === this.#around(words[at + slot * 2]!)) needless = at + slot * 2;
      }
    }
    return needless;
  }

  /** Buckets whose elements share a label have no place for another one: an address can only enter or leave them. */
  #setPlain(address: number, label: number): boolean {
    const found = this.#find(address);
    if (label === this.#plain) {
      const at = found < 0 ? this.#freePlain(address) : found;
      if (at < 0) return false;
      if (found >= 0) return true;
      this.#tellWhere(address);
      this.memory.store32(at, address);
      return true;
    }
    if (label !== this.#around(address) || address === this.#filler) return false;
    if (found < 0) return true;
    const dead = this.#dead(Math.floor((found - this.#buckets) / bucketSlots));
    if (dead < 0) return false;
    this.memory.store32(found, dead);
    return true;
  }

  #freePlain(address: number): number {
    const { words } = this.memory;
    const home = this.#home(address);
    const fillers = this.#home(this.#filler);
    for (let bucket = home; bucket < home + maxBucketsProbed; bucket++) {
      const at = this.#buckets + bucket * bucketSlots;
      const dead = this.#dead(bucket);
      // The filler itself stands at the front of its own bucket.
      for (let slot = bucket === fillers ? 1 : 0; slot < bucketSlots; slot++)
        if (words[at + slot] === this.#filler || words[at + slot] === dead) return at + slot;
    }
    return -1;
  }

  /** An address that no lookup looks for in this bucket: it stands where an element was taken out, for an empty slot would end the search. */
  #dead(bucket: number): number {
    for (let address = 1; address < probesForDead; address++) {
      const home = this.#home(address);
      if ((home > bucket || home + maxBucketsProbed <= bucket) && address !== this.#filler) return address;
    }
    return -1;
  }
}
