/** What is said of each rule: decision, reason, hint. `full` rests on a proof over the finished list (coverage.ts). */
import type { AddressFamily } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { BaseChain, RuleId, Table } from '../model/ruleset.js';
import type { RuleColumn } from '../model/rule-columns.js';
import type { FamilyAnalysis } from '../analyse/analyse-family.js';
import { routing } from '../analyse/analyse-family.js';
import { findingOf, type Finding, type Occurrence, type RuleOrRun } from '../analyse/walk.js';
import type { Conj, Dnf, Lit } from '../analyse/logic.js';
import { mayOverlap, valuesCover } from '../analyse/relation.js';
import type { Why } from '../analyse/why.js';
import type { Coverer } from './coverage.js';
import { allowed } from './exempt.js';
import type { KeptRules } from './kept-rules.js';
import { isOf, narrowTo, negatedOf } from './members.js';
import type { MergedStep } from './merge.js';
import type { OffloadKind, ReasonCode } from './plan.js';
import type { StepIndex } from './step-index.js';

/** A verdict before it is put into words. */
export interface Judgement {
  readonly offload: OffloadKind;
  readonly code: ReasonCode;
  readonly detail: string;
  readonly blockedBy: readonly RuleId[];
}

export interface FamilyPlan {
  readonly analysis: FamilyAnalysis;
  readonly cover: Coverer;
  /** Of the finished list. */
  readonly index: StepIndex;
  readonly kept: KeptRules;
  /** The finished list. */
  readonly steps: readonly MergedStep[];
  /** IPsec decrypts packets that XDP never sees as plain text. */
  readonly ipsec: boolean;
  readonly routesKnown: boolean;
  /** Steps were left out for want of room. */
  readonly truncated: boolean;
  /** Rules of which steps were left out because a table of tuples would not fit, and why. */
  readonly cut: ReadonlyMap<RuleOrRun, string>;
}

export function judgeRule(rule: RuleId, plan: FamilyPlan): Judgement {
  const occurrences = plan.analysis.walk.occurrences.get(rule);
  return occurrences ? judgeDrop(rule, occurrences, plan, false) : judgeFinding(plan.analysis.walk.findings.get(rule));
}

function judgeFinding(finding: Finding | undefined): Judgement {
  return none(finding ?? { code: 'not-on-path', detail: '' }, finding?.by === undefined ? [] : [finding.by]);
}

/**
 * What holds of each rule of the run that has one of these values; null where that is not the same for all, or has to be asked of
 * each.
 */
export function judgeRun(run: AddressRun, plan: FamilyPlan, values: readonly RuleColumn[]): Judgement | null {
  if (plan.analysis.walk.runs.ruleByRule.has(run)) return null;
  const occurrences = plan.analysis.walk.occurrences.get(run);
  if (!occurrences) return judgeFinding(plan.analysis.walk.findings.get(run));
  if (occurrences.some(({ reach }) => reach.some((conj) => asksTwice(run, conj)))) return null;
  const uniform: boolean[] = [];
  const cover: Coverer = (condition, rule) => {
    const found = plan.cover(condition, rule);
    uniform.push(found.uniform);
    return found;
  };
  const judgement = judgeDrop(run, ofThose(run, occurrences, values), { ...plan, cover }, false);
  // Of one of the rules alone it may not hold that it is about the host's own sources.
  return uniform.every(Boolean) && (judgement.code !== 'own-source' || !plan.routesKnown) ? judgement : null;
}

/** The rules may contradict what else is known of a field, each in its own way; what holds for all of their values is none of that. */
function asksTwice(run: AddressRun, conj: Conj): boolean {
  const own = conj.filter(({ set }) => isOf(run, set));
  const isElsewhere = ({ set }: Lit): boolean => !isOf(run, set) && run.fields.some((field) => field === set.field);
  return conj.some((literal) => isElsewhere(literal) && !valuesCover([literal], own));
}

/** One of the rules. */
export function judgeRunRule(run: AddressRun, i: number, plan: FamilyPlan): Judgement {
  const { walk } = plan.analysis;
  const { occurrences, runs } = walk;
  const id = run.id(i);
  const alone = occurrences.get(id) ?? [];
  const together = (occurrences.get(run) ?? []).filter(({ from }) => from <= i);
  if (alone.length + together.length === 0) return judgeFinding(findingOf(walk, id, run));
  const all = together.length === 0 ? [] : ofThose(run, together, run.row(i));
  return runs.ruleByRule.has(run)
    ? judgeDrop(id, inOrder(alone, all), plan, false)
    : judgeDrop(run, all, plan, false, id);
}

/** What is said is that of the first one that says it. */
const inOrder = (some: readonly Occurrence[], others: readonly Occurrence[]): readonly Occurrence[] =>
  others.length === 0 ? some : [...some, ...others].sort((a, b) => a.at - b.at);

const ofThose = (run: AddressRun, all: readonly Occurrence[], values: readonly RuleColumn[]): readonly Occurrence[] =>
  values === run.columns
    ? all
    : all.map((one) => {
        const narrowed = (reach: Dnf): Dnf => reach.map((conj) => narrowTo(run, conj, values));
        // Where rules have a step, addresses are as on the wire.
        const own = one.step < 0 ? [] : negatedOf(run, values);
        const reach = narrowed(one.reach).map((conj): Conj => (own.length > 0 ? [...conj, ...own] : conj));
        return { ...one, reach, replies: one.replies && narrowed(one.replies) };
      });

export function judgePolicy(table: Table, chain: BaseChain, plan: FamilyPlan): Judgement {
  const id = `${table.family} ${table.name} ${chain.name} policy` as RuleId;
  const occurrences = plan.analysis.walk.occurrences.get(id);
  return occurrences ? judgeDrop(id, occurrences, plan, true) : none({ code: 'not-on-path', detail: '' });
}

const none = ({ code, detail }: Why, blockedBy: readonly RuleId[] = []): Judgement => ({
  offload: 'none',
  code,
  detail,
  blockedBy,
});

const full: Judgement = { offload: 'full', code: 'offloaded', detail: '', blockedBy: [] };

/** Rules above decide all its packets: what becomes of the rule itself does not change. */
export const neverMatches = ({ offload, code, detail }: Judgement, first: RuleId): Judgement => ({
  offload,
  code: 'never-matches',
  detail: code === 'kept-in-place' ? `it stays: ${detail}` : '',
  blockedBy: [first],
});

/** The short way for the plain case: one condition, dropped in one step, nothing in between. */
function isPlainDrop(id: RuleOrRun, occurrences: readonly Occurrence[], plan: FamilyPlan): boolean {
  const only = occurrences[0];
  const reach = only?.reach[0];
  if (!only || !reach || occurrences.length > 1 || only.reach.length > 1 || only.step < 0 || only.why) return false;
  const { all, shadow } = plan.cover(reach, id);
  return (
    all &&
    !shadow &&
    excludesOwn(reach, plan) &&
    !plan.ipsec &&
    !plan.kept.has(id) &&
    dropsReplies(id, occurrences, plan)
  );
}

function judgeDrop(
  id: RuleOrRun,
  occurrences: readonly Occurrence[],
  plan: FamilyPlan,
  isPolicy: boolean,
  self: RuleOrRun = id,
): Judgement {
  if (!isPolicy && isPlainDrop(id, occurrences, plan)) return full;
  const stepless = occurrences.find((occurrence) => occurrence.step < 0);
  if (occurrences.every((occurrence) => occurrence.step < 0))
    return none(stepless?.why ?? { code: 'unknown-match', detail: '' });
  const found = occurrences
    .filter(({ step }) => step >= 0)
    .flatMap(({ reach }) => reach.map((conj) => plan.cover(conj, id)));
  const named = (rules: readonly RuleId[]): RuleId[] =>
    [...new Set(rules)].filter((rule) => rule !== routing && rule !== allowed && rule !== self);
  const passes = named(found.flatMap((one) => one.blockers));
  const diverted = found.filter((one) => !one.all).flatMap((one) => one.diverters);
  const blockedBy = passes.length > 0 ? passes : named(diverted);
  const shadow =
    stepless || !found.every((one) => one.all && !one.some) ? null : found.find((one) => one.shadow)?.shadow;
  if (shadow && shadow !== routing) {
    const stays = (code: ReasonCode, detail = ''): Judgement => ({ offload: 'partial', code, detail, blockedBy: [] });
    const whole = fullIfTheHostAllows(id, occurrences, plan, stays);
    return neverMatches(whole, shadow);
  }
  const partial = (code: ReasonCode, detail = ''): Judgement => ({ offload: 'partial', code, detail, blockedBy });
  const nothing = !found.some((one) => one.some || one.all);
  const exempt = found.some((one) => one.blockers.includes(allowed));
  const cut = plan.cut.get(id);
  if (nothing && blockedBy.length === 0 && cut !== undefined) return none({ code: 'table-limit', detail: cut });
  const leftOut = plan.truncated && !found.some((one) => one.stepped);
  if (nothing && !leftOut && found.some((one) => one.givenUp)) return partial('unproven');
  if (nothing)
    return none(
      { code: exempt && blockedBy.length === 0 ? 'allowed' : whyBlocked(blockedBy, plan), detail: '' },
      blockedBy,
    );
  if (isPolicy) return partial('policy');
  if (blockedBy.length > 0) return partial('blocked-partly');
  if (cut !== undefined) return partial('table-limit', cut);
  if (exempt) return partial('allowed');
  const incomplete = occurrences.find((occurrence) => occurrence.why !== null)?.why;
  if (incomplete) return partial(incomplete.code, incomplete.detail);
  if (found.some((one) => one.tracked)) return partial('tracked');
  if (found.some((one) => one.lacking)) return partial('fragments');
  if (!occurrences.every(({ reach }) => reach.every((conj) => excludesOwn(conj, plan)))) return partial('own-source');
  if (found.some((one) => one.givenUp)) return partial('unproven');
  if (found.some((one) => one.exempt)) return partial('dhcp');
  if (!found.every((one) => one.all)) return partial(plan.analysis.nat ? 'nat' : 'other-course');
  return fullIfTheHostAllows(id, occurrences, plan, partial);
}

/** Packets of known connections pass wherever XDP asks for these. A reply that was addressed to the host on the wire may come to FORWARD. */
const dropsReplies = (id: RuleOrRun, occurrences: readonly Occurrence[], plan: FamilyPlan): boolean =>
  occurrences.every(({ replies }) => replies === null || replies.every((conj) => plan.cover(conj, id).all));

function fullIfTheHostAllows(
  id: RuleOrRun,
  occurrences: readonly Occurrence[],
  plan: FamilyPlan,
  partial: (code: ReasonCode, detail?: string) => Judgement,
): Judgement {
  if (!dropsReplies(id, occurrences, plan)) return partial('tracked');
  if (plan.ipsec) return partial('ipsec');
  const why = plan.kept.get(id);
  return why === undefined ? full : partial('kept-in-place', why);
}

/**
 * The host's own multicast and broadcast come back to PREROUTING with the device they left by, and do not pass native XDP: a rule that
 * could match them must stay.
 */
function excludesOwn(conj: Conj, plan: FamilyPlan): boolean {
  if (!plan.routesKnown) return conj.some(({ set, negate }) => set.field === 'saddr' && !negate);
  return !mayOverlap(conj, loopedBack(plan));
}

/** By plan: every rule asks. */
const loopedBackOf = new WeakMap<FamilyPlan, Conj>();

function loopedBack(plan: FamilyPlan): Conj {
  const known = loopedBackOf.get(plan);
  if (known) return known;
  const { host } = plan.analysis;
  const made: Conj = [
    { set: host.get('own', 'saddr'), negate: false },
    { set: host.get('looped', 'daddr'), negate: false },
  ];
  loopedBackOf.set(plan, made);
  return made;
}

function whyBlocked(blockedBy: readonly RuleId[], plan: FamilyPlan): ReasonCode {
  if (blockedBy.length > 0) return 'blocked';
  if (plan.truncated) return 'too-large';
  return plan.analysis.nat ? 'nat' : 'other-course';
}

const [only4, only6, both]: readonly (readonly [AddressFamily, AddressFamily?])[] = [[4], [6], [4, 6]];

export const familiesOf = ({ family }: Table): readonly [AddressFamily, AddressFamily?] => {
  if (family === 'ip') return only4!;
  return family === 'ip6' ? only6! : both!;
};

/** No packet of the family gets there, or matches. */
export const noPackets = ({ code }: Judgement): boolean =>
  code === 'never-matches' || code === 'not-on-path' || code === 'other-device';

/** A rule of a table for both families is done with when it is for both; where only one has packets for it, that one decides. */
export function judgeForAll(table: Table, judge: (family: AddressFamily) => Judgement): Judgement {
  const [first, second] = familiesOf(table);
  return second === undefined ? judge(first) : judgementForBoth(judge(first), judge(second));
}

export function judgementForBoth(first: Judgement, second: Judgement): Judgement {
  if (noPackets(second)) return first;
  if (noPackets(first)) return second;
  if (first.offload === second.offload) return first;
  const weaker = first.offload === 'none' || second.offload === 'full' ? first : second;
  return { ...weaker, offload: 'partial' };
}
