/** Keys of several fields in tuple tables (src/compile/tuple-table.ts): one of which every bit counts gets another label. */
import { maxPrefixBuckets, tupleBucketWords, tupleShapeWords } from '../compile/abi.js';
import { scale } from '../compile/address-hash.js';
import type { TupleLayout } from '../compile/family.js';
import { highHalf, lowHalf } from '../compile/halves.js';
import { bloomBits } from '../compile/prefix-buckets.js';
import { hashTuple } from '../compile/key-hash.js';
import type { Key } from './prefix-slots.js';
import type { TableMemory } from './table-memory.js';

/** Where the byte stands in the word, on this host. */
const byteShift = (byte: number): number => (lowHalf === 0 ? byte * 8 : 24 - byte * 8);
const overflowed = 3;
/** The first shape: no key is more special. */
const whole = 1;

export class TupleSlots {
  constructor(
    private readonly memory: TableMemory,
    private readonly place: TupleLayout,
  ) {}

  label(key: Key): number {
    const { shapes, shape_count: count = 0, fallback = 0 } = this.place.numbers;
    const { used } = this.place.table;
    const { words } = this.memory;
    for (let shape = 0; shape < count; shape++) {
      const mask = (shapes! >>> 2) + shape * tupleShapeWords;
      const masked = key.map((word, i) => (word & words[mask + used[i]!]!) >>> 0);
      const found = this.#find(masked, shape + 1);
      if (found >= 0) return words[found]!;
    }
    return fallback;
  }

  /** False: there is no room for it. */
  set(key: Key, label: number): boolean {
    const found = this.#find(key, whole);
    if (found < 0) return this.#insert(key, label);
    this.memory.store32(found, label);
    return true;
  }

  #hash(key: Key, tag: number): number {
    return hashTuple(this.place.table.used, (i) => key[i]!, tag, this.place.numbers['seed']!);
  }

  #bucket(hash: number, probe: number): number {
    const { buckets, bucket_count: count } = this.place.numbers;
    return (buckets! >>> 2) + (scale(hash, count!) + probe) * tupleBucketWords;
  }

  #byte(bucket: number, byte: number): number {
    return (this.memory.words[bucket + tupleBucketWords - 1]! >>> byteShift(byte)) & 255;
  }

  #setByte(bucket: number, byte: number, value: number): void {
    const word = bucket + tupleBucketWords - 1;
    this.memory.store32(word, this.memory.words[word]! | (value << byteShift(byte)));
  }

  /** Number of the word where the entry's label stands, or -1. */
  #find(key: Key, tag: number): number {
    const { words } = this.memory;
    const hash = this.#hash(key, tag);
    const size = key.length + 1;
    for (let probe = 0; probe < maxPrefixBuckets; probe++) {
      const bucket = this.#bucket(hash, probe);
      for (let slot = 0; slot < this.place.table.slots; slot++) {
        const at = bucket + slot * size;
        if (this.#byte(bucket, slot) === tag && key.every((word, i) => words[at + i] === word)) return at + key.length;
      }
      if (this.#byte(bucket, overflowed) === 0) return -1;
    }
    return -1;
  }

  /** The label comes last: the program reads it first, and an entry without one is none. */
  #insert(key: Key, label: number): boolean {
    const hash = this.#hash(key, whole);
    const size = key.length + 1;
    for (let probe = 0; probe < maxPrefixBuckets; probe++) {
      const bucket = this.#bucket(hash, probe);
      for (let slot = 0; slot < this.place.table.slots; slot++) {
        if (this.#byte(bucket, slot) !== 0) continue;
        this.#addToBloom(hash);
        for (let before = 0; before < probe; before++) this.#setByte(this.#bucket(hash, before), overflowed, 1);
        const at = bucket + slot * size;
        key.forEach((word, i) => {
          this.memory.store32(at + i, word);
        });
        this.#setByte(bucket, slot, whole);
        this.memory.store32(at + key.length, label);
        return true;
      }
    }
    return false;
  }

  #addToBloom(hash: number): void {
    const { bloom, bloom_words: count = 0 } = this.place.numbers;
    if (count === 0) return;
    const at = (bloom! >>> 2) + scale(hash, count) * 2;
    const [low, high] = bloomBits(hash);
    this.memory.store32(at + lowHalf, this.memory.words[at + lowHalf]! | low);
    this.memory.store32(at + highHalf, this.memory.words[at + highHalf]! | high);
  }
}
