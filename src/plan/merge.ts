/**
 * Runs of steps that differ in one field only become one step with one table: ten thousand `-s A -j DROP` lines cost what one set
 * costs, while each line keeps its own counter. Only neighbours merge, and never across a place that a skip aims at. Long runs that differ
 * in several fields: box-runs.ts.
 */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { Label, RawStep, RuleOrRun } from '../analyse/walk.js';
import type { Conj, Lit, TupleValues, ValueSet } from '../analyse/logic.js';
import { expires } from '../analyse/logic.js';
import { madeTuples } from '../analyse/run-as-one.js';
import { tupleSignature } from '../model/tuples.js';
import { boxEntries, joinBoxes, type BoxRun, type StepRun } from './box-runs.js';
import { sideBySide } from './side-by-side.js';
import { StepKinds } from './step-kinds.js';
import { areSeveral, isOf, type Member } from './members.js';
import { limits, type Field } from './program.js';

export interface MergedStep {
  readonly when: Conj;
  readonly outcome:
    | { readonly kind: 'drop' }
    | { readonly kind: 'pass' }
    | { readonly kind: 'ask' }
    | { readonly kind: 'route' }
    | { readonly kind: 'skip'; readonly to: number; readonly maybe?: true }
    | { readonly kind: 'mark'; readonly state: number; readonly certain: boolean };
  readonly members: readonly Member[];
  /** Index in `when` of the literal that the members differ in; null when there is one member. */
  readonly varying: number | null;
  /** It passes packets that the next step, a drop, would take. */
  readonly exempts?: true;
}

interface Candidate {
  readonly field: Field;
  readonly rest: string;
}

interface Group extends StepRun {
  readonly first: RawStep;
  /** Null: not asked for yet. */
  candidates: readonly Candidate[] | null;
  readonly members: RawStep[];
}

/** Fields that runs differ in, most usual first. */
const varyingFields: readonly Field[] = ['saddr', 'daddr', 'smac', 'dport', 'sport', 'icmp', 'protocol'];

export interface MergeLimits {
  /** Sets and runs whose tables do not fit, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Steps in a row that are worth a table of tuples. */
  readonly tuplesFrom: number;
  /** More steps are not taken: where no skip stands before, none is made of what is behind so many. */
  readonly enough: number;
}

export interface Merged {
  readonly steps: MergedStep[];
  /** They are the first ones: others were not made. */
  readonly isCut: boolean;
}

export function mergeSteps(walked: readonly RawStep[], { leftOut, tuplesFrom, enough }: MergeLimits): Merged {
  const barriers = new Set<number>();
  for (const { outcome } of walked) if (outcome.kind === 'skip') barriers.add(outcome.to.at);
  const identify = identities();
  const kinds = new StepKinds(identify);
  const steps = sideBySide(walked, { barriers, kinds, fewest: tuplesFrom });
  const groups = inOneField(steps, barriers, identify);
  const joined = joinBoxes(groups, {
    barriers,
    kinds,
    hasTable: tables(tuplesIn(steps, () => true)),
    leftOut,
    fewest: tuplesFrom,
  });
  const merged = firstOf(joined, enough);
  const numberOf = new Int32Array(steps.length + 1).fill(merged.length);
  let next = 0;
  merged.forEach(({ members }, number) => {
    numberOf.fill(number, next, next + members.length);
    next += members.length;
  });
  const indexOf = (label: Label): number => numberOf[label.at] ?? merged.length;
  const closed = merged.map((one) => ('tuples' in one ? closeBoxes(one) : close(one, indexOf, identify)));
  return { steps: closed, isCut: merged.length < joined.length };
}

/** So many of them, and those up to the last one about tuples: of what has no table that is said, not that it is too much. */
function firstOf(joined: readonly (Group | BoxRun)[], enough: number): readonly (Group | BoxRun)[] {
  const last = joined.findLastIndex((one) => 'tuples' in one || tuplesIn([one.first], () => true).length > 0);
  const first = joined.slice(0, Math.max(enough, last + 1));
  const isSkip = (one: Group | BoxRun): boolean => one.members[0]?.outcome.kind === 'skip';
  return first.some(isSkip) ? joined : first;
}

/** Whether there is a table for tuples of these fields, where `sets` have theirs. */
function tables(sets: readonly TupleValues[]): (signature: string) => boolean {
  const taken = new Set(sets.map(tupleSignature));
  return (signature) => {
    if (taken.size < limits.tupleTables) taken.add(signature);
    return taken.has(signature);
  };
}

function tuplesIn(steps: readonly RawStep[], wanted: (step: RawStep, set: TupleValues) => boolean): TupleValues[] {
  const found: TupleValues[] = [];
  for (const step of steps)
    for (const { set } of step.when) if (set.kind === 'tuples' && wanted(step, set)) found.push(set);
  return found;
}

const isTuplesOf = (rule: RuleOrRun, set: ValueSet): boolean =>
  typeof rule !== 'string' && set.kind === 'tuples' && isOf(rule, set);

/** Runs taken as one whose tuples have no table, for sets have theirs first: they are to be taken rule by rule. */
export function withoutTable(
  steps: readonly RawStep[],
  asOne: ReadonlySet<AddressRun>,
  { leftOut }: Pick<MergeLimits, 'leftOut'>,
): AddressRun[] {
  const runs = new Map([...asOne].map((run) => [madeTuples(run)?.columns, run]));
  const hasTable = tables(tuplesIn(steps, (_, { columns }) => !runs.has(columns)));
  const found = new Set<AddressRun>();
  for (const set of tuplesIn(steps, (_, { columns }) => runs.has(columns)))
    if (leftOut.has(set.set.id) || !hasTable(tupleSignature(set))) found.add(runs.get(set.columns)!);
  return [...found];
}

function inOneField(
  steps: readonly RawStep[],
  barriers: ReadonlySet<number>,
  identify: (literal: Lit) => string,
): readonly Group[] {
  const groups: Group[] = [];
  let open: Group | null = null;
  steps.forEach((step, i) => {
    let candidates: readonly Candidate[] | null = null;
    if (open && !barriers.has(i) && sameOutcome(open.first, step) && mayDifferInOne(open.first, step)) {
      candidates = candidatesOf(step, identify);
      const shared = common((open.candidates ??= candidatesOf(open.first, identify)), candidates);
      if (shared.length > 0) {
        open.candidates = shared;
        open.members.push(step);
        return;
      }
    }
    open = { at: i, first: step, candidates, members: [step] };
    groups.push(open);
  });
  return groups;
}

/** Errs to true. They ask for as much, and no two literals differ of which each is the only one of its field. */
function mayDifferInOne({ when }: RawStep, { when: other }: RawStep): boolean {
  if (when.length !== other.length) return false;
  let differing = 0;
  for (let i = 0; i < when.length; i++) {
    const { set, negate } = when[i]!;
    const { field } = set;
    if (other[i]!.set.field !== field) return true;
    if (negate === other[i]!.negate && isSameSet(set, other[i]!.set)) continue;
    if (isOnly(when, i) && isOnly(other, i)) differing++;
  }
  return differing <= 1;
}

/** The only one of its field. */
function isOnly(when: Conj, at: number): boolean {
  for (let i = 0; i < when.length; i++) if (i !== at && when[i]!.set.field === when[at]!.set.field) return false;
  return true;
}

/** As `identities` says. */
function isSameSet(one: ValueSet, other: ValueSet): boolean {
  if (one === other) return true;
  if (one.kind !== 'addresses' || other.kind !== 'addresses' || expires(one) || expires(other)) return false;
  if (one.ranges.count !== 1 || other.ranges.count !== 1) return false;
  const { lo, hi } = one.ranges;
  return lo.every((word, w) => word === other.ranges.lo[w]) && hi.every((word, w) => word === other.ranges.hi[w]);
}

const closeBoxes = ({ members, tuples, rest }: BoxRun): MergedStep => ({
  when: [{ set: tuples, negate: false }, ...rest],
  outcome: { kind: 'drop' },
  members,
  varying: 0,
});

function sameOutcome(a: RawStep, b: RawStep): boolean {
  if (a.outcome.kind === 'skip')
    return b.outcome.kind === 'skip' && a.outcome.to === b.outcome.to && a.outcome.maybe === b.outcome.maybe;
  if (a.outcome.kind === 'mark')
    return b.outcome.kind === 'mark' && a.outcome.state === b.outcome.state && a.outcome.certain === b.outcome.certain;
  return a.outcome.kind === b.outcome.kind;
}

/** `a` itself where all of it is shared: run after run of the same kind is. */
function common(a: readonly Candidate[], b: readonly Candidate[]): readonly Candidate[] {
  if (a === b) return a;
  const isShared = (one: Candidate): boolean => b.some((other) => other.field === one.field && other.rest === one.rest);
  return a.every(isShared) ? a : a.filter(isShared);
}

/** Of steps that ask for one field only: a hundred thousand lines share them. */
const alone: ReadonlyMap<Field, readonly Candidate[]> = new Map(
  varyingFields.map((field) => [field, [{ field, rest: '' }]]),
);

/** The rules of a run differ in one field already, or in several. */
function candidatesOf({ when, rule }: RawStep, identify: (literal: Lit) => string): readonly Candidate[] {
  if (typeof rule === 'string') return fieldsToDiffer(when, identify);
  const [field, more] = rule.fields;
  return more === undefined ? fieldsToDiffer(when, identify).filter((one) => one.field === field) : [];
}

function fieldsToDiffer(when: Conj, identify: (literal: Lit) => string): readonly Candidate[] {
  const [only] = when;
  if (only !== undefined && when.length === 1)
    return varyingIndex(when, only.set.field) < 0 ? [] : (alone.get(only.set.field) ?? []);
  const candidates: Candidate[] = [];
  for (const field of varyingFields) {
    const at = varyingIndex(when, field);
    if (at < 0) continue;
    const rest = when
      .flatMap((literal, i) => (i === at ? [] : [identify(literal)]))
      .sort()
      .join(' ');
    candidates.push({ field, rest });
  }
  return candidates;
}

/** The one positive literal of the field that lists values in place; two of them, or a negated one beside it, cannot be merged over. */
function varyingIndex(when: Conj, field: Field): number {
  let at = -1;
  for (let i = 0; i < when.length; i++) {
    const { set, negate } = when[i]!;
    if (set.field !== field) continue;
    if (at >= 0 || negate || set.kind === 'host' || set.kind === 'tuples' || expires(set)) return -1;
    if (set.kind === 'addresses' && set.named) return -1;
    at = i;
  }
  return at;
}

/** Text that is equal for equal literals; big sets by identity. */
function identities(): (literal: Lit) => string {
  const ids = new Map<ValueSet, string>();
  return ({ set, negate }) => {
    let id = ids.get(set);
    if (id === undefined) {
      id =
        set.kind === 'addresses' && set.ranges.count === 1 && !expires(set)
          ? `${set.field}:${set.ranges.lo.join('.')}-${set.ranges.hi.join('.')}`
          : `#${String(ids.size)}`;
      ids.set(set, id);
    }
    return negate ? `!${id}` : id;
  };
}

function close(group: Group, indexOf: (label: Label) => number, identify: (literal: Lit) => string): MergedStep {
  const { first } = group;
  const outcome = first.outcome.kind === 'skip' ? { ...first.outcome, to: indexOf(first.outcome.to) } : first.outcome;
  const { members } = group;
  const own = first.when.findIndex(({ set }) => isTuplesOf(first.rule, set));
  if (own >= 0) return { when: first.when, outcome, members, varying: own };
  if (!areSeveral(members)) return { when: first.when, outcome, members, varying: null };
  const [candidate] = group.candidates ?? candidatesOf(first, identify);
  if (!candidate) return { when: first.when, outcome, members, varying: null };
  const literals = members.map(({ when }) => when[varyingIndex(when, candidate.field)]?.set ?? bug());
  const rest = first.when.filter((_, i) => i !== varyingIndex(first.when, candidate.field));
  return { when: [{ set: union(literals), negate: false }, ...rest], outcome, members, varying: 0 };
}

function bug(): never {
  throw new Error('bug: a merged step lost the field that its members differ in');
}

/** All entries of all sets, one after the other: entry order is member order, so that counters can be laid beside them. */
function union(sets: readonly ValueSet[]): ValueSet {
  const [first] = sets;
  if (first?.kind === 'addresses') {
    const ranges = concatRanges(sets.map((set) => (set.kind === 'addresses' ? set.ranges : bug())));
    return { kind: 'addresses', field: first.field, ranges, named: true, counters: null };
  }
  if (first?.kind === 'macs')
    return { ...first, addresses: concatMacs(sets.map((set) => (set.kind === 'macs' ? set.addresses : bug()))) };
  if (first?.kind === 'values')
    return { ...first, ranges: sets.flatMap((set) => (set.kind === 'values' ? set.ranges : [])) };
  return bug();
}

function concatMacs(all: readonly Float64Array[]): Float64Array {
  const [only] = all;
  if (only && all.length === 1) return only;
  const addresses = new Float64Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const own of all) {
    addresses.set(own, at);
    at += own.length;
  }
  return addresses;
}

function concatRanges(all: readonly AddressRanges[]): AddressRanges {
  const [only] = all;
  if (only && all.length === 1) return only;
  const family = all[0]?.family ?? 4;
  const words = wordsPerAddress(family);
  const count = all.reduce((sum, ranges) => sum + ranges.count, 0);
  const lo = new Uint32Array(count * words);
  const hi = new Uint32Array(count * words);
  let at = 0;
  for (const ranges of all) {
    lo.set(ranges.lo, at);
    hi.set(ranges.hi, at);
    at += ranges.count * words;
  }
  return { family, count, lo, hi };
}

/** How many entries a member's varying literal contributes to the merged set. */
export function entriesOf(set: ValueSet): number {
  switch (set.kind) {
    case 'addresses':
      return set.ranges.count;
    case 'tuples':
      return set.count;
    case 'values':
      return set.ranges.length;
    case 'macs':
      return set.addresses.length;
    case 'host':
      return 0;
  }
}

/** How many entries of the literal that the step's members differ in are this member's. */
export function memberEntries(member: Member, { when, varying }: MergedStep): number {
  const set = when[varying ?? 0]?.set ?? bug();
  if (isTuplesOf(member.rule, set)) return entriesOf(set);
  if (set.kind === 'tuples') return boxEntries(member, set);
  return entriesOf(member.when.find((literal) => literal.set.field === set.field && !literal.negate)?.set ?? bug());
}
