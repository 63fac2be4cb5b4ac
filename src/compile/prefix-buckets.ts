/** Entries of a prefix table in buckets of one cache line, behind a Bloom filter where they are many. bpf/prefix.h reads them. */
import { counterBits, counterMask, expiryClass, maxPrefixBuckets, prefixSlots } from './abi.js';
import { scale } from './address-hash.js';
import type { CounterRow } from './counter-row.js';
import { crossovers } from './crossovers.js';
import { lowHalf, highHalf } from './halves.js';
import { hashPrefix, untilPlaced } from './key-hash.js';
import { sortByColumns } from '../model/radix-sort.js';

/** Columns: four key words, most significant first; tag and label as struct prefix_bucket has them. */
export interface PrefixEntries {
  readonly count: number;
  readonly word: readonly Uint32Array[];
  readonly tag: Uint32Array;
  readonly label: Uint32Array;
}

export interface PrefixBuckets {
  readonly store: PrefixStore;
  readonly seed: number;
  /** u64s as two u32s each; empty: no filter. */
  readonly bloom: Uint32Array;
}

export interface PrefixStore {
  /** struct prefix_bucket: 16 u32s each. */
  readonly words: Uint32Array;
  readonly count: number;
  /** Place of the counters of the first bucket; null: counters stand by their numbers. */
  readonly counters: number | null;
}

/** So few that they stay near, and so many that few entries stand in a later bucket than theirs: of 1.2 to 2.2 entries a bucket that differed little. */
const slotsPerEntry = 1.7;
export const bucketsFor = (entries: number): number => Math.ceil((entries * slotsPerEntry) / prefixSlots);

/** Four bits in one word: one false answer of a hundred. */
const bloomBitsPerEntry = 12;
export const bucketWords = 16;

/** Null: no entries, and no buckets either. `spare`: entries that may come to it. `counters`: null if entries have none. */
export function prefixBuckets(
  entries: PrefixEntries,
  spare: number,
  counters: CounterRow | null,
): PrefixBuckets | null {
  if (entries.count + spare === 0) return null;
  const isMany = entries.count + spare >= crossovers.bloomFrom;
  return untilPlaced(bucketsFor(entries.count + spare), (seed, count) => {
    const hashes = hashEntries(entries, seed);
    const store = storePrefixes(entries, hashes, count, { grows: spare > 0, counters });
    if (store === null) return null;
    return { store, seed, bloom: isMany ? bloomOf(hashes, spare) : new Uint32Array(0) };
  });
}

export function hashEntries({ count, word, tag }: PrefixEntries, seed: number): Uint32Array {
  const [a, b, c, d] = word;
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++) hashes[i] = hashPrefix(a![i]!, b![i]!, c![i]!, d![i]!, tag[i]!, seed);
  return hashes;
}

interface StoreOptions {
  /** Free slots are for entries that come later. */
  readonly grows: boolean;
  /** Of many, these have places for them; null: entries have none. */
  readonly counters: CounterRow | null;
}

/** Into `count` buckets, in the order of their places, so that none stands far behind its own. Null: one stands further than a lookup goes. */
export function storePrefixes(
  entries: PrefixEntries,
  hashes: Uint32Array,
  count: number,
  { grows, counters }: StoreOptions,
): PrefixStore | null {
  const words = new Uint32Array((count + maxPrefixBuckets) * bucketWords);
  const bytes = new Uint8Array(words.buffer);
  if (grows) fillFree(words);
  let [bucket, used] = [0, 0];
  for (const i of sortByColumns([hashes], entries.count)) {
    const place = scale(hashes[i]!, count);
    if (place > bucket) [bucket, used] = [place, 0];
    if (used === prefixSlots) {
      markOverflowed(bytes, bucket++);
      used = 0;
    }
    if (bucket - place >= maxPrefixBuckets) return null;
    writeEntry(words, bytes, bucket * bucketWords, slotOf(bucket, used++), entries, i);
  }
  const areBeside = !grows && counters !== null && entries.count >= crossovers.orderedCountersFrom;
  return { words, count, counters: areBeside ? orderCounters(words, counters) : null };
}

/**
 * The slot that is taken as that one. Where counters stand in the order of slots, those of one bucket in four begin at the end of a cache line:
 * the one that stands there alone is taken last, for a lookup loads the line of the other two (bpf/prefix.h, load_counters).
 */
const slotOf = (bucket: number, taken: number): number => (bucket % 4 === 1 ? (taken + 1) % prefixSlots : taken);

/** Gives the counters of entries places in the order of these. Answers the first one; null: there is no room. */
function orderCounters(words: Uint32Array, row: CounterRow): number | null {
  const buckets = words.length / bucketWords;
  const numbers = new Uint32Array(Math.ceil((buckets * prefixSlots) / 8) * 8);
  if (!row.hasRoom(numbers.length)) return null;
  for (let place = 0; place < buckets * prefixSlots; place++) {
    const label = words[labelAt(place)]!;
    if (label >>> counterBits < expiryClass) numbers[place] = label & counterMask;
  }
  const first = row.add(numbers);
  numbers.forEach((number, place) => {
    if (number === 0) return;
    const at = labelAt(place);
    words[at] = (((words[at]! >>> counterBits) << counterBits) | (first + place + 1)) >>> 0;
  });
  return first;
}

const labelAt = (place: number): number =>
  Math.floor(place / prefixSlots) * bucketWords + prefixSlots * 4 + (place % prefixSlots);

/**
 * Keys of free slots. A lookup that meets a slot while it is written may see some of its words as they were, and others as they will be:
 * no packet has such a key. (Of MACs the low half is the same in all keys, and the high half is written at once.)
 */
const nobody = 0xff2ad5c3;

function fillFree(words: Uint32Array): void {
  for (let at = 0; at < words.length; at += bucketWords) words.fill(nobody, at, at + prefixSlots * 4);
}

/** An entry whose place is in that bucket or before stands in a later one. */
export function markOverflowed(bytes: Uint8Array, bucket: number): void {
  bytes[bucket * 64 + 63] = 1;
}

/** Entry `i` into the slot of the bucket at that word; `bytes`: of the same memory. */
export function writeEntry(
  words: Uint32Array,
  bytes: Uint8Array,
  at: number,
  slot: number,
  entries: PrefixEntries,
  i: number,
): void {
  const { word } = entries;
  words[at + slot * 2 + highHalf] = word[0]![i]!;
  words[at + slot * 2 + lowHalf] = word[1]![i]!;
  words[at + (prefixSlots + slot) * 2 + highHalf] = word[2]![i]!;
  words[at + (prefixSlots + slot) * 2 + lowHalf] = word[3]![i]!;
  words[at + 12 + slot] = entries.label[i]!;
  bytes[(at + 15) * 4 + slot] = entries.tag[i]!;
}

/** The bits of one word that stand for a hash: its low half, its high half. */
export function bloomBits(h: number): [low: number, high: number] {
  const bits = Math.imul(h, 0x85ebca6b);
  const halves: [number, number] = [0, 0];
  for (const shift of [8, 14, 20, 26]) {
    const bit = (bits >>> shift) & 63;
    halves[bit >>> 5]! |= 1 << (bit & 31);
  }
  return halves;
}

/** Of entries with these hashes, and of `spare` more that may come. */
export function bloomOf(hashes: Uint32Array, spare: number): Uint32Array {
  const words = Math.ceil(((hashes.length + spare) * bloomBitsPerEntry) / 64);
  const bloom = new Uint32Array(words * 2);
  for (const h of hashes) {
    const at = scale(h, words) * 2;
    const [low, high] = bloomBits(h);
    bloom[at + lowHalf]! |= low;
    bloom[at + highHalf]! |= high;
  }
  return bloom;
}
