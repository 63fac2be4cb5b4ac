/**
 * Labels of which a lookup of IPv4 addresses answers the numbers: lists stand by these then (lists.ts). Of many classes a counted label has no
 * room, and to find the class elsewhere takes longer than all else that a list needs.
 */
import type { AddressTable } from './address-table.js';
import type { Arena } from './arena.js';
import type { Labels } from './labels.js';

export interface NumberedLabels {
  /** Offset of all labels, u32s. */
  readonly offset: number;
  /** Classes of the labels, by number. */
  readonly classes: readonly number[];
}

/**
 * What has the table, which is in the arena with those numbers in the configuration, answer numbers in place of labels. Null: it answers classes,
 * labels change with time, or it has no place where it would be told.
 */
export function labelNumbering(
  { buckets, ranges, where, cells, trie }: AddressTable,
  numbers: Record<string, number>,
  labels: Labels,
  arena: Arena,
): (() => NumberedLabels) | null {
  if (!labels.isCounted || labels.isTimed) return null;
  const classes = (all: Uint32Array): number[] => Array.from(all, (label) => labels.classOf(label));
  if (trie !== null) {
    const all = trie.labels;
    if (all === null) return null;
    return () => {
      const offset = numbers['trie_labels']!;
      numbers['trie_labels'] = 0;
      return { offset, classes: classes(all) };
    };
  }
  if (ranges === null || buckets !== null || where !== null || cells !== null) return null;
  return () => {
    const all = numberLabels(ranges.words);
    return { offset: arena.add(all), classes: classes(all) };
  };
}

/** Of ranges, in place. */
function numberLabels(words: Uint32Array): Uint32Array {
  const found = new Map<number, number>();
  for (let at = 1; at < words.length; at += 2) {
    const label = words[at]!;
    if (!found.has(label)) found.set(label, found.size);
    words[at] = found.get(label)!;
  }
  return Uint32Array.from(found.keys());
}
