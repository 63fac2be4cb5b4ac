/**
 * IPv6 prefixes of few lengths (bpf/abi-addresses.h, struct few_length): entries of all of them in one table of buckets, behind a filter that is asked for
 * each length.
 */
import { maxFewLengths } from './abi.js';
import { scale } from './address-hash.js';
import type { CounterRow } from './counter-row.js';
import { highHalf, lowHalf } from './halves.js';
import { saltOf, seedAt } from './key-hash.js';
import { bucketsFor, hashEntries, storePrefixes, type PrefixEntries, type PrefixStore } from './prefix-buckets.js';
import { keyMask } from './prefix-groups.js';

export interface FewLengths {
  readonly kind: 'few';
  /** struct few_length, u32s. */
  readonly lengths: Uint32Array;
  readonly count: number;
  readonly seed: number;
  readonly store: PrefixStore;
  /** u64s as two u32s each. */
  readonly filter: Uint32Array;
  readonly fallback: number;
  readonly elements: number;
}

/** For each entry: three of them in one word are set. One false answer of sixty. */
const filterBits = 16;

/** After so many other structures have them, whose tables grow. */
const maxSeeds = 8;

/** Null: there is one length, or they are too many. `counters`: as for other prefixes (prefix-buckets.ts). */
export function fewLengths(entries: PrefixEntries, fallback: number, counters: CounterRow | null): FewLengths | null {
  const tags = distinct(entries.tag);
  if (tags === null || tags.length === 1) return null;
  const count = bucketsFor(entries.count);
  for (let n = 1; n <= maxSeeds; n++) {
    const seed = seedAt(n);
    const hashes = hashEntries(entries, seed);
    const store = storePrefixes(entries, hashes, count, { grows: false, counters });
    if (store === null) continue;
    return {
      kind: 'few',
      lengths: lengthWords(tags),
      count: tags.length,
      seed,
      store,
      filter: filterOf(hashes),
      fallback,
      elements: entries.count,
    };
  }
  return null;
}

/** Tags of the entries, longest first; null: they are many. */
function distinct(tags: Uint32Array): number[] | null {
  const seen = new Set<number>();
  for (const tag of tags) if (seen.add(tag).size > maxFewLengths) return null;
  return [...seen].sort((a, b) => b - a);
}

function lengthWords(tags: readonly number[]): Uint32Array {
  const words = new Uint32Array(maxFewLengths * 8);
  tags.forEach((tag, i) => {
    const salt = saltOf(tag);
    const mask = (k: number): number => keyMask('address6', tag - 1, k);
    [mask(0), mask(2), salt.high, 0].forEach((half, k) => (words[i * 8 + k * 2 + highHalf] = half));
    [mask(1), mask(3), salt.low, tag].forEach((half, k) => (words[i * 8 + k * 2 + lowHalf] = half));
  });
  return words;
}

function filterOf(hashes: Uint32Array): Uint32Array {
  const count = Math.ceil((hashes.length * filterBits) / 64);
  const words = new Uint32Array(count * 2);
  for (const h of hashes) {
    const at = scale(h, count) * 2;
    for (const shift of [0, 6, 12]) {
      const bit = (h >>> shift) & 63;
      words[at + (bit < 32 ? lowHalf : highHalf)]! |= 1 << (bit & 31);
    }
  }
  return words;
}
