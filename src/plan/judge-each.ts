/**
 * The judgement on each rule of a run where it is not the same for all. Mostly a few of a long list meet a step about what they differ in (an
 * accept of a network, say): they are judged one by one, and the others together.
 */
import type { AddressRun } from '../model/address-run.js';
import { wordsPerAddress, type AddressFamily, type AddressRanges } from '../model/address.js';
import type { Ranges } from '../model/match.js';
import { orderOf } from '../model/segments.js';
import { allAddresses, isAddressColumn, pickRules, rangesAt, type AddressColumn } from '../model/rule-columns.js';
import { markOverlapping } from '../analyse/address-index.js';
import type { ValueSet } from '../analyse/logic.js';
import { isDisjoint } from '../model/small-ranges.js';
import type { Field } from '../model/field.js';
import { judgeRun, judgeRunRule, type FamilyPlan, type Judgement } from './decide.js';
import { isNegated, isOf } from './members.js';

/**
 * Of each run one for all its rules, or one for each; more than one run stand in turn. In the order of their rules: what may be looked at in all is not used up by
 * the last ones of the first run.
 */
export function judgeInTurn(
  runs: readonly AddressRun[],
  plan: FamilyPlan,
): readonly (Judgement | readonly Judgement[])[] {
  const judged = runs.map((run) => judgesOf(run, plan));
  const made = runs.map((): Judgement[] => []);
  for (const k of orderOf(runs)) {
    const own = judged[k]!;
    if (typeof own === 'function') made[k]!.push(own(made[k]!.length));
  }
  return judged.map((own, k) => (typeof own === 'function' ? made[k]! : own));
}

function judgesOf(run: AddressRun, plan: FamilyPlan): Judgement | ((i: number) => Judgement) {
  const all = judgeRun(run, plan, run.columns);
  if (all) return all;
  if (run.fields.length === 0 && run.count > 1) return judgeSame(run, plan);
  const apart = rulesApart(run, plan);
  const others = apart && rowsNotIn(apart);
  const shared = others && others.length > 1 ? judgeRun(run, plan, pickRules(run.columns, others)) : null;
  const byItself = judgeByItself(run, plan);
  return (i) => (shared && apart?.[i] === 0 ? shared : byItself(i));
}

/** The rules say the same: of those that were not gone through by themselves one is all. */
function judgeSame(run: AddressRun, plan: FamilyPlan): (i: number) => Judgement {
  const own = plan.analysis.walk.runs.ruleByRule.get(run) ?? 0;
  let rest: Judgement | null = null;
  return (i) => (i < own ? judgeRunRule(run, i, plan) : (rest ??= judgeRunRule(run, i, plan)));
}

/** As `judgeRunRule`. Of rules that have no step, and whose packets meet none, the same is found. */
function judgeByItself(run: AddressRun, plan: FamilyPlan): (i: number) => Judgement {
  const { analysis, index } = plan;
  const own = analysis.walk.runs.ruleByRule.get(run) ?? run.count;
  const wanted = run.columns.filter((_, c) => !isNegated(run, c));
  const others = own < run.count ? fieldsAsked(run, plan) : null;
  let free: Judgement | null = null;
  return (i) =>
    i >= own && index.isFree(wanted, i, others) ? (free ??= judgeRunRule(run, i, plan)) : judgeRunRule(run, i, plan);
}

/** Fields that the packets of its rules are told by; null: it is not known which. */
function fieldsAsked(run: AddressRun, { analysis }: FamilyPlan): ReadonlySet<Field> | null {
  const asked = new Set<Field>(run.fields);
  for (const { reach } of analysis.walk.occurrences.get(run) ?? [])
    for (const { set } of reach.flat()) {
      if (set.kind === 'tuples' && !isOf(run, set)) return null;
      asked.add(set.field);
    }
  return asked;
}

/** A guess, by which nothing is concluded: 1 for each rule that meets what a step asks of its fields. Null: each may. */
function rulesApart(run: AddressRun, { steps, analysis }: FamilyPlan): Uint8Array | null {
  const { occurrences, runs } = analysis.walk;
  if (!occurrences.has(run) || runs.ruleByRule.has(run)) return null;
  const own = steps.findLastIndex(({ members }) => members.some(({ rule }) => rule === run));
  const asked = new Set<ValueSet>();
  for (const { when, members } of own < 0 ? steps : steps.slice(0, own))
    for (const { set } of when) {
      if (set.kind === 'tuples') return null;
      if (!members.some(({ rule }) => rule === run)) asked.add(set);
    }
  const marks = new Uint8Array(run.count);
  for (const column of run.columns) {
    const own = [...asked].filter(({ field }) => field === column.field);
    if (isAddressColumn(column)) markAddresses(column, own.flatMap(rangesOf), marks);
    else if ('addresses' in column) markMacs(column.addresses, new Set(own.flatMap(macsOf)), marks);
    else markValues((i) => rangesAt(column, i), own.flatMap(smallRangesOf), marks);
  }
  return marks;
}

const rangesOf = (set: ValueSet): readonly AddressRanges[] => (set.kind === 'addresses' ? [set.ranges] : []);

function markAddresses(column: AddressColumn, asked: readonly AddressRanges[], marks: Uint8Array): void {
  const ranges = allAddresses(column);
  const own = 'lists' in column ? new Uint8Array(ranges.count) : marks;
  for (const others of joined(asked, ranges.family)) markOverlapping(ranges, others, own);
  if (!('lists' in column)) return;
  const { starts } = column.lists;
  for (let i = 0; i < marks.length; i++) for (let at = starts[i]!; at < starts[i + 1]!; at++) marks[i]! |= own[at]!;
}

const macsOf = (set: ValueSet): readonly number[] => (set.kind === 'macs' ? [...set.addresses] : []);

function markMacs(addresses: Float64Array, asked: ReadonlySet<number>, marks: Uint8Array): void {
  if (asked.size > 0) addresses.forEach((address, i) => (marks[i]! |= Number(asked.has(address))));
}

const smallRangesOf = (set: ValueSet): Ranges => (set.kind === 'values' ? set.ranges : []);

function markValues(rangesOfRule: (i: number) => Ranges, asked: Ranges, marks: Uint8Array): void {
  if (asked.length === 0) return;
  for (let i = 0; i < marks.length; i++) marks[i]! |= Number(!isDisjoint(rangesOfRule(i), asked));
}

/** Lists up to this length are looked at as one. */
const short = 256;

function joined(lists: readonly AddressRanges[], family: AddressFamily): AddressRanges[] {
  const own = lists.filter((list) => list.family === family);
  const together = own.filter(({ count }) => count <= short);
  const count = together.reduce((sum, list) => sum + list.count, 0);
  const words = wordsPerAddress(family);
  const [lo, hi] = [new Uint32Array(count * words), new Uint32Array(count * words)];
  let at = 0;
  for (const list of together) {
    lo.set(list.lo.subarray(0, list.count * words), at);
    hi.set(list.hi.subarray(0, list.count * words), at);
    at += list.count * words;
  }
  return [{ family, count, lo, hi }, ...own.filter((list) => list.count > short)];
}

function rowsNotIn(marks: Uint8Array): Uint32Array {
  const rows = new Uint32Array(marks.length);
  let kept = 0;
  marks.forEach((mark, i) => {
    if (mark === 0) rows[kept++] = i;
  });
  return rows.subarray(0, kept);
}
