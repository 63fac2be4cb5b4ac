/** IPv6 addresses, tuples and MACs: one hash for prefixes of all lengths. The longest that contains a value has its full label. */
import { maxProbes, prefixEntryBytes } from './abi.js';
import { scale } from './address-table.js';
import type { Classes } from './classes.js';
import type { Labels } from './labels.js';
import { rankPrefixes } from './prefix-rank.js';
import type { Prefixes } from './prefix-split.js';
import { sweep } from './sweep.js';

export interface PrefixTable {
  readonly tags: Uint32Array;
  /** Four address words, extra, label. */
  readonly entries: Uint32Array;
  readonly slots: number;
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
  const expires = labels.isTimed ? prefixes.expires : null;
  const ranges = sweep({ count, lo, hi, atom, counter, expires }, classes, labels);
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
  const { order, lo, behind, ranks } = rankPrefixes(prefixes);
  const byRank = labelsByRank(prefixes, lo, behind, ranks, classes, labels);
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

/** bpf/lookup.h computes the same. */
function hashKey(key: Uint32Array, seed: number): number {
  let h =
    Math.imul(key[0]!, 0x9e3779b1) +
    Math.imul(key[1]!, 0x85ebca77) +
    Math.imul(key[2]!, 0xc2b2ae3d) +
    Math.imul(key[3]!, 0x27d4eb2f) +
    Math.imul(key[4]! ^ seed, 0x165667b1);
  h = (h ^ (h >>> 16)) | 0;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0xc2b2ae35);
  h = (h ^ (h >>> 16)) >>> 0;
  return h === 0 ? 1 : h;
}

function hashed(prefixes: Prefixes, kept: Uint32Array, labelOf: Uint32Array, layout: KeyLayout) {
  let slots = Math.max(16, kept.length * 2);
  for (let seed = 1; ; seed++) {
    const placed = place(prefixes, kept, slots, seed, layout);
    if (placed !== null) {
      const entries = writeEntries(prefixes, kept, labelOf, placed.slotOf, placed.tags.length, layout);
      return {
        tags: placed.tags,
        entries,
        slots,
        seed,
        lengths: lengthsOf(prefixes, kept, layout),
        elements: kept.length,
      };
    }
    if (seed % 2 === 0) slots = Math.ceil(slots * 1.25);
  }
}

function lengthsOf(prefixes: Prefixes, kept: Uint32Array, layout: KeyLayout): number[] {
  if (layout === 'mac') return kept.length > 0 ? [128] : [];
  const seen = new Set<number>();
  for (const i of kept) seen.add(prefixes.length[i]!);
  return [...seen].sort((a, b) => b - a);
}

/** Robin Hood placement: who is further from home keeps the slot, so the longest probe stays short. Null when it does not. */
function place(prefixes: Prefixes, kept: Uint32Array, slots: number, seed: number, layout: KeyLayout) {
  const tags = new Uint32Array(slots + maxProbes);
  const owner = new Int32Array(slots + maxProbes).fill(-1);
  const key = new Uint32Array(5);
  for (let n = 0; n < kept.length; n++) {
    writeKey(prefixes, kept[n]!, layout, key);
    let tag = hashKey(key, seed);
    let carried = n;
    let home = scale(tag, slots);
    let slot = home;
    while (owner[slot] !== -1) {
      const otherHome = scale(tags[slot]!, slots);
      if (otherHome > home) {
        [tag, tags[slot]] = [tags[slot]!, tag];
        [carried, owner[slot]] = [owner[slot]!, carried];
        home = otherHome;
      }
      slot++;
      if (slot - home >= maxProbes) return null;
    }
    tags[slot] = tag;
    owner[slot] = carried;
  }
  const slotOf = new Uint32Array(kept.length);
  owner.forEach((n, slot) => {
    if (n >= 0) slotOf[n] = slot;
  });
  return { tags, slotOf };
}

function writeEntries(
  prefixes: Prefixes,
  kept: Uint32Array,
  labelOf: Uint32Array,
  slotOf: Uint32Array,
  slots: number,
  layout: KeyLayout,
): Uint32Array {
  const words = prefixEntryBytes / 4;
  const entries = new Uint32Array(slots * words);
  const key = new Uint32Array(5);
  for (let n = 0; n < kept.length; n++) {
    writeKey(prefixes, kept[n]!, layout, key);
    entries.set(key, slotOf[n]! * words);
    entries[slotOf[n]! * words + 5] = labelOf[kept[n]!]!;
  }
  return entries;
}
