/**
 * Relations between conditions, each with a stated direction of error. `valuesCover` errs to false, `mayOverlap` errs to true.
 */
import { knownUpTo } from '../model/field.js';
import type { AddressFamily } from '../model/address.js';
import type { Field } from '../model/field.js';
import type { Ranges } from '../model/match.js';
import type { TupleColumn } from '../model/tuples.js';
import { addressesDisjoint, addressesSubset } from './address-index.js';
import { boxOf } from './box.js';
import type { Conj, Lit, TupleValues, ValueSet } from './logic.js';
import { expires } from './logic.js';
import { relyOnDisjoint, relyOnSubset } from './live-set.js';
import { isDisjoint, isSubset, normalise } from '../model/small-ranges.js';
import { lists } from './tuple-entries.js';

/** Highest availability value a packet of this family can have: IPv4 always knows its protocol. */
const worstAvailability = (family: AddressFamily): number => (family === 4 ? 2 : 3);

/** A packet of this family may lack the literal's field. */
export const mayLack = (literal: Lit, family: AddressFamily): boolean =>
  knownUpTo(literal.set) < worstAvailability(family);

export const conjMayLack = (conj: Conj, family: AddressFamily): boolean =>
  conj.some((literal) => mayLack(literal, family));

type Macs = Extract<ValueSet, { kind: 'macs' }>;

const macSets = new WeakMap<Float64Array, ReadonlySet<number>>();

function hasMac({ addresses }: Macs, mac: number): boolean {
  if (addresses.length === 1) return addresses[0] === mac;
  const known = macSets.get(addresses) ?? new Set(addresses);
  macSets.set(addresses, known);
  return known.has(mac);
}

function mustBeSubset(a: ValueSet, b: ValueSet): boolean {
  if (a === b) return true;
  // As the elements of `b` expire it shrinks; those of `a` count as if they stayed.
  if (expires(b)) return false;
  return relyOnSubset(a, b, subsetNow);
}

function subsetNow(a: ValueSet, b: ValueSet): boolean {
  if (a.kind === 'values' && b.kind === 'values') return a.field === b.field && isSubset(a.ranges, b.ranges);
  if (a.kind === 'addresses' && b.kind === 'addresses')
    return a.field === b.field && addressesSubset(a.ranges, b.ranges);
  if (a.kind === 'macs' && b.kind === 'macs') return a.addresses.every((mac) => hasMac(b, mac));
  return false;
}

const mustBeDisjoint = (a: ValueSet, b: ValueSet): boolean => relyOnDisjoint(a, b, disjointNow);

function disjointNow(a: ValueSet, b: ValueSet): boolean {
  if (a.kind === 'values' && b.kind === 'values') return a.field === b.field && isDisjoint(a.ranges, b.ranges);
  if (a.kind === 'addresses' && b.kind === 'addresses')
    return a.field === b.field && addressesDisjoint(a.ranges, b.ranges);
  if (a.kind === 'macs' && b.kind === 'macs') {
    const [few, many] = a.addresses.length <= b.addresses.length ? [a, b] : [b, a];
    return !few.addresses.some((mac) => hasMac(many, mac));
  }
  return false;
}

const projections = new WeakMap<TupleValues, Map<Field, ValueSet | null>>();

/** Values of one field that entries of the set have, exceptions and what expires included; null where they do not ask for it. */
function projection(set: TupleValues, field: Field): ValueSet | null {
  const known = projections.get(set) ?? new Map<Field, ValueSet | null>();
  projections.set(set, known);
  let made = known.get(field);
  if (made === undefined) {
    made = project(set, field);
    known.set(field, made);
  }
  return made;
}

function project({ columns, live }: TupleValues, field: Field): ValueSet | null {
  // What such elements have is not known for good.
  if (live) return null;
  const column = columns.find((one) => one.field === field);
  if (!column) return null;
  if ('ranges' in column)
    return { kind: 'addresses', field: column.field, ranges: column.ranges, named: true, counters: null };
  if ('addresses' in column) return { kind: 'macs', field: 'smac', addresses: column.addresses };
  return { kind: 'values', field: column.field, ranges: valuesOf(column) };
}

/** Of a hundred thousand entries most say the same. */
function valuesOf({ lo, hi }: Extract<TupleColumn, { readonly lo: Uint16Array }>): Ranges {
  const distinct = new Set<number>();
  lo.forEach((low, i) => {
    if (low <= hi[i]!) distinct.add(low * 65536 + hi[i]!);
  });
  return normalise(Array.from(distinct, (bounds) => [Math.floor(bounds / 65536), bounds % 65536] as const));
}

/** Every value that satisfies `inner` satisfies `outer`. */
function literalImplies(inner: Lit, outer: Lit): boolean {
  if (inner.set.kind === 'tuples' && outer.set.kind !== 'tuples') {
    const shadow = inner.negate ? null : projection(inner.set, outer.set.field);
    return shadow !== null && literalImplies({ set: shadow, negate: false }, outer);
  }
  if (inner.set.field !== outer.set.field) return false;
  if (inner.negate && outer.negate) return mustBeSubset(outer.set, inner.set);
  if (inner.negate) return false;
  return outer.negate ? mustBeDisjoint(inner.set, outer.set) : mustBeSubset(inner.set, outer.set);
}

/** No value satisfies both. */
function literalsExclude(a: Lit, b: Lit): boolean {
  if (a.set.kind === 'tuples' && b.set.kind !== 'tuples') {
    const shadow = a.negate ? null : projection(a.set, b.set.field);
    return shadow !== null && literalsExclude({ set: shadow, negate: false }, b);
  }
  if (b.set.kind === 'tuples' && a.set.kind !== 'tuples') return literalsExclude(b, a);
  if (a.set.field !== b.set.field) return false;
  if (a.negate && b.negate) return false;
  if (a.negate) return mustBeSubset(b.set, a.set);
  if (b.negate) return mustBeSubset(a.set, b.set);
  return mustBeDisjoint(a.set, b.set);
}

/** Every packet that could satisfy `inner` and has all fields satisfies `outer`; literals alone, availability aside. */
export function valuesCover(outer: Conj, inner: Conj): boolean {
  return outer.every((literal) => inner.some((other) => literalImplies(other, literal)) || isListed(inner, literal));
}

/** The literal is about tuples, and what the condition asks of their fields is among them for good. */
function isListed(inner: Conj, { set, negate }: Lit): boolean {
  if (set.kind !== 'tuples' || negate || set.except !== null || set.live || expires(set)) return false;
  const box = boxOf(inner);
  return box !== null && lists(set, box);
}

/** Some packet could satisfy both. */
export function mayOverlap(a: Conj, b: Conj): boolean {
  return !a.some((literal) => b.some((other) => literalsExclude(literal, other)));
}
