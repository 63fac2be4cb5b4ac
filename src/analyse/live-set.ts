/**
 * Sets that are followed: their elements come and go while the prefilter runs, so what the analysis concluded from those it read is
 * written down. A change that contradicts it wants a new analysis.
 */
import type { SetId } from '../model/set.js';
import type { ValueSet } from './logic.js';

/** A named set on one side of the packet. */
export interface LiveSet {
  readonly set: SetId;
  /** No value of these is in it. */
  readonly apartFrom: Set<ValueSet>;
  /** It lies in each of these. */
  readonly within: Set<ValueSet>;
  /** Every value of these is in it. */
  readonly around: Set<ValueSet>;
}

/** `may` keeps elements that time out for good, `must` only as long as they are certainly there; `exact` is both. */
export interface Liveness {
  readonly of: LiveSet;
  readonly as: 'exact' | 'may' | 'must';
}

export const liveSet = (set: SetId): LiveSet => ({
  set,
  apartFrom: new Set(),
  within: new Set(),
  around: new Set(),
});

const livenessOf = (set: ValueSet): Liveness | undefined =>
  set.kind === 'addresses' || set.kind === 'tuples' ? set.live : undefined;

type Relation = (a: ValueSet, b: ValueSet) => boolean;

/** Whether `a` may be said to lie in `b`, where their elements do; false where both change. */
export function relyOnSubset(a: ValueSet, b: ValueSet, holds: Relation): boolean {
  const inner = livenessOf(a);
  const outer = livenessOf(b);
  if (inner && outer) return inner.of === outer.of && outer.as !== 'must';
  if (!holds(a, b)) return false;
  inner?.of.within.add(b);
  outer?.of.around.add(a);
  return true;
}

/** The same of having no value in common. */
export function relyOnDisjoint(a: ValueSet, b: ValueSet, holds: Relation): boolean {
  const one = livenessOf(a);
  const other = livenessOf(b);
  if ((one && other) || !holds(a, b)) return false;
  one?.of.apartFrom.add(b);
  other?.of.apartFrom.add(a);
  return true;
}
