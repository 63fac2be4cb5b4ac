/** Which prefixes tell something that the prefix around them does not, and with which label. */
import type { Classes } from './classes.js';
import type { Labels } from './labels.js';
import { rankPrefixes } from './prefix-rank.js';
import type { Prefixes } from './prefix-split.js';
import { sweep } from './sweep.js';

export interface NestedLabels {
  /** Distinct prefixes by where they begin, the shorter (outer) one first. */
  readonly kept: Uint32Array;
  /** By number of the prefix; never 0 for one that is kept. */
  readonly labelOf: Uint32Array;
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
export function nestedLabels(prefixes: Prefixes, classes: Classes, labels: Labels, fallback: number): NestedLabels {
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
