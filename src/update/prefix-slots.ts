/** Keys in prefix tables (src/compile/prefix-table.ts): one of the longest length gets another label. */
import { maxPrefixBuckets, prefixSlots } from '../compile/abi.js';
import { scale } from '../compile/address-hash.js';
import type { PrefixLayout } from '../compile/family.js';
import { highHalf, lowHalf } from '../compile/halves.js';
import { hashPrefix } from '../compile/key-hash.js';
import { bloomBits, bucketWords } from '../compile/prefix-buckets.js';
import { keyMask, lengthWordCount, markersBefore } from '../compile/prefix-groups.js';
import type { AddressSlots } from './address-slots.js';
import type { TableMemory } from './table-memory.js';

/** Four words, most significant first; of a tuple those that its table uses. */
export type Key = readonly number[];
type Words = readonly [number, number, number, number];

const wordsOf = (key: Key): Words => [key[0]!, key[1]!, key[2]!, key[3]!];

interface Group {
  readonly label: number;
  /** Number of the word where its lengths begin, and how many they are. */
  readonly lengths: number;
  readonly count: number;
}

const groupWords = 4;
/** Where the byte stands in the word, on this host. */
const byteShift = (byte: number): number => (lowHalf === 0 ? byte * 8 : 24 - byte * 8);
const overflowed = 3;

export class PrefixSlots {
  #groups: number;
  /** Groups of the longest length alone, by their label. */
  readonly #groupOf = new Map<number, number>();

  /** `top`: IPv6 addresses, whose first word leads to the group + 1; null: there is one group. */
  constructor(
    private readonly memory: TableMemory,
    private readonly place: PrefixLayout,
    private readonly top: AddressSlots | null,
  ) {
    this.#groups = place.groups;
  }

  label(whole: Key): number {
    const key = wordsOf(whole);
    const group = this.#group(this.top === null ? 1 : this.top.label(key[0]));
    let { label, lengths, count: left } = group;
    while (left > 0) {
      const half = left >>> 1;
      const at = lengths + half * lengthWordCount;
      const found = this.#find(key, this.#lengthAt(at));
      if (found >= 0) {
        label = this.memory.words[found]!;
        lengths = at + lengthWordCount;
        left -= half + 1;
      } else left = half;
    }
    return label;
  }

  /** False: there is no room for it. `key` is as long as the longest. */
  set(whole: Key, label: number): boolean {
    const key = wordsOf(whole);
    const { unit } = this.place;
    const group = this.#group(this.top === null ? 1 : this.top.label(key[0]));
    const found = this.#find(key, unit);
    if (group.count > 0) {
      if (this.#lengthAt(group.lengths + (group.count - 1) * lengthWordCount) !== unit) return false;
      if (found >= 0) this.memory.store32(found, label);
      else return this.#insert(key, unit, label) && this.#mark(key, group);
      return true;
    }
    // The first long prefix under these 32 bits: it is there before they lead to it.
    if (found >= 0) this.memory.store32(found, label);
    else if (!this.#insert(key, unit, label)) return false;
    const number = this.#groupWith(group.label);
    return number > 0 && this.top !== null && this.top.set(key[0], number);
  }

  #group(number: number): Group {
    const { words } = this.memory;
    const at = (this.place.numbers['groups']! >>> 2) + (number - 1) * groupWords;
    return { label: words[at]!, lengths: words[at + 1]! >>> 2, count: words[at + 2]! };
  }

  #lengthAt(word: number): number {
    return this.memory.words[word + 4 + lowHalf]! - 1;
  }

  /** Number + 1 of the group that has the label and the longest length only; 0: there is no room for it. */
  #groupWith(label: number): number {
    const known = this.#groupOf.get(label);
    if (known !== undefined) return known;
    const lengths = this.#unitLength();
    if (lengths < 0) return 0;
    let number = 1;
    for (; number <= this.#groups; number++) {
      const group = this.#group(number);
      if (group.label === label && group.count === 1 && this.#lengthAt(group.lengths) === this.place.unit) break;
    }
    if (number > this.#groups) {
      if (number > this.place.numbers['group_count']!) return 0;
      this.#groups = number;
      const at = this.place.numbers['groups']! + (number - 1) * groupWords * 4;
      this.memory.write(at, Uint32Array.of(label, lengths * 4, 1, 0));
    }
    this.#groupOf.set(label, number);
    return number;
  }

  /** Number of the word where a list of the longest length alone begins. */
  #unitLength(): number {
    const { offset, capacity } = this.place.lengths;
    for (let i = 0; i < capacity; i++) {
      const at = (offset >>> 2) + i * lengthWordCount;
      if (this.#lengthAt(at) === this.place.unit) return at;
    }
    return -1;
  }

  /** The entries that lead a search to the longest length, each with the label of the longest prefix around it. */
  #mark(key: Words, { label, lengths, count }: Group): boolean {
    const lengthOf = (position: number): number => this.#lengthAt(lengths + position * lengthWordCount);
    return markersBefore(count, count - 1).every((position) => {
      const short = lengthOf(position);
      if (this.#find(key, short) >= 0) return true;
      for (let outer = position - 1; outer >= 0; outer--) {
        const found = this.#find(key, lengthOf(outer));
        if (found >= 0) return this.#insert(key, short, this.memory.words[found]!);
      }
      return this.#insert(key, short, label);
    });
  }

  #masked(key: Words, length: number): Words {
    const { layout } = this.place;
    const word = (k: 0 | 1 | 2 | 3): number => (key[k] & keyMask(layout, length, k)) >>> 0;
    return [word(0), word(1), word(2), word(3)];
  }

  #hash([a, b, c, d]: Words, tag: number): number {
    return hashPrefix(a, b, c, d, tag, this.place.numbers['seed']!);
  }

  #bucket(hash: number, probe: number): number {
    const { buckets, bucket_count: count } = this.place.numbers;
    return (buckets! >>> 2) + (scale(hash, count!) + probe) * bucketWords;
  }

  /** Number of the word where the entry's label stands, or -1. */
  #find(key: Words, length: number): number {
    const { words } = this.memory;
    const [a, b, c, d] = this.#masked(key, length);
    const tag = length + 1;
    const hash = this.#hash([a, b, c, d], tag);
    for (let probe = 0; probe < maxPrefixBuckets; probe++) {
      const at = this.#bucket(hash, probe);
      for (let slot = 0; slot < prefixSlots; slot++) {
        const high = at + slot * 2;
        const low = high + prefixSlots * 2;
        if (words[high + highHalf] !== a || words[high + lowHalf] !== b) continue;
        if (words[low + highHalf] !== c || words[low + lowHalf] !== d) continue;
        if (this.#tagAt(at, slot) === tag) return this.#labelWord(at, slot);
      }
      if (!this.#isOverflowed(at)) return -1;
    }
    return -1;
  }

  #labelWord(bucket: number, slot: number): number {
    return bucket + prefixSlots * 4 + slot;
  }

  #tagAt(bucket: number, slot: number): number {
    const { words } = this.memory;
    return (words[bucket + 15]! >>> byteShift(slot)) & 255;
  }

  #isOverflowed(bucket: number): boolean {
    const { words } = this.memory;
    return ((words[bucket + 15]! >>> byteShift(overflowed)) & 255) !== 0;
  }

  /** The tag comes last: a slot without one is free. */
  #insert(whole: Words, length: number, label: number): boolean {
    const key = this.#masked(whole, length);
    const tag = length + 1;
    const hash = this.#hash(key, tag);
    for (let probe = 0; probe < maxPrefixBuckets; probe++) {
      const at = this.#bucket(hash, probe);
      for (let slot = 0; slot < prefixSlots; slot++) {
        if (this.#tagAt(at, slot) !== 0) continue;
        this.#addToBloom(hash);
        for (let before = 0; before < probe; before++) this.#setOverflowed(this.#bucket(hash, before));
        this.#writeKey(at + slot * 2, key[0], key[1]);
        this.#writeKey(at + (prefixSlots + slot) * 2, key[2], key[3]);
        this.memory.store32(this.#labelWord(at, slot), label);
        this.#setTag(at, slot, tag);
        return true;
      }
    }
    return false;
  }

  #writeKey(word: number, high: number, low: number): void {
    if (highHalf === 0) this.memory.store64(word, high, low);
    else this.memory.store64(word, low, high);
  }

  #setTag(bucket: number, slot: number, tag: number): void {
    this.memory.store32(bucket + 15, this.memory.words[bucket + 15]! | (tag << byteShift(slot)));
  }

  #setOverflowed(bucket: number): void {
    const word = bucket + 15;
    this.memory.store32(word, this.memory.words[word]! | (1 << byteShift(overflowed)));
  }

  #addToBloom(hash: number): void {
    const { bloom, bloom_words: count = 0 } = this.place.numbers;
    if (count === 0) return;
    const at = (bloom! >>> 2) + scale(hash, count) * 2;
    const [low, high] = bloomBits(hash);
    for (const [half, bits] of [
      [lowHalf, low],
      [highHalf, high],
    ] as const)
      this.memory.store32(at + half, this.memory.words[at + half]! | bits);
  }
}
