/** IPv6 addresses, tuples and MACs: one hash for prefixes of all lengths. The longest that contains a value has its full label. */
import { bucketSlots, maxBucketsProbed, prefixEntryBytes } from './abi.js';
import { bucketLoad, scale } from './address-table.js';
import type { Classes } from './classes.js';
import type { Labels } from './labels.js';
import { positionBehind, type Prefixes } from './prefix-split.js';
import { sortByColumns } from './radix-sort.js';
import { sweep } from './sweep.js';

export interface PrefixTable {
  readonly tags: Uint32Array;
  /** Four address words, extra, label. */
  readonly entries: Uint32Array;
  readonly buckets: number;
  readonly seed: number;
  /** Label of a value that no element contains. */
  readonly fallback: number;
  /** Longest first. */
  readonly lengths: readonly number[];
  readonly elements: number;
}

/** How an element stands in a key (bpf/abi.h). */
export type KeyLayout = 'address4' | 'address6' | 'mac';

export function prefixTable(prefixes: Prefixes, classes: Classes, labels: Labels, layout: KeyLayout): PrefixTable {
  const fallback = labels.current(() => 0);
  const { kept, labelOf } = nested(prefixes, classes, labels, fallback);
  return { ...hashed(prefixes, kept, labelOf, layout), fallback };
}

/** Positions that begin or end a prefix, as small numbers in the same order: what follows need not know how wide they are. */
function ranked(prefixes: Prefixes): {
  readonly lo: Uint32Array;
  readonly behind: Uint32Array;
  readonly ranks: number;
} {
  const { count } = prefixes;
  const width = prefixes.words.length + 1;
  const columns = Array.from({ length: width }, () => new Uint32Array(count * 2));
  const out = new Uint32Array(width);
  for (let i = 0; i < count; i++) {
    positionBehind(prefixes, i, out);
    columns[0]![i] = prefixes.top[i]!;
    columns[0]![count + i] = out[0]!;
    for (let k = 1; k < width; k++) {
      columns[k]![i] = prefixes.words[k - 1]![i]!;
      columns[k]![count + i] = out[k]!;
    }
  }
  const order = sortByColumns(columns, count * 2);
  const rank = new Uint32Array(count * 2);
  let ranks = 0;
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && differs(columns, order[i]!, order[i - 1]!)) ranks++;
    rank[order[i]!] = ranks;
  }
  return { lo: rank.subarray(0, count), behind: rank.subarray(count), ranks: ranks + 1 };
}

function differs(columns: readonly Uint32Array[], a: number, b: number): boolean {
  for (const column of columns) if (column[a] !== column[b]) return true;
  return false;
}

/** Label per rank, by the same sweep that makes IPv4 ranges. */
function labelsByRank(
  prefixes: Prefixes,
  lo: Uint32Array,
  behind: Uint32Array,
  ranks: number,
  classes: Classes,
  labels: Labels,
): Uint32Array {
  const hi = behind.map((rank) => rank - 1);
  const { count, atom, counter } = prefixes;
  const ranges = sweep({ count, lo, hi, atom, counter }, classes, labels);
  const byRank = new Uint32Array(ranks);
  for (let i = 0; i < ranges.count; i++)
    byRank.fill(ranges.labels[i]!, ranges.starts[i], ranges.starts[i + 1] ?? ranks);
  return byRank;
}

/**
 * Distinct prefixes and their labels. The label of a prefix is that of its part which no longer prefix covers; a prefix without such a
 * part, or with the label of the prefix around it, is left out.
 */
function nested(prefixes: Prefixes, classes: Classes, labels: Labels, fallback: number) {
  const { lo, behind, ranks } = ranked(prefixes);
  const byRank = labelsByRank(prefixes, lo, behind, ranks, classes, labels);
  const shortness = prefixes.length.map((length) => length);
  const order = sortByColumns([lo, shortness], prefixes.count);
  const labelOf = new Uint32Array(prefixes.count);
  const parent = new Int32Array(prefixes.count).fill(-1);
  const distinct = new Uint32Array(prefixes.count);
  const cursor = new Uint32Array(prefixes.count);
  const stack = new Int32Array(130);
  let depth = 0;
  let found = 0;
  const close = (): void => {
    const top = stack[--depth]!;
    if (labelOf[top] === 0 && cursor[top]! < behind[top]!) labelOf[top] = byRank[cursor[top]!]!;
    if (depth > 0) cursor[stack[depth - 1]!] = behind[top]!;
  };
  for (const i of order) {
    while (depth > 0 && behind[stack[depth - 1]!]! <= lo[i]!) close();
    const around = depth > 0 ? stack[depth - 1]! : -1;
    if (around >= 0 && lo[around] === lo[i] && behind[around] === behind[i]) continue;
    if (around >= 0 && labelOf[around] === 0 && cursor[around]! < lo[i]!) labelOf[around] = byRank[cursor[around]!]!;
    parent[i] = around;
    cursor[i] = lo[i]!;
    distinct[found++] = i;
    stack[depth++] = i;
  }
  while (depth > 0) close();
  return { kept: keepTelling(distinct.subarray(0, found), labelOf, parent, fallback), labelOf };
}

function keepTelling(distinct: Uint32Array, labelOf: Uint32Array, parent: Int32Array, fallback: number): Uint32Array {
  const effective = new Uint32Array(labelOf.length);
  return distinct.filter((i) => {
    const around = parent[i]! < 0 ? fallback : effective[parent[i]!]!;
    effective[i] = labelOf[i] === 0 ? around : labelOf[i]!;
    return effective[i] !== around;
  });
}

/** Key words of element `i`: four address words and extra. */
function writeKey(prefixes: Prefixes, i: number, layout: KeyLayout, key: Uint32Array): void {
  const { words, top, length } = prefixes;
  key.fill(0);
  switch (layout) {
    case 'address6':
      for (let k = 0; k < 4; k++) key[k] = words[k]![i]!;
      key[4] = (length[i]! << 24) | top[i]!;
      return;
    case 'address4':
      key[0] = words[0]![i]!;
      key[4] = (length[i]! << 24) | top[i]!;
      return;
    case 'mac':
      key[2] = top[i]!;
      key[3] = words[0]![i]!;
      key[4] = 128 << 24;
  }
}

/** bpf/lookup.h computes the same: bucket hash into out[0], tag into out[1]. */
function hashKey(key: Uint32Array, seed: number, out: Uint32Array): void {
  const [w0, w1, w2, w3] = [key[0]!, key[1]!, key[2]!, key[3]!];
  const extra = key[4]! ^ seed;
  let h =
    (Math.imul(w0, 0x9e3779b1) +
      Math.imul(w1, 0x85ebca77) +
      Math.imul(w2, 0xc2b2ae3d) +
      Math.imul(w3, 0x27d4eb2f) +
      Math.imul(extra, 0x165667b1)) |
    0;
  let g =
    (Math.imul(w0, 0xcc9e2d51) +
      Math.imul(w1, 0x1b873593) +
      Math.imul(w2, 0xe6546b65) +
      Math.imul(w3, 0x38b34ae5) +
      Math.imul(extra, 0xa1e38b93)) |
    0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 15;
  g ^= g >>> 15;
  out[0] = Math.imul(h, 0xc2b2ae35);
  out[1] = Math.imul(g, 0x2c1b3c6d) | 1;
}

function hashed(prefixes: Prefixes, kept: Uint32Array, labelOf: Uint32Array, layout: KeyLayout) {
  let buckets = Math.max(1, Math.ceil(kept.length / bucketLoad));
  for (let seed = 1; ; seed++) {
    const table = fill(prefixes, kept, labelOf, buckets, seed, layout);
    if (table !== null) {
      return { ...table, buckets, seed, lengths: lengthsOf(prefixes, kept, layout), elements: kept.length };
    }
    if (seed % 3 === 0) buckets = Math.ceil(buckets * 1.25);
  }
}

function lengthsOf(prefixes: Prefixes, kept: Uint32Array, layout: KeyLayout): number[] {
  if (layout === 'mac') return kept.length > 0 ? [128] : [];
  const seen = new Set<number>();
  for (const i of kept) seen.add(prefixes.length[i]!);
  return [...seen].sort((a, b) => b - a);
}

/** Null when some element found no slot within the buckets that a lookup probes, or its tag is in its bucket already. */
function fill(
  prefixes: Prefixes,
  kept: Uint32Array,
  labelOf: Uint32Array,
  buckets: number,
  seed: number,
  layout: KeyLayout,
): { readonly tags: Uint32Array; readonly entries: Uint32Array } | null {
  const words = prefixEntryBytes / 4;
  const tags = new Uint32Array((buckets + maxBucketsProbed) * bucketSlots);
  const entries = new Uint32Array(tags.length * words);
  const key = new Uint32Array(5);
  const hash = new Uint32Array(2);
  for (const i of kept) {
    writeKey(prefixes, i, layout, key);
    hashKey(key, seed, hash);
    const slot = freeSlot(tags, scale(hash[0]!, buckets), hash[1]!);
    if (slot < 0) return null;
    tags[slot] = hash[1]!;
    entries.set(key, slot * words);
    entries[slot * words + 5] = labelOf[i]!;
  }
  return { tags, entries };
}

/** First free slot from bucket `home` on, or -1. */
function freeSlot(tags: Uint32Array, home: number, tag: number): number {
  for (let slot = home * bucketSlots; slot < (home + maxBucketsProbed) * bucketSlots; slot++) {
    if (tags[slot] === 0) return slot;
    if (tags[slot] === tag) return -1;
  }
  return -1;
}
