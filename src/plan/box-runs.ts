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
import { boxOf, sizeOf, type PlainSet } from '../analyse/box.js';
import { mostShapes } from '../analyse/run-as-one.js';
import type { Conj, Lit, TupleValues } from '../analyse/logic.js';
import { maxCombinations } from '../analyse/tuple-entries.js';
import type { RawStep } from '../analyse/walk.js';
import { firstRule, type Member } from './members.js';

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
  /** Equal for equal literals. */
  readonly identify: (literal: Lit) => string;
  /** Whether there is a table for tuples of these fields. */
  readonly hasTable: (signature: string) => boolean;
  /** Ids of tuples that did not fit before. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly fewest: number;
}

const mostEntries = 4_000_000;
/** A range of more values may cost a key for each of its prefixes. */
const widest = 16;

/** In order; what is no long run as it came. */
export function joinBoxes<T extends StepRun>(runs: readonly T[], rules: BoxRules): (T | BoxRun)[] {
  const joined: (T | BoxRun)[] = [];
  let open: T[] = [];
  let openKey: string | null = null;
  const finish = (): void => {
    const made = open.length < rules.fewest ? null : boxRun(open, rules);
    if (made) joined.push(made);
    else for (const run of open) joined.push(run);
    open = [];
  };
  for (const run of runs) {
    const key = keyOf(run, rules);
    if (key === null || key !== openKey || rules.barriers.has(run.at)) finish();
    openKey = key;
    open.push(run);
  }
  finish();
  return joined;
}

/** What steps of a run have in common; null: not all of it can be said by tuples. */
function keyOf({ members }: StepRun, { identify }: BoxRules): string | null {
  const [first] = members;
  // A run that is taken as one has tuples of its own.
  if (first?.outcome.kind !== 'drop' || (typeof first.rule !== 'string' && first.rule.fields.length > 1)) return null;
  const box = boxOf(first.when);
  if (!box || box.sides.length < 2 || !members.every(fitsTuples)) return null;
  const fields = box.sides.map(({ field }) => field).sort();
  return `${fields.join()} ${box.rest.map(identify).sort().join()}`;
}

function fitsTuples({ when, rule }: RawStep): boolean {
  const sides = boxOf(when)?.sides;
  const rules = typeof rule === 'string' ? 1 : rule.count;
  return sides?.every(isPlainSide) === true && entriesOfBox(sides) <= maxCombinations * rules;
}

function isPlainSide(side: PlainSet): boolean {
  if (side.kind === 'macs') return true;
  if (side.kind === 'values')
    return side.ranges.every(([low, high]) => high - low < widest || isWhole(side.field as SmallTupleField, low, high));
  for (let i = 0; i < side.ranges.count; i++) if (prefixLength(side.ranges, i) === null) return false;
  return true;
}

const isWhole = (field: SmallTupleField, low: number, high: number): boolean =>
  low === 0 && high === smallTupleMax[field];

const entriesOfBox = (sides: readonly PlainSet[]): number => sides.reduce((product, side) => product * sizeOf(side), 1);

/** How many entries of the tuples are this member's. */
export const boxEntries = ({ when }: Member, { columns }: TupleValues): number => {
  const box = boxOf(when);
  return entriesOfBox(columns.map(({ field }) => sideOf(box?.sides ?? [], field)));
};

function boxRun(runs: readonly StepRun[], { hasTable, leftOut }: BoxRules): BoxRun | null {
  const members = runs.flatMap((run) => run.members);
  const boxes = members.map(({ when }) => boxOf(when) ?? bug());
  const [first] = boxes;
  const fields = first?.sides.map(({ field }) => field as TupleField) ?? [];
  const varying = fields.filter((field) => !isShared(boxes.map(({ sides }) => sideOf(sides, field))));
  if (!first || varying.length < 2) return null;
  const shared = first.sides.filter(({ field }) => !varying.includes(field as TupleField));
  const chosen = boxes.map(({ sides }) => varying.map((field) => sideOf(sides, field)));
  const count = chosen.reduce((sum, sides) => sum + entriesOfBox(sides), 0);
  if (count > mostEntries || shapes(chosen) > mostShapes) return null;
  const columns = varying.map((field, i) => columnOf(field, chosen, i, count));
  const id = `rules from ${firstRule(members[0]!.rule)}`;
  const name = `of ${members.length} rules`;
  const tuples: TupleValues = {
    ...{ kind: 'tuples', field: 'tuple', set: { id, name }, count, columns },
    ...{ except: null, availableUpTo: leastAvailable(columns), counters: null },
  };
  if (leftOut.has(id) || !hasTable(tupleSignature(tuples))) return null;
  return { members, tuples, rest: [...shared.map((set) => ({ set, negate: false })), ...first.rest] };
}

const sideOf = (sides: readonly PlainSet[], field: string): PlainSet =>
  sides.find((side) => side.field === field) ?? bug();

function isShared([first, ...others]: readonly PlainSet[]): boolean {
  return others.every((other) => other === first || (first !== undefined && isSameAddress(first, other)));
}

function isSameAddress(one: PlainSet, other: PlainSet): boolean {
  if (one.kind !== 'addresses' || other.kind !== 'addresses' || one.ranges.count !== other.ranges.count) return false;
  const { lo, hi } = one.ranges;
  return lo.every((word, w) => word === other.ranges.lo[w]) && hi.every((word, w) => word === other.ranges.hi[w]);
}

function shapes(boxes: readonly (readonly PlainSet[])[]): number {
  const met = new Set<string>();
  for (const sides of boxes) {
    let made = [''];
    for (const side of sides) {
      const lengths = new Set<number>();
      if (side.kind === 'addresses')
        for (let i = 0; i < side.ranges.count; i++) lengths.add(prefixLength(side.ranges, i) ?? -1);
      else if (side.kind === 'values')
        for (const [low, high] of side.ranges) lengths.add(isWhole(side.field as SmallTupleField, low, high) ? 0 : 1);
      else lengths.add(48);
      made = made.flatMap((shape) => Array.from(lengths, (length) => `${shape} ${length}`));
    }
    for (const shape of made) met.add(shape);
    if (met.size > mostShapes) break;
  }
  return met.size;
}

/** The field's values in the order of the entries: box by box, of each all combinations, the last field's values alternating fastest. */
function columnOf(field: TupleField, boxes: readonly (readonly PlainSet[])[], at: number, count: number): TupleColumn {
  const fill = fillerOf(field, boxes[0]![at]!, count);
  let entry = 0;
  for (const sides of boxes) {
    const side = sides[at]!;
    const size = sizeOf(side);
    const repeat = entriesOfBox(sides.slice(at + 1));
    const total = entriesOfBox(sides);
    for (let i = 0; i < total; i++) fill.set(side, Math.floor(i / repeat) % size, entry++);
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
