/**
 * IPv4 addresses that have a counter each, in one cache line with it (bpf/abi.h, struct counted_bucket): a drop loads one line from far away
 * where an address and then its counter would be two.
 */
import {
  counterBits,
  counterMask,
  countedAddressPlaces,
  countedBucketPlaces,
  countedSlots,
  expiryClass,
  maxBucketsProbed,
} from './abi.js';
import { hashAddress, scale } from './address-hash.js';
import { placeInBuckets } from './bucket-places.js';
import { isCounted, type CountedPlaces, type CounterRow } from './counter-row.js';
import { crossovers } from './crossovers.js';

const wordsOfBucket = countedBucketPlaces * 2;
const overflowed = countedSlots;

export interface CountedBuckets {
  readonly count: number;
  readonly seed: number;
  readonly elements: number;
  /** Of the buckets, among the counters of a CPU. */
  readonly place: number;
  /** The label of a place, less the place: the class that all addresses have. */
  readonly label: number;
}

/**
 * Puts the addresses among the counters. Null: they are few, or their labels are not of one class with a counter each, or they take too much memory.
 */
export function countedBuckets(addresses: Uint32Array, labels: Uint32Array, row: CounterRow): CountedBuckets | null {
  if (!areEachCounted(labels)) return null;
  let count = Math.ceil(addresses.length / loadOf(addresses.length));
  for (let seed = 1; row.hasRoom((count + maxBucketsProbed) * countedBucketPlaces); seed++) {
    const filled = fill(addresses, labels, count, seed);
    if (filled !== null) {
      const place = row.add(filled.numbers, filled.words);
      return {
        count,
        seed,
        elements: addresses.length,
        place,
        label: ((labels[0]! >>> counterBits) << counterBits) >>> 0,
      };
    }
    if (seed % 3 === 0) count = Math.ceil(count * 1.25);
  }
  return null;
}

/** Addresses a bucket. */
const loadOf = (addresses: number): number => crossovers.countedLoads.find(([from]) => addresses >= from)![1];

/** They are enough, and of one class, with a counter each. */
export function areEachCounted(labels: Uint32Array): boolean {
  const first = labels[0]!;
  if (labels.length < crossovers.countedFrom || first >>> counterBits >= expiryClass) return false;
  return labels.every((label) => isCounted(label, first));
}

/** By bucket: addresses, and whether it has overflowed; of each counter its number + 1. Null: some address found no slot on its way. */
function fill(
  addresses: Uint32Array,
  labels: Uint32Array,
  count: number,
  seed: number,
): Pick<CountedPlaces, 'words' | 'numbers'> | null {
  const homes = addresses.map((address) => scale(hashAddress(address, seed), count));
  const placed = placeInBuckets(homes, count, { slots: countedSlots, probed: maxBucketsProbed });
  if (placed === null) return null;
  const total = count + maxBucketsProbed;
  const words = new Uint32Array(total * wordsOfBucket);
  const numbers = new Uint32Array(total * countedBucketPlaces);
  placed.places.forEach((place, i) => {
    const bucket = Math.floor(place / countedSlots);
    const slot = place % countedSlots;
    words[bucket * wordsOfBucket + slot] = addresses[i]!;
    numbers[bucket * countedBucketPlaces + countedAddressPlaces + slot] = labels[i]! & counterMask;
  });
  placed.overflowed.forEach((is, bucket) => (words[bucket * wordsOfBucket + overflowed] = is));
  fillEmpty(words, placed.taken, count, seed);
  return { words, numbers };
}

/** With an address whose way begins elsewhere: one for nearly all buckets, and another where the way of that one goes. */
function fillEmpty(words: Uint32Array, filled: Uint8Array, count: number, seed: number): void {
  const homeOf = (address: number): number => scale(hashAddress(address, seed), count);
  const usual = homeOf(0);
  let other = 1;
  while (Math.abs(homeOf(other) - usual) < maxBucketsProbed) other++;
  for (let bucket = 0; bucket < filled.length; bucket++) {
    const isOnWay = bucket >= usual && bucket < usual + maxBucketsProbed;
    const from = bucket * wordsOfBucket;
    words.fill(isOnWay ? other : 0, from + filled[bucket]!, from + countedSlots);
  }
}
