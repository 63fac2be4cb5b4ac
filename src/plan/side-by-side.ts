/**
 * Long lists of drops of several kinds, one kind after the other anew (`-s A -j DROP`, `-s B -p tcp --dport P -j DROP`, …), are sorted by kind, so that
 * what merges stands side by side. A packet is dropped all the same; it must also count for the same rule, so two drops that a packet may
 * meet both keep their order.
 */
import { addressAt, prefixLength } from '../analyse/address-index.js';
import { sideOf } from '../analyse/box.js';
import { mayOverlap } from '../analyse/relation.js';
import type { RawStep } from '../analyse/walk.js';
import type { AddressRanges } from '../model/address.js';
import { cutsFor, type Pair } from '../model/kinds-in-turn.js';
import type { StepKinds } from './step-kinds.js';

export interface SortRules {
  /** Steps that skips aim at: nothing is moved across. */
  readonly barriers: ReadonlySet<number>;
  readonly kinds: StepKinds;
  /** Fewer changes of kind are left alone. */
  readonly fewest: number;
}

interface Sortable {
  readonly step: RawStep;
  readonly kind: number;
  readonly sources: AddressRanges;
}

export function sideBySide(steps: readonly RawStep[], rules: SortRules): readonly RawStep[] {
  if (steps.length < rules.fewest) return steps;
  const kinds = Int32Array.from(steps, (step) => kindOf(step, rules.kinds));
  const sorted: RawStep[] = [];
  for (let from = 0; from < steps.length;) {
    let to = from + 1;
    let changes = 0;
    if (kinds[from] !== unsortable)
      for (; to < steps.length && kinds[to] !== unsortable && !rules.barriers.has(to); to++)
        changes += kinds[to] === kinds[to - 1] ? 0 : 1;
    const block = steps.slice(from, to);
    const put = changes < rules.fewest ? block : sortedBlock(block, kinds.subarray(from, to));
    for (const step of put) sorted.push(step);
    from = to;
  }
  return sorted;
}

const unsortable = -1;

/** Of a drop that names its sources in place. */
function kindOf(step: RawStep, kinds: StepKinds): number {
  if (step.outcome.kind !== 'drop' || sideOf(step.when, 'saddr') === null) return unsortable;
  return kinds.of(step)?.number ?? unsortable;
}

function sortedBlock(steps: readonly RawStep[], kinds: Int32Array): readonly RawStep[] {
  const block = steps.map((step, i): Sortable => ({ step, kind: kinds[i]!, sources: sourcesOf(step) }));
  const kept = orderedPairs(block);
  if (kept === null) return steps;
  const sorted: RawStep[] = [];
  let from = 0;
  for (const to of [...cutsFor(kept), block.length]) {
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

function sourcesOf({ when }: RawStep): AddressRanges {
  const side = sideOf(when, 'saddr');
  if (side?.kind !== 'addresses') throw new Error('bug: a step names no sources');
  return side.ranges;
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
