/** Conditions as boxes: a set of values for each of some fields, and literals beside them. */
import { smallTupleMax, type TupleField } from '../model/tuples.js';
import { expires, type Conj, type Lit, type ValueSet } from './logic.js';
import { isSubset } from '../model/small-ranges.js';

/** Values that stand in place: of no named set, and for good. */
export type PlainSet = Extract<ValueSet, { kind: 'values' | 'addresses' | 'macs' }>;

export interface Box {
  /** At most one a field. */
  readonly sides: readonly PlainSet[];
  /** What no tuple can say. */
  readonly rest: Conj;
}

const isTupleField = (field: string): field is TupleField =>
  field === 'saddr' || field === 'daddr' || field === 'smac' || field in smallTupleMax;

/** It asks for values that a side of a box can have. */
export function isPlain({ set, negate }: Lit): boolean {
  if (negate || !isTupleField(set.field) || expires(set)) return false;
  return set.kind === 'values' || set.kind === 'macs' || (set.kind === 'addresses' && !set.named);
}

/** Null: it asks twice for a field, and neither contains the other. */
export function boxOf(when: Conj): Box | null {
  const sides: PlainSet[] = [];
  const rest: Lit[] = [];
  for (const literal of when) {
    if (!isPlain(literal)) {
      rest.push(literal);
      continue;
    }
    const set = literal.set as PlainSet;
    const at = sides.findIndex(({ field }) => field === set.field);
    if (at < 0) sides.push(set);
    else if (isWithin(set, sides[at]!)) sides[at] = set;
    else if (!isWithin(sides[at]!, set)) return null;
  }
  return { sides, rest };
}

/** What the condition's box asks of that field, without making the box; null where it has no such side, or there is no box. */
export function sideOf(when: Conj, field: string): PlainSet | null {
  let side: PlainSet | null = null;
  for (const literal of when) {
    if (literal.set.field !== field || !isPlain(literal)) continue;
    const set = literal.set as PlainSet;
    if (side === null || isWithin(set, side)) side = set;
    else if (!isWithin(side, set)) return null;
  }
  return side;
}

const isWithin = (inner: PlainSet, outer: PlainSet): boolean =>
  inner === outer || (inner.kind === 'values' && outer.kind === 'values' && isSubset(inner.ranges, outer.ranges));

/** Values, ranges of them, or addresses that the set lists. */
export function sizeOf(set: PlainSet): number {
  if (set.kind === 'addresses') return set.ranges.count;
  return set.kind === 'values' ? set.ranges.length : set.addresses.length;
}
