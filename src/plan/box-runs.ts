/**
 * Long runs of drops that differ in several fields (`-s A -p tcp --dport P -j DROP`, ten thousand times) become one step about tuples of those
 * fields: one table, however many lines, and a counter for each. A drop holds where all of its fields are there and match, and so does the
 * tuple of them: nothing changes for any packet.
 */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import {
  leastAvailable,
  smallTupleMax,
  tupleSignature,
  type SmallTupleField,
  type TupleColumn,
  type TupleField,
} from '../model/tuples.js';
import { prefixLength } from '../analyse/address-index.js';
import { boxOf, sideOf, sizeOf, type PlainSet } from '../analyse/box.js';
import { mostEntries, mostShapes } from '../analyse/run-as-one.js';
import type { Conj, TupleValues, ValueSet } from '../analyse/logic.js';
import { maxCombinations } from '../analyse/tuple-entries.js';
import { entryKeys } from '../analyse/tuple-ranges.js';
import type { RawStep } from '../analyse/walk.js';
import { firstRule, listStarts, type Member } from './members.js';
import type { StepKinds } from './step-kinds.js';

/** Steps that differ in one field at most, side by side. */
export interface StepRun {
  /** Number of the first of them. */
  readonly at: number;
  readonly members: readonly RawStep[];
}

export interface BoxRun {
  readonly members: readonly RawStep[];
  readonly tuples: TupleValues;
  /** What all of them ask besides. */
  readonly rest: Conj;
}

export interface BoxRules {
  /** Steps that skips aim at: none is taken together with what stands before it. */
  readonly barriers: ReadonlySet<number>;
  readonly kinds: StepKinds;
  /** Whether there is a table for tuples of these fields. */
  readonly hasTable: (signature: string) => boolean;
  /** Ids of tuples that did not fit before. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly fewest: number;
}

/** A range of so many values is few keys in any case. */
const widest = 16;

/** In order; what is no long run as it came. */
export function joinBoxes<T extends StepRun>(runs: readonly T[], rules: BoxRules): (T | BoxRun)[] {
  const joined: (T | BoxRun)[] = [];
  let open: T[] = [];
  let openKind: number | null = null;
  const finish = (): void => {
    const whole = open.length < rules.fewest ? null : boxRun(open, rules);
    for (const part of whole ? [] : partsByWidth(open)) {
      const made = part.length < rules.fewest || part.length === open.length ? null : boxRun(part, rules);
      if (made) joined.push(made);
      else for (const run of part) joined.push(run);
    }
    if (whole) joined.push(whole);
    open = [];
  };
  for (const run of runs) {
    const kind = kindOf(run, rules);
    if (kind === null || kind !== openKind || rules.barriers.has(run.at)) finish();
    openKind = kind;
    open.push(run);
  }
  finish();
  return joined;
}

/** Those of narrow ranges, which are few keys whatever stands with them, and the others. */
function partsByWidth<T extends StepRun>(runs: readonly T[]): T[][] {
  const parts: T[][] = [];
  let before: boolean | null = null;
  for (const run of runs) {
    const isNarrow = run.members.every(({ when }) => when.every(({ set }) => isNarrowSide(set)));
    if (isNarrow === before) parts[parts.length - 1]!.push(run);
    else parts.push([run]);
    before = isNarrow;
  }
  return parts;
}

const isNarrowSide = (set: ValueSet): boolean =>
  set.kind !== 'values' ||
  set.ranges.every(([low, high]) => high - low < widest || isWhole(set.field as SmallTupleField, low, high));

/** What steps of a run have in common; null: not all of it can be said by tuples. */
function kindOf({ members }: StepRun, { kinds }: BoxRules): number | null {
  const [first] = members;
  // A run that is taken as one has tuples of its own.
  if (first?.outcome.kind !== 'drop' || (typeof first.rule !== 'string' && first.rule.fields.length > 1)) return null;
  const kind = kinds.of(first);
  if (!kind || kind.fields.length < 2) return null;
  const isOfKind = (step: RawStep): boolean => kinds.of(step) === kind && fitsTuples(step, kind.fields);
  return members.every(isOfKind) ? kind.number : null;
}

function fitsTuples({ when, rule }: RawStep, fields: readonly string[]): boolean {
  // Counters are laid beside entries by rule: each has as many.
  if (typeof rule !== 'string' && listStarts(rule)) return false;
  const rules = typeof rule === 'string' ? 1 : rule.count;
  return fields.every((field) => isPlainSide(side(when, field))) && entriesOf(when, fields) <= maxCombinations * rules;
}

function isPlainSide(side: PlainSet): boolean {
  if (side.kind !== 'addresses') return true;
  for (let i = 0; i < side.ranges.count; i++) if (prefixLength(side.ranges, i) === null) return false;
  return true;
}

const isWhole = (field: SmallTupleField, low: number, high: number): boolean =>
  low === 0 && high === smallTupleMax[field];

const side = (when: Conj, field: string): PlainSet => sideOf(when, field) ?? bug();

/** How many combinations of values of these fields the condition asks for. */
function entriesOf(when: Conj, fields: readonly string[]): number {
  let product = 1;
  for (const field of fields) product *= sizeOf(side(when, field));
  return product;
}

/** How many entries of the tuples are this member's. */
export function boxEntries({ when }: Member, { columns }: TupleValues): number {
  let product = 1;
  for (const { field } of columns) product *= sizeOf(side(when, field));
  return product;
}

function boxRun(runs: readonly StepRun[], { hasTable, leftOut }: BoxRules): BoxRun | null {
  const members: RawStep[] = [];
  for (const run of runs) for (const member of run.members) members.push(member);
  const first = boxOf(members[0]!.when) ?? bug();
  const fields = first.sides.map(({ field }) => field as TupleField);
  const varying = fields.filter((field) => !isShared(members, field));
  if (varying.length < 2) return null;
  const shared = first.sides.filter(({ field }) => !varying.includes(field as TupleField));
  const count = members.reduce((sum, { when }) => sum + entriesOf(when, varying), 0);
  if (count > mostEntries || shapes(members, varying) > mostShapes) return null;
  const columns = varying.map((field) => columnOf(field, members, varying, count));
  if (!entryKeys({ count, columns, except: null }, ownersOf(members, varying, count)).areFew) return null;
  const id = `rules from ${firstRule(members[0]!.rule)}`;
  const name = `of ${members.length} rules`;
  const tuples: TupleValues = {
    ...{ kind: 'tuples', field: 'tuple', set: { id, name }, count, columns },
    ...{ except: null, availableUpTo: leastAvailable(columns), counters: null },
  };
  if (leftOut.has(id) || !hasTable(tupleSignature(tuples))) return null;
  return { members, tuples, rest: [...shared.map((set) => ({ set, negate: false })), ...first.rest] };
}

/** Which member each entry is of. */
function ownersOf(members: readonly RawStep[], fields: readonly TupleField[], count: number): Uint32Array {
  const owners = new Uint32Array(count);
  let entry = 0;
  members.forEach(({ when }, member) => owners.fill(member, entry, (entry += entriesOf(when, fields))));
  return owners;
}

function isShared(members: readonly RawStep[], field: string): boolean {
  const first = side(members[0]!.when, field);
  return members.every(({ when }) => {
    const other = side(when, field);
    return other === first || isSameAddress(first, other);
  });
}

function isSameAddress(one: PlainSet, other: PlainSet): boolean {
  if (one.kind !== 'addresses' || other.kind !== 'addresses' || one.ranges.count !== other.ranges.count) return false;
  const { lo, hi } = one.ranges;
  return lo.every((word, w) => word === other.ranges.lo[w]) && hi.every((word, w) => word === other.ranges.hi[w]);
}

/** Combinations of prefix lengths; of more than are allowed, some. */
function shapes(members: readonly RawStep[], fields: readonly string[]): number {
  const met = new Set<number>();
  for (const { when } of members) {
    if (entriesOf(when, fields) === 1) {
      let shape = 0;
      for (const field of fields) shape = shape * mostLengths + lengthAt(side(when, field), 0);
      met.add(shape);
    } else {
      let made = [0];
      for (const field of fields) {
        const lengths = lengthsOf(side(when, field));
        made = made.flatMap((shape) => Array.from(lengths, (length) => shape * mostLengths + length));
      }
      for (const shape of made) met.add(shape);
    }
    if (met.size > mostShapes) break;
  }
  return met.size;
}

const mostLengths = 129;

const lengthsOf = (side: PlainSet): Set<number> =>
  new Set(Array.from({ length: sizeOf(side) }, (_, i) => lengthAt(side, i)));

/** Of what has no prefixes: whether it is all values. */
function lengthAt(side: PlainSet, i: number): number {
  if (side.kind === 'macs') return 48;
  if (side.kind === 'addresses') return prefixLength(side.ranges, i) ?? bug();
  return isWhole(side.field as SmallTupleField, ...side.ranges[i]!) ? 0 : 1;
}

/** The field's values in the order of the entries: member by member, of each all combinations, the last field's values alternating fastest. */
function columnOf(
  field: TupleField,
  members: readonly RawStep[],
  fields: readonly TupleField[],
  count: number,
): TupleColumn {
  const fill = fillerOf(field, side(members[0]!.when, field), count);
  const behind = fields.slice(fields.indexOf(field) + 1);
  let entry = 0;
  for (const { when } of members) {
    const own = side(when, field);
    const total = entriesOf(when, fields);
    if (total === 1) {
      fill.set(own, 0, entry++);
      continue;
    }
    const size = sizeOf(own);
    const repeat = entriesOf(when, behind);
    for (let i = 0; i < total; i++) fill.set(own, Math.floor(i / repeat) % size, entry++);
  }
  return fill.column;
}

interface Filler {
  readonly column: TupleColumn;
  readonly set: (side: PlainSet, value: number, entry: number) => void;
}

function fillerOf(field: TupleField, first: PlainSet, count: number): Filler {
  if (first.kind === 'addresses' && (field === 'saddr' || field === 'daddr'))
    return addressFiller(field, first.ranges, count);
  if (field === 'smac') {
    const addresses = new Float64Array(count);
    return {
      column: { field, addresses },
      set: (side, i, entry) => (addresses[entry] = side.kind === 'macs' ? side.addresses[i]! : bug()),
    };
  }
  if (field === 'saddr' || field === 'daddr') return bug();
  const [lo, hi] = [new Uint16Array(count), new Uint16Array(count)];
  return {
    column: { field, lo, hi },
    set: (side, i, entry) => {
      const [low, high] = side.kind === 'values' ? side.ranges[i]! : bug();
      lo[entry] = low;
      hi[entry] = high;
    },
  };
}

function addressFiller(field: 'saddr' | 'daddr', { family }: AddressRanges, count: number): Filler {
  const words = wordsPerAddress(family);
  const [lo, hi] = [new Uint32Array(count * words), new Uint32Array(count * words)];
  return {
    column: { field, ranges: { family, count, lo, hi } },
    set: (side, i, entry) => {
      const { ranges } = side.kind === 'addresses' ? side : bug();
      for (let w = 0; w < words; w++) {
        lo[entry * words + w] = ranges.lo[i * words + w]!;
        hi[entry * words + w] = ranges.hi[i * words + w]!;
      }
    },
  };
}

function bug(): never {
  throw new Error('bug: steps of a run differ in what they ask');
}
