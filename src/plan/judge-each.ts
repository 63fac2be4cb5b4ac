/**
 * The judgement on each rule of a run where it is not the same for all. Mostly a few of a long list meet a step about addresses (an accept of a
 * network, say): they are judged one by one, and the others together.
 */
import type { AddressRun } from '../model/address-run.js';
import { wordsPerAddress, type AddressRanges } from '../model/address.js';
import { markOverlapping } from '../analyse/address-index.js';
import type { ValueSet } from '../analyse/logic.js';
import { judgeRun, judgeRunRule, type FamilyPlan, type Judgement } from './decide.js';

type Addresses = Extract<ValueSet, { kind: 'addresses' }>;

/** One for all rules of the run, or one for each. */
export function judgeEach(run: AddressRun, plan: FamilyPlan): Judgement | readonly Judgement[] {
  const all = judgeRun(run, plan, run.ranges);
  if (all) return all;
  const apart = rulesApart(run, plan);
  const others = apart && withoutRows(run.ranges, apart);
  const shared = others && others.count > 1 ? judgeRun(run, plan, others) : null;
  return Array.from({ length: run.count }, (_, i) =>
    shared && apart?.[i] === 0 ? shared : judgeRunRule(run, i, plan),
  );
}

/** A guess, by which nothing is concluded: 1 for each rule that meets what a step asks of the field. Null: each may. */
function rulesApart(run: AddressRun, { steps, analysis }: FamilyPlan): Uint8Array | null {
  if (!analysis.walk.occurrences.has(run)) return null;
  const own = steps.findLastIndex(({ members }) => members.some(({ rule }) => rule === run));
  const asked = new Set<AddressRanges>();
  for (const { when, members } of own < 0 ? steps : steps.slice(0, own))
    for (const { set } of when) {
      if (set.kind === 'tuples') return null;
      if (isAsked(set, run) && !members.some(({ rule }) => rule === run)) asked.add(set.ranges);
    }
  const marks = new Uint8Array(run.count);
  for (const ranges of joined([...asked], run)) markOverlapping(run.ranges, ranges, marks);
  return marks;
}

const isAsked = (set: ValueSet, { field }: AddressRun): set is Addresses =>
  set.kind === 'addresses' && set.field === field;

/** Lists up to this length are looked at as one. */
const short = 256;

function joined(lists: readonly AddressRanges[], run: AddressRun): AddressRanges[] {
  const { family } = run.ranges;
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

function withoutRows({ family, count, lo, hi }: AddressRanges, rows: Uint8Array): AddressRanges {
  const words = wordsPerAddress(family);
  const low = new Uint32Array(count * words);
  const high = new Uint32Array(count * words);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if (rows[i] !== 0) continue;
    for (let w = 0; w < words; w++) {
      low[kept * words + w] = lo[i * words + w]!;
      high[kept * words + w] = hi[i * words + w]!;
    }
    kept++;
  }
  return { family, count: kept, lo: low.subarray(0, kept * words), hi: high.subarray(0, kept * words) };
}
