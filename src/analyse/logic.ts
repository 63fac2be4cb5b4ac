/**
 * Conditions over packet fields in disjunctive form. A rule's matches become two of them: `may` holds for every packet that the rule
 * could match, `must` only for packets that it certainly matches (null when something in it cannot be decided from the packet).
 */
import type { AddressRanges } from '../model/address.js';
import type { Ranges } from '../model/match.js';
import type { Tuples } from '../model/tuples.js';
import type { Field, SmallField } from '../model/field.js';
import type { Liveness } from './live-set.js';

/**
 * A set of values of one field. Identity matters: equal objects are equal sets. `expires`, where elements do: when each ceases to be one,
 * in seconds since the epoch and no later than the kernel's, 0 for never; such a set is smaller than what it is a copy of, at any time.
 * `live`, where the named set behind it is followed: nothing may be concluded from its values that is not written down there.
 */
export type ValueSet =
  | {
      readonly kind: 'values';
      readonly field: SmallField;
      readonly ranges: Ranges;
      readonly expires?: Uint32Array;
    }
  | {
      readonly kind: 'addresses';
      readonly field: 'saddr' | 'daddr';
      readonly ranges: AddressRanges;
      readonly named: boolean;
      readonly counters: ElementCounters | null;
      readonly expires?: Uint32Array;
      readonly live?: Liveness;
    }
  /** Addresses that only the host knows, when no host facts are given: nothing may be concluded from them but identity. */
  | { readonly kind: 'host'; readonly field: 'saddr' | 'daddr'; readonly name: string }
  | { readonly kind: 'macs'; readonly field: 'smac'; readonly addresses: Float64Array }
  | (Tuples & {
      readonly kind: 'tuples';
      readonly field: 'tuple';
      readonly counters: ElementCounters | null;
      readonly expires?: Uint32Array;
      readonly live?: Liveness;
    });

export type TupleValues = Extract<ValueSet, { readonly kind: 'tuples' }>;

/** The set keeps a counter per element: element `i` of the value set is element `index(i)` of the named set. */
export interface ElementCounters {
  readonly set: string;
  readonly index: Uint32Array;
}

export interface Lit {
  readonly set: ValueSet;
  readonly negate: boolean;
}

/** All literals hold. The empty conjunction is true. */
export type Conj = readonly Lit[];

/** One of the conjunctions holds. The empty disjunction is false. */
export type Dnf = readonly Conj[];

export const TRUE: Dnf = [[]];
export const FALSE: Dnf = [];

/** `must` implies `may`; when nothing is unknown both are the same object. */
export interface Condition {
  readonly may: Dnf;
  readonly must: Dnf | null;
}

export const exactly = (condition: Dnf): Condition => ({ may: condition, must: condition });
export const unknown: Condition = { may: TRUE, must: null };
export const isExact = (condition: Condition): boolean => condition.may === condition.must;

/** Conjunctions a condition may grow to before we give up on it; real rules need one to four. */
const maxConjunctions = 16;

export function and(a: Condition, b: Condition): Condition {
  if (b.may === TRUE && b.must === TRUE) return a;
  if (a.may === TRUE && a.must === TRUE) return b;
  const may = andDnf(a.may, b.may) ?? a.may;
  if (isExact(a) && isExact(b) && a.may.length * b.may.length <= maxConjunctions) return exactly(may);
  const must = a.must && b.must ? andDnf(a.must, b.must) : null;
  return { may, must };
}

/** One of them holds; none of no conditions does. */
export function anyOf(conditions: readonly Condition[]): Condition {
  const may: Dnf = conditions.some((one) => one.may === TRUE) ? TRUE : conditions.flatMap((one) => one.may);
  if (conditions.every(isExact)) return exactly(may);
  return { may, must: conditions.flatMap((one) => one.must ?? []) };
}

/** Null when the product grows too large. */
export function andDnf(a: Dnf, b: Dnf): Dnf | null {
  if (a.length * b.length > maxConjunctions) return null;
  const result: Conj[] = [];
  for (const left of a)
    for (const right of b) {
      const joined = joinConj(left, right);
      if (joined) result.push(joined);
    }
  return result;
}

function joinConj(left: Conj, right: Conj): Conj | null {
  if (left.length === 0) return right;
  let joined = left;
  for (const literal of right) {
    if (left.some((other) => other.set === literal.set && other.negate === literal.negate)) continue;
    if (left.some((other) => contradicts(other, literal))) return null;
    joined = [...joined, literal];
  }
  return joined;
}

/**
 * Cheap test on the small fields; a contradiction that it misses costs a step that never matches, nothing else. AH contradicts no other
 * protocol: ip6tables sees 51 where ipset, behind the same header, sees the protocol that it protects.
 */
function contradicts(a: Lit, b: Lit): boolean {
  if (a.set === b.set) return a.negate !== b.negate;
  if (a.set.kind !== 'values' || b.set.kind !== 'values' || a.set.field !== b.set.field) return false;
  if (a.negate && b.negate) return false;
  const [positive, other] = a.negate ? [b, a] : [a, b];
  if (positive.set.kind !== 'values' || (positive.set.field === 'protocol' && includesAh(positive.set.ranges)))
    return false;
  return positive.set.ranges.every(([lo, hi]) => rangeOutside(lo, hi, other));
}

const includesAh = (ranges: Ranges): boolean => ranges.some(([lo, hi]) => lo <= 51 && 51 <= hi);

function rangeOutside(lo: number, hi: number, literal: Lit): boolean {
  if (literal.set.kind !== 'values') return false;
  // What expires comes to lie outside.
  if (literal.negate && literal.set.expires) return false;
  if (literal.negate) return literal.set.ranges.some(([low, high]) => low <= lo && hi <= high);
  return literal.set.ranges.every(([low, high]) => high < lo || hi < low);
}

/** Elements of the set expire. */
export const expires = (set: ValueSet): boolean => 'expires' in set;

export const fieldOf = (literal: Lit): Field => literal.set.field;

type Values = Extract<ValueSet, { kind: 'values' }>;

/** Those of a field: by text, and of a single range by its bounds. */
interface Interned {
  readonly lists: Map<string, Values>;
  readonly ranges: Map<number, Values>;
}

const values = new Map<SmallField, Interned>();

/** Longer lists are looked up by themselves: a list is the same set wherever it stands, and not equal to another. */
export const longestInterned = 1024;
const longLists = new WeakMap<Ranges, Values>();

function internedOf(field: SmallField): Interned {
  const known = values.get(field) ?? { lists: new Map(), ranges: new Map() };
  values.set(field, known);
  return known;
}

/** Value sets of small fields are interned, so that equal literals are identical. */
export function smallSet(field: SmallField, ranges: Ranges): ValueSet {
  if (ranges.length > longestInterned) return longSet(field, ranges);
  const interned = internedOf(field);
  const [only] = ranges;
  if (only && ranges.length === 1) return intern(interned.ranges, only[0] * 65536 + only[1], field, ranges);
  return intern(interned.lists, ranges.map(([lo, hi]) => `${String(lo)}-${String(hi)}`).join(), field, ranges);
}

function longSet(field: SmallField, ranges: Ranges): Values {
  const known = longLists.get(ranges);
  if (known?.field === field) return known;
  const made: Values = { kind: 'values', field, ranges };
  longLists.set(ranges, made);
  return made;
}

function intern<K>(known: Map<K, Values>, key: K, field: SmallField, ranges: Ranges): Values {
  let set = known.get(key);
  if (set === undefined) known.set(key, (set = { kind: 'values', field, ranges }));
  return set;
}

export const small = (field: SmallField, ranges: Ranges, negate = false): Lit => ({
  set: smallSet(field, ranges),
  negate,
});
