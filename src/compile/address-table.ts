/** IPv4 addresses: single ones in buckets of one cache line, all others as sorted ranges behind an index of the top bits. */
import type { StepProgram } from '../plan/program.js';
import { hashAddress, scale } from './address-hash.js';
import { addressTrie, type AddressTrie } from './address-trie.js';
import { bucketSlots, maxBucketsProbed } from './abi.js';
import { areEachCounted, countedBuckets, type CountedBuckets } from './counted-buckets.js';
import { countedCells, type CountedCells } from './counted-cells.js';
import type { CounterRow } from './counter-row.js';
import { crossovers } from './crossovers.js';
import { atomOfKind, expiryColumn, type FieldUse } from './field-use.js';
import { GrowingColumns } from './growing-columns.js';
import { endOf, type Entries, type LabelledRanges } from './sweep.js';
import { bucketFilter, type BucketFilter } from './bucket-filter.js';
import { whereMap, type WhereMap } from './where-map.js';

/** Elements per bucket of eight, on average. */
const bucketLoad = 5;

export type AnyBuckets = (Buckets & { readonly kind: 'own' }) | (CountedBuckets & { readonly kind: 'counted' });

export interface Buckets {
  /** Address, label, address, label …; plain: addresses only. */
  readonly words: Uint32Array;
  readonly count: number;
  readonly seed: number;
  readonly elements: number;
  /** The label that all share, or 0. */
  readonly plain: number;
  /** Plain buckets: an element that stands in every empty slot too. */
  readonly filler: number;
}

export interface Ranges {
  /** Start, label, start, label … */
  readonly words: Uint32Array;
  readonly count: number;
  readonly index: Uint32Array | null;
  /** 32: no index. */
  readonly indexShift: number;
  readonly depth: number;
}

interface Index extends Pick<Ranges, 'index' | 'indexShift' | 'depth'> {
  /** Of a lookup, in steps of the binary search. */
  readonly cost: number;
}

export interface AddressTable {
  readonly buckets: AnyBuckets | null;
  /** Null: the buckets are small, or there are none. */
  readonly filter: BucketFilter | null;
  /** Null when one label, `fallback`, holds for all that is in no bucket. */
  readonly ranges: Ranges | null;
  readonly fallback: number;
  /** Null: the tables are small. */
  readonly where: WhereMap | null;
  /** Null: networks are few, or do not count for themselves. */
  readonly cells: CountedCells | null;
  /** In place of all else. */
  readonly trie: AddressTrie | null;
}

/** Of IPv6 prefixes that need no groups: every address is answered the number of the only one + 1. */
export const allInOneGroup: AddressTable = {
  buckets: null,
  filter: null,
  ranges: null,
  fallback: 1,
  where: null,
  cells: null,
  trie: null,
};

export function addressEntries(program: StepProgram, use: FieldUse): Entries {
  const atoms = use.atoms.map((index) => atomOfKind(program, index, 'addresses'));
  const count = atoms.reduce((sum, { ranges }) => sum + ranges.count, 0);
  const lo = new Uint32Array(count);
  const hi = new Uint32Array(count);
  const atom = new Uint32Array(count);
  const counter = use.counted.length > 0 ? new Uint32Array(count) : null;
  let at = 0;
  atoms.forEach(({ ranges, counters }, position) => {
    if (ranges.family !== 4) throw new Error('bug: an IPv6 atom in the IPv4 program');
    lo.set(ranges.lo.subarray(0, ranges.count), at);
    hi.set(ranges.hi.subarray(0, ranges.count), at);
    atom.fill(position, at, at + ranges.count);
    if (counter !== null && counters !== null)
      for (let i = 0; i < ranges.count; i++) counter[at + i] = counters[i]! + 1;
    at += ranges.count;
  });
  const sizes = atoms.map(({ ranges }) => ranges.count);
  return { count, lo, hi, atom, counter, expires: expiryColumn(atoms, sizes) };
}

/**
 * `spare`: single addresses that may come to it; then it has buckets, however few there are. `counters`: where addresses may stand beside
 * their counters; null: labels have none.
 */
export function addressTable(all: LabelledRanges, spare: number, counters: CounterRow | null): AddressTable {
  const { addresses, labels, rest } = splitSingles(all);
  const areCounted = counters !== null && addresses.length >= rest.count && areEachCounted(labels);
  const cells = counters === null || spare > 0 || areCounted ? null : countedCells(all, counters);
  if (cells !== null) {
    const asked = rangesOf(cells.rest, bestIndex(cells.rest));
    return { buckets: null, filter: null, ...asked, where: null, cells, trie: null };
  }
  const beside = bestIndex(rest);
  const areFew = addresses.length < crossovers.bucketsFrom;
  // Where all else is one range, nothing is searched besides.
  const alone = spare === 0 && (areFew || rest.count > 1) ? bestIndex(all) : null;
  const cost = areCounted ? crossovers.countedCost : crossovers.bucketCost;
  if (alone !== null && (areFew || alone.cost <= cost + beside.cost)) {
    const where = whereOf(new Uint32Array(0), false, all);
    return { buckets: null, filter: null, ...rangesOf(all, alone), where, cells, trie: null };
  }
  // Where all else is one range, there is nothing to be told but the addresses themselves: the filter does it better.
  const where = rest.count === 1 ? null : whereOf(addresses, true, rest);
  const buckets = anyBuckets(addresses, labels, spare, counters);
  const filter = where === null ? filterOf(addresses, spare, buckets) : null;
  return { buckets, filter, ...rangesOf(rest, beside), where, cells, trie: null };
}

/** The same, by a trie in place of a search. */
export function withTrie(table: AddressTable, all: LabelledRanges): AddressTable {
  const { buckets, ranges, where, cells } = table;
  if (ranges === null || buckets !== null || where !== null || cells !== null) return table;
  const trie = addressTrie(all, ranges.depth < crossovers.deepFrom ? crossovers.trieBytes : crossovers.deepTrieBytes);
  return trie === null ? table : { ...table, ranges: null, trie };
}

function anyBuckets(
  addresses: Uint32Array,
  labels: Uint32Array,
  spare: number,
  counters: CounterRow | null,
): AnyBuckets {
  const counted = spare > 0 || counters === null ? null : countedBuckets(addresses, labels, counters);
  if (counted !== null) return { kind: 'counted', ...counted };
  return { kind: 'own', ...bucketsOf(addresses, labels, spare) };
}

function filterOf(addresses: Uint32Array, spare: number, buckets: AnyBuckets): BucketFilter | null {
  if (buckets.kind === 'own' && buckets.words.byteLength < crossovers.filterFrom) return null;
  return bucketFilter(addresses, spare, buckets.seed);
}

const whereOf = (singles: Uint32Array, hasBuckets: boolean, ranges: LabelledRanges): WhereMap | null =>
  singles.length + ranges.count < crossovers.whereFrom ? null : whereMap(singles, hasBuckets, ranges);

const lengthOf = (ranges: LabelledRanges, i: number): number => endOf(ranges, i) - ranges.starts[i]!;

/** Longest range that is taken for single addresses: a few neighbours among many singles are not worth a second lookup. */
function longestSingles(all: LabelledRanges): number {
  let singles = 0;
  let neighbours = 0;
  for (let i = 0; i < all.count; i++) {
    const length = lengthOf(all, i);
    if (length === 1) singles++;
    else if (length <= crossovers.neighbours) neighbours += length;
  }
  return neighbours <= singles / 2 ? crossovers.neighbours : 1;
}

/**
 * Takes single addresses out. The rest may say anything about them, for a bucket decides alone; so the range before reaches over them,
 * and the gap between two of them needs no bucket when it has that range's label.
 */
function splitSingles(all: LabelledRanges) {
  const most = longestSingles(all);
  const singles = new GrowingColumns(2, all.count);
  const rest = new GrowingColumns(2, 16);
  let around = 0;
  for (let i = 0; i < all.count; i++) {
    const label = all.labels[i]!;
    if (around === label) continue;
    const length = lengthOf(all, i);
    if (around === 0 || length > most) {
      rest.append(all.starts[i]!, label);
      around = label;
    } else for (let k = 0; k < length; k++) singles.append(all.starts[i]! + k, label);
  }
  return {
    addresses: singles.cut(0),
    labels: singles.cut(1),
    rest: { count: rest.count, starts: rest.cut(0), labels: rest.cut(1) },
  };
}

function bucketsOf(addresses: Uint32Array, labels: Uint32Array, spare: number): Buckets {
  const isPlain = addresses.length >= crossovers.bucketsFrom && labels.every((label) => label === labels[0]);
  const plain = isPlain ? labels[0]! : 0;
  let count = Math.max(1, Math.ceil((addresses.length + spare) / bucketLoad));
  for (let seed = 1; ; seed++) {
    const words = fillBuckets(addresses, plain === 0 ? labels : null, count, seed);
    if (words !== null) return { words, count, seed, plain, elements: addresses.length, filler: addresses[0] ?? 0 };
    if (seed % 3 === 0) count = Math.ceil(count * 1.25);
  }
}

/**
 * Null when some address found no slot within the buckets that a lookup probes. Without labels the buckets are plain: the first
 * address fills what is empty. It is placed first, so at the front of its bucket, and in the last slot it means "not full".
 */
function fillBuckets(addresses: Uint32Array, labels: Uint32Array | null, count: number, seed: number) {
  const total = count + maxBucketsProbed;
  const stride = labels === null ? 1 : 2;
  const words = new Uint32Array(total * bucketSlots * stride);
  if (labels === null) words.fill(addresses[0]!);
  const fill = new Uint8Array(total);
  for (let i = 0; i < addresses.length; i++) {
    const home = scale(hashAddress(addresses[i]!, seed), count);
    let bucket = home;
    while (bucket < home + maxBucketsProbed && fill[bucket] === bucketSlots) bucket++;
    if (bucket === home + maxBucketsProbed) return null;
    const at = (bucket * bucketSlots + fill[bucket]!++) * stride;
    words[at] = addresses[i]!;
    if (labels !== null) words[at + 1] = labels[i]!;
  }
  return words;
}

function rangesOf(
  all: LabelledRanges,
  { index, indexShift, depth }: Index,
): { readonly ranges: Ranges | null; readonly fallback: number } {
  if (all.count === 1) return { ranges: null, fallback: all.labels[0]! };
  const words = new Uint32Array(all.count * 2);
  for (let i = 0; i < all.count; i++) {
    words[i * 2] = all.starts[i]!;
    words[i * 2 + 1] = all.labels[i]!;
  }
  return { ranges: { words, count: all.count, index, indexShift, depth }, fallback: 0 };
}

function bestIndex(all: LabelledRanges): Index {
  let best: Index | null = null;
  let bestCost = Infinity;
  for (const [shift, cost] of crossovers.indexCosts) {
    const bits = 32 - shift;
    const index = bits === 0 ? null : topBitsIndex(all, bits);
    const depth = Math.ceil(Math.log2(index === null ? all.count : longest(index)));
    const steps = index === null ? depth : usualSteps(index);
    if (cost + steps < bestCost) {
      bestCost = cost + steps;
      best = { index, indexShift: shift, depth, cost: bestCost };
    }
  }
  return best!;
}

/** Entry k: number of the range that contains the first address with top bits k; one entry more at the end. */
function topBitsIndex({ starts, count }: LabelledRanges, bits: number): Uint32Array {
  const cells = 2 ** bits;
  const addresses = 2 ** (32 - bits);
  const index = new Uint32Array(cells + 1);
  let range = 0;
  for (let k = 0; k < cells; k++) {
    const first = k * addresses;
    while (range + 1 < count && starts[range + 1]! <= first) range++;
    index[k] = range;
  }
  index[cells] = count - 1;
  return index;
}

/** Halvings of a lookup: the mean of that for any address and that for an address of any range. */
function usualSteps(index: Uint32Array): number {
  let [ofAny, ofRanges] = [0, 0];
  const cells = index.length - 1;
  for (let k = 0; k < cells; k++) {
    const length = index[k + 1]! - index[k]! + 1;
    if (length === 1) continue;
    const steps = Math.log2(length);
    ofAny += steps;
    ofRanges += steps * (length - 1);
  }
  return (ofAny / cells + ofRanges / Math.max(1, index[cells]!)) / 2;
}

function longest(index: Uint32Array): number {
  let most = 1;
  for (let k = 0; k + 1 < index.length; k++) most = Math.max(most, index[k + 1]! - index[k]! + 1);
  return most;
}
