/** Entries of a prefix table in buckets of one cache line, behind a Bloom filter where they are many. bpf/prefix.h reads them. */
import { maxPrefixBuckets, prefixSlots } from './abi.js';
import { scale } from './address-hash.js';
import { crossovers } from './crossovers.js';
import { lowHalf, highHalf } from './halves.js';
import { hashPrefix, untilPlaced } from './key-hash.js';

/** Columns: four key words, most significant first; tag and label as struct prefix_bucket has them. */
export interface PrefixEntries {
  readonly count: number;
  readonly word: readonly Uint32Array[];
  readonly tag: Uint32Array;
  readonly label: Uint32Array;
}

export interface PrefixBuckets {
  /** struct prefix_bucket: 16 u32s each. */
  readonly words: Uint32Array;
  readonly count: number;
  readonly seed: number;
  /** u64s as two u32s each; empty: no filter. */
  readonly bloom: Uint32Array;
}

/** Slots per entry: with three slots a bucket, one lookup of nine reads a second bucket. */
const slotsPerEntry = 1.7;
/** Four bits in one word: one false answer of a hundred. */
const bloomBitsPerEntry = 12;
export const bucketWords = 16;

/** Null: no entries, and no buckets either. `spare`: entries that may come to it. */
export function prefixBuckets(entries: PrefixEntries, spare = 0): PrefixBuckets | null {
  if (entries.count + spare === 0) return null;
  return untilPlaced(Math.ceil(((entries.count + spare) * slotsPerEntry) / prefixSlots), (seed, count) => {
    const words = fill(entries, count, seed, spare > 0);
    if (words === null) return null;
    const isMany = entries.count + spare >= crossovers.bloomFrom;
    return { words, count, seed, bloom: isMany ? bloomOf(entries, seed, spare) : new Uint32Array(0) };
  });
}

const hashEntry = ({ word, tag }: PrefixEntries, i: number, seed: number): number =>
  hashPrefix(word[0]![i]!, word[1]![i]!, word[2]![i]!, word[3]![i]!, tag[i]!, seed);

/** Null when an entry found no slot within the buckets that a lookup probes. */
function fill(entries: PrefixEntries, count: number, seed: number, grows: boolean): Uint32Array | null {
  const words = new Uint32Array((count + maxPrefixBuckets) * bucketWords);
  const used = new Uint8Array(count + maxPrefixBuckets);
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < entries.count; i++) {
    const home = scale(hashEntry(entries, i, seed), count);
    let bucket = home;
    while (used[bucket] === prefixSlots) {
      markOverflowed(bytes, bucket);
      if (++bucket === home + maxPrefixBuckets) return null;
    }
    writeEntry(words, bytes, bucket * bucketWords, used[bucket]!++, entries, i);
  }
  if (grows) {
    used.forEach((from, bucket) => {
      for (let slot = from; slot < prefixSlots; slot++)
        for (const half of [slot, prefixSlots + slot])
          words.fill(nobody, bucket * bucketWords + half * 2, bucket * bucketWords + half * 2 + 2);
    });
  }
  return words;
}

/**
 * Keys of free slots. A lookup that meets a slot while it is written may see some of its words as they were, and others as they will be:
 * no packet has such a key. (Of MACs the low half is the same in all keys, and the high half is written at once.)
 */
const nobody = 0xff2ad5c3;

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

function bloomOf(entries: PrefixEntries, seed: number, spare: number): Uint32Array {
  const words = Math.ceil(((entries.count + spare) * bloomBitsPerEntry) / 64);
  const bloom = new Uint32Array(words * 2);
  for (let i = 0; i < entries.count; i++) {
    const h = hashEntry(entries, i, seed);
    const at = scale(h, words) * 2;
    const [low, high] = bloomBits(h);
    bloom[at + lowHalf]! |= low;
    bloom[at + highHalf]! |= high;
  }
  return bloom;
}
