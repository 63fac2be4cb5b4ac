/**
 * Long lists of drops of several kinds, one kind after the other anew (`-s A -j DROP`, `-s B -p tcp --dport P -j DROP`, …), are sorted by kind, so that
 * what merges stands side by side. A packet is dropped all the same; it must also count for the same rule, so two drops that a packet may
 * meet both keep their order.
 */
import { addressAt, prefixLength } from '../analyse/address-index.js';
import { boxOf, type PlainSet } from '../analyse/box.js';
import type { Lit } from '../analyse/logic.js';
import { mayOverlap } from '../analyse/relation.js';
import type { RawStep } from '../analyse/walk.js';

export interface SortRules {
  /** Steps that skips aim at: nothing is moved across. */
  readonly barriers: ReadonlySet<number>;
  /** Equal for equal literals. */
  readonly identify: (literal: Lit) => string;
  /** Fewer changes of kind are left alone. */
  readonly fewest: number;
}

interface Sortable {
  readonly step: RawStep;
  readonly kind: number;
  readonly sources: Extract<PlainSet, { kind: 'addresses' }>['ranges'];
}

export function sideBySide(steps: readonly RawStep[], rules: SortRules): readonly RawStep[] {
  if (steps.length < rules.fewest) return steps;
  const kinds = new Map<string, number>();
  const sorted: RawStep[] = [];
  let block: Sortable[] = [];
  const finish = (): void => {
    for (const step of sortedBlock(block, rules.fewest)) sorted.push(step);
    block = [];
  };
  steps.forEach((step, i) => {
    const one = sortable(step, kinds, rules);
    if (!one || rules.barriers.has(i)) finish();
    if (one) block.push(one);
    else sorted.push(step);
  });
  finish();
  return sorted;
}

/** A drop that names its sources in place. */
function sortable(step: RawStep, kinds: Map<string, number>, { identify }: SortRules): Sortable | null {
  if (step.outcome.kind !== 'drop') return null;
  const box = boxOf(step.when);
  const source = box?.sides.find(({ field }) => field === 'saddr');
  if (!box || source?.kind !== 'addresses') return null;
  const fields = box.sides.map(({ field }) => field).sort();
  const name = `${fields.join()} ${box.rest.map(identify).sort().join()}`;
  const kind = kinds.get(name) ?? kinds.size;
  kinds.set(name, kind);
  return { step, kind, sources: source.ranges };
}

function sortedBlock(block: readonly Sortable[], fewest: number): readonly RawStep[] {
  const steps = block.map(({ step }) => step);
  let changes = 0;
  block.forEach(({ kind }, i) => (changes += i > 0 && kind !== block[i - 1]!.kind ? 1 : 0));
  if (changes < fewest) return steps;
  const kept = orderedPairs(block);
  if (kept === null) return steps;
  const sorted: RawStep[] = [];
  let from = 0;
  for (const to of [...cuts(kept), block.length]) {
    const byKind = new Map<number, RawStep[]>();
    for (const { kind, step } of block.slice(from, to)) {
      const same = byKind.get(kind);
      if (same) same.push(step);
      else byKind.set(kind, [step]);
    }
    for (const same of byKind.values()) for (const step of same) sorted.push(step);
    from = to;
  }
  return sorted;
}

type Pair = readonly [before: number, after: number];

/** Where to cut the list so that the two of no pair stand in one piece. */
function cuts(pairs: readonly Pair[]): number[] {
  const found: number[] = [];
  let last = 0;
  for (const [before, after] of pairs.toSorted((a, b) => a[1] - b[1])) {
    if (last > before) continue;
    found.push((last = after));
  }
  return found;
}

/** Pairs that may be looked at: more overlap than it pays. */
const mostPairs = 1_000_000;

/** Drops of different kinds that a packet may meet both. Null: too many, or sources are no prefixes. */
function orderedPairs(block: readonly Sortable[]): Pair[] | null {
  const lows: (number | bigint)[] = [];
  const highs: (number | bigint)[] = [];
  const owners: number[] = [];
  for (const [at, { sources }] of block.entries())
    for (let i = 0; i < sources.count; i++) {
      if (prefixLength(sources, i) === null) return null;
      lows.push(addressAt(sources, sources.lo, i));
      highs.push(addressAt(sources, sources.hi, i));
      owners.push(at);
    }
  const compare = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);
  const order = Uint32Array.from(lows.keys()).sort(
    (a, b) => compare(lows[a]!, lows[b]!) || compare(highs[b]!, highs[a]!),
  );
  const pairs: Pair[] = [];
  const open: number[] = [];
  let looks = 0;
  for (const range of order) {
    // Prefixes that hold this one's addresses: the others end before it.
    while (open.length > 0 && highs[open[open.length - 1]!]! < lows[range]!) open.pop();
    for (const outer of open) {
      if (++looks > mostPairs) return null;
      const [a, b] = [owners[outer]!, owners[range]!];
      const [one, other] = [block[a]!, block[b]!];
      if (one.kind !== other.kind && mayOverlap(one.step.when, other.step.when))
        pairs.push([Math.min(a, b), Math.max(a, b)]);
    }
    open.push(range);
  }
  return pairs;
}
