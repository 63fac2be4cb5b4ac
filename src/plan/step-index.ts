/**
 * Which steps packets of a condition may meet, by the addresses, ports and ICMP types that both ask for: of ten thousand steps most ask for
 * others.
 */
import type { Conj, ValueSet } from '../analyse/logic.js';
import type { AddressRanges } from '../model/address.js';
import type { Field } from '../model/field.js';
import type { Ranges } from '../model/match.js';
import { isAddressColumn, rangesAt, sizeAt, type RuleColumn } from '../model/rule-columns.js';
import type { MergedStep } from './merge.js';
import { rangeAt, StepsByAddress, type NumberRange, type StepRange } from './step-addresses.js';

/** The fields that steps are found by. */
const fields = ['saddr', 'daddr', 'dport', 'sport', 'icmp', 'length', 'ttl', 'tos'] as const satisfies readonly Field[];
const addressFields = 2;
const numberOf: ReadonlyMap<Field, number> = new Map(fields.map((field, i) => [field, i]));
/** Of a field; a condition that asks for more finds all steps, and a step that asks for more is found by all. */
const mostValues = 16;
/** Ranges of addresses that a step is found by, and all of them. */
const mostRanges = { step: 1_024, all: 262_144 };
/** Steps of a kind that are found by addresses; of more all are looked at, from the first one on. */
const mostFound = 64;

/** Number of the first step from that one on that may be met, or how many steps there are. */
export type NextMet = (from: number) => number;

/** Those of ports and ICMP types are few values, each a range of its own. */
type Asked = readonly NumberRange[];

/** Finds steps by what they ask of a field. */
interface Finder {
  readonly field: number;
  /** Lists of those that ask for some of it; null: they are more than `most`. */
  readonly find: (asked: Asked, most: number, counted: number) => readonly (readonly number[])[] | null;
}

/** Steps that ask for few values of the same fields. */
interface Kind {
  readonly finders: readonly Finder[];
  readonly fields: readonly Field[];
  readonly all: readonly number[];
  /** Those that neither drop nor exempt. */
  readonly others: readonly number[];
}

type Steps = readonly Pick<MergedStep, 'when' | 'outcome' | 'exempts'>[];

export class StepIndex {
  #made: readonly Kind[] | null = null;

  constructor(private readonly steps: Steps) {}

  get #kinds(): readonly Kind[] {
    return (this.#made ??= kindsOf(this.steps));
  }

  /** Errs to more. Before `counted`, drops that cannot drop all of the condition are left out, and what is exempt from them. */
  metBy(condition: Conj, counted = 0): NextMet {
    const { length } = this.steps;
    const asked = askedIn(condition, mostValues);
    const bound = asksTwice(condition) ? 0 : counted;
    const lists: (readonly number[])[] = [];
    const later: (readonly number[])[] = [];
    for (const kind of this.#kinds) {
      const found = findIn(kind, asked, bound);
      if (found) lists.push(...found);
      else if (counted === 0 || kind.fields.every((field) => mayAsk(condition, field))) lists.push(kind.all);
      else {
        lists.push(kind.others);
        later.push(kind.all);
      }
    }
    return (from) => {
      let next = length;
      for (const list of lists) next = Math.min(next, firstFrom(list, from) ?? next);
      for (const list of later) next = Math.min(next, firstFrom(list, Math.max(from, counted)) ?? next);
      return next;
    };
  }

  /**
   * No step is met by packets that have what row `i` of the columns says. Null: they may be told by any fields; else by `told` alone, and drops
   * that cannot drop all of them are left out.
   */
  isFree(columns: readonly RuleColumn[], i: number, told: ReadonlySet<Field> | null): boolean {
    const asked = fields.map((field) => {
      const column = columns.find((one) => one.field === field);
      return column ? askedAt(column, i) : null;
    });
    return this.#kinds.every((kind) => {
      if (findIn(kind, asked, told ? Infinity : 0)?.length === 0) return true;
      return told !== null && kind.others.length === 0 && kind.fields.some((field) => !told.has(field));
    });
  }
}

/** Lists without those that are empty; null: they are found by none of it. */
function findIn(
  { finders }: Kind,
  asked: readonly (Asked | null)[],
  counted: number,
): readonly (readonly number[])[] | null {
  let best: readonly (readonly number[])[] | null = null;
  let most = Infinity;
  for (const { field, find } of finders) {
    const own = asked[field];
    const found: readonly (readonly number[])[] | null = own ? find(own, most, counted) : null;
    if (!found) continue;
    best = found;
    most = found.reduce((sum, { length }) => sum + length, 0);
    if (most === 0) break;
  }
  return best;
}

function kindsOf(steps: Steps): Kind[] {
  const kinds = new Map<number, number[]>();
  let ranges = 0;
  const asked = steps.map(({ when }) => {
    const own = askedIn(when, ranges < mostRanges.all ? mostRanges.step : mostValues);
    ranges += (own[0]?.length ?? 0) + (own[1]?.length ?? 0);
    return own;
  });
  asked.forEach((own, step) => {
    const kind = own.reduce((bits, one, field) => bits | (one ? 1 << field : 0), 0);
    const known = kinds.get(kind);
    if (known) known.push(step);
    else kinds.set(kind, [step]);
  });
  return Array.from(kinds, ([kind, all]): Kind => {
    const own = [...fields.keys()].filter((field) => (kind & (1 << field)) !== 0);
    return {
      finders: own.map((field) => finderOf(field, all, steps, asked)),
      fields: own.map((field) => fields[field]!),
      all,
      others: all.filter((step) => isOther(steps[step]!)),
    };
  });
}

function finderOf(
  field: number,
  own: readonly number[],
  steps: Steps,
  asked: readonly (readonly (Asked | null)[])[],
): Finder {
  const entries = own.flatMap((step) => {
    const ranges = asked[step]![field]!;
    const bounds = ranges.length === 1 && !isOther(steps[step]!);
    return ranges.map((range): StepRange => ({ range, step, bounds }));
  });
  return { field, find: field < addressFields ? byAddress(entries) : byValue(entries) };
}

/** It neither drops nor exempts. */
const isOther = ({ outcome, exempts }: Steps[number]): boolean => outcome.kind !== 'drop' && exempts !== true;

function byAddress(entries: readonly StepRange[]): Finder['find'] {
  const tree = new StepsByAddress(entries);
  return (asked, most, counted) => {
    const found: number[] = [];
    const bound = Math.min(most, mostFound);
    if (!asked.every((range) => tree.find({ range, counted, found, most: bound }))) return null;
    if (found.length === 0) return [];
    if (found.length > 1) found.sort((a, b) => a - b);
    return [found];
  };
}

function byValue(entries: readonly StepRange[]): Finder['find'] {
  const lists = new Map<number, number[]>();
  for (const { range, step } of entries) {
    const known = lists.get(range[0]);
    if (known) known.push(step);
    else lists.set(range[0], [step]);
  }
  return (asked, most) => {
    const found = asked.flatMap(([value]) => {
      const list = lists.get(value);
      return list ? [list] : [];
    });
    return found.reduce((sum, { length }) => sum + length, 0) > most ? null : found;
  };
}

/** What the condition asks of each of the fields at least; null: more than `most` ranges of addresses, or many values, or nothing. */
function askedIn(when: Conj, most: number): readonly (Asked | null)[] {
  const asked: (Asked | null)[] = fields.map(() => null);
  for (const { set, negate } of when) {
    const field = negate ? undefined : numberOf.get(set.field);
    if (field !== undefined) asked[field] = narrower(asked[field]!, askedOf(set, most));
  }
  return asked;
}

const narrower = (one: Asked | null, other: Asked | null): Asked | null =>
  one !== null && (other === null || sizeOf(one) <= sizeOf(other)) ? one : other;

const sizeOf = (asked: Asked): number => asked.reduce((sum, [low, high]) => sum + high - low + 1, 0);

/** One of them may lie in what the other does not. */
const asksTwice = (when: Conj): boolean =>
  when.some(({ set }, i) => addressFieldOf(set) && when.slice(0, i).some((other) => other.set.field === set.field));

const addressFieldOf = ({ field }: ValueSet): boolean => field === 'saddr' || field === 'daddr';

function askedOf(set: ValueSet, most: number): Asked | null {
  if (set.kind === 'values') return valuesOf(set.ranges);
  // Of a set whose elements come and go nothing is concluded here.
  return set.kind === 'addresses' && !set.live ? addressesOf(set.ranges, most) : null;
}

function askedAt(column: RuleColumn, i: number): Asked | null {
  if ('ranges' in column) return [rangeAt(column.ranges, i)];
  if ('addresses' in column) return null;
  if (!isAddressColumn(column)) return valuesOf(rangesAt(column, i));
  const { starts, ranges } = column.lists;
  const length = sizeAt(column, i);
  return length > mostValues ? null : Array.from({ length }, (_, n) => rangeAt(ranges, starts[i]! + n));
}

const addressesOf = (ranges: AddressRanges, most: number): Asked | null =>
  ranges.count > most ? null : Array.from({ length: ranges.count }, (_, i) => rangeAt(ranges, i));

function valuesOf(ranges: Ranges): Asked | null {
  const values: NumberRange[] = [];
  for (const [low, high] of ranges) {
    if (high - low >= mostValues - values.length) return null;
    for (let value = low; value <= high; value++) values.push([value, value]);
  }
  return values;
}

const mayAsk = (condition: Conj, field: Field): boolean =>
  condition.some(({ set }) => set.field === field || set.field === 'tuple');

/** Of ascending numbers. */
function firstFrom(list: readonly number[], least: number): number | undefined {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return list[low];
}
