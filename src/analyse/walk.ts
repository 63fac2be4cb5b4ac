/** The list of raw steps while it is written, and what is known of rules on the way. */
import type { CtState } from '../model/match.js';
import type { AddressRun } from '../model/address-run.js';
import type { Rule, RuleId } from '../model/ruleset.js';
import type { Conj, Dnf } from './logic.js';
import { TRUE } from './logic.js';
import { valuesCover } from './relation.js';
import type { Why } from './why.js';

/** A place further down that skips aim at; `at` is filled in when the walk gets there. */
export interface Label {
  at: number;
  /** The first step that aims at it. */
  first?: number;
}

export type RawOutcome =
  | { readonly kind: 'drop' }
  | { readonly kind: 'pass' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'route' }
  /** `maybe`: a packet that lacks a field of the condition counts as meeting it. */
  | { readonly kind: 'skip'; readonly to: Label; readonly maybe?: true }
  /** The packet's mark is in this state from here on. Not `certain`: a packet that lacks a field of the condition counts as meeting it. */
  | { readonly kind: 'mark'; readonly state: number; readonly certain: boolean };

/** A rule, or a run of rules that is taken as one. */
export type RuleOrRun = RuleId | AddressRun;

/** `rule`: of a run, `when` has what all its rules differ in, in their order, in one literal. */
export interface RawStep {
  readonly when: Conj;
  readonly outcome: RawOutcome;
  readonly rule: RuleOrRun;
}

/** What the walk looks at of it: of a run, the parts of all its rules together. */
export interface WalkedRule {
  readonly id: RuleOrRun;
  readonly parts: Rule['parts'];
}

/** What became of runs on a walk. One that was taken as one here and rule by rule there is taken rule by rule everywhere: on the next walk. */
export interface RunWays {
  readonly asOne: Set<AddressRun>;
  /** How many of the first rules were gone through by themselves, wherever they were. */
  readonly ruleByRule: Map<AddressRun, number>;
  /** Known from the walk before. */
  readonly split: ReadonlySet<AddressRun>;
  /** Of rules that differ in several fields, so many are taken as one. */
  readonly tuplesFrom: number;
  /** Of those that drop nothing in XDP, more than so many. */
  readonly guardsFrom: number;
  /** So many steps are certainly more than are taken: no run is gone through rule by rule behind them. */
  readonly enough: number;
  /** Of which only the first rules were gone through. From there on no steps are written. */
  readonly beyond: Set<AddressRun>;
}

/** One way a drop rule can be reached: every packet it could drop there satisfies `reach`. */
export interface Occurrence {
  readonly reach: Dnf;
  /** The same on the wire of packets of known connections, whose addresses and ports NAT may have rewritten; null: it has not. */
  readonly replies: Dnf | null;
  /** At least 0: the rule has steps on this way, or would have; -1: it has none (then `why` says why). */
  readonly step: number;
  readonly why: Why | null;
  /** Of a run: it is that of its rules from this one on. */
  readonly from: number;
  /** `Walk.visited`, by which those of a rule and of its run are put in order. */
  readonly at: number;
}

/** `at`: as in an occurrence. */
export interface Finding extends Why {
  readonly at: number;
}

/** Packets that satisfy `when` and come here are in none of these connection states: a rule above has dropped those. */
export interface Elimination {
  readonly states: readonly CtState[];
  readonly when: Conj;
  /** Steps before it. */
  readonly at: number;
}

/** Packets that satisfy `when` are asked about from a step on. */
interface Asked {
  readonly when: Conj;
  readonly at: number;
}

export interface Walk {
  readonly steps: RawStep[];
  /** Steps that may stand behind drops that do not rely on them: see `defer`. */
  readonly deferred: RawStep[];
  readonly eliminations: Elimination[];
  readonly asked: Asked[];
  readonly occurrences: Map<RuleOrRun, Occurrence[]>;
  /** Why a rule that is no drop, or has no step, stays: the first finding that says more than "not here" wins. */
  readonly findings: Map<RuleOrRun, Finding>;
  readonly runs: RunWays;
  /** Rules visited, to bound chains that are inlined many times over. */
  visited: number;
}

export const emptyWalk = (ways: Pick<RunWays, 'split' | 'tuplesFrom' | 'guardsFrom' | 'enough'>): Walk => ({
  steps: [],
  deferred: [],
  eliminations: [],
  asked: [],
  occurrences: new Map(),
  findings: new Map(),
  runs: { asOne: new Set(), ruleByRule: new Map(), beyond: new Set(), ...ways },
  visited: 0,
});

export function emit(walk: Walk, dnf: Dnf, outcome: RawOutcome, rule: RuleOrRun): void {
  if (dnf.length === 0) return;
  if (outcome.kind !== 'drop' || !goesAhead(walk, dnf)) settle(walk);
  if (outcome.kind === 'skip') outcome.to.first ??= walk.steps.length;
  if (isFull(walk)) return;
  for (const when of dnf) walk.steps.push({ when, outcome, rule });
}

/**
 * A question, or a drop that relies on it. They wait until something comes that is no plain drop: of the packets that meet both, those of
 * known connections would pass by the first and are dropped all the same by the second.
 */
export function defer(walk: Walk, dnf: Dnf, outcome: RawOutcome, rule: RuleOrRun): void {
  for (const when of dnf) walk.deferred.push({ when, outcome, rule });
}

/** A drop that relies on nothing is one whatever stands before it. One that would leave nothing to what waits keeps its place, for the counts. */
const goesAhead = ({ deferred }: Walk, dnf: Dnf): boolean =>
  deferred.length <= mostDeferred &&
  !deferred.some(({ when, outcome }) => outcome.kind === 'drop' && dnf.some((drop) => valuesCover(drop, when)));

/** Each drop is compared with all that waits. */
export const mostDeferred = 32;

/** From here on these packets are dropped only if conntrack does not know them. It is put down where something comes that relies on it. */
export function ask(walk: Walk, about: Dnf, rule: RuleOrRun): void {
  const fresh = about.filter((when) => !walk.asked.some((known) => valuesCover(known.when, when)));
  defer(walk, fresh, { kind: 'ask' }, rule);
}

/** What is remembered is looked through for every rule about connections; to know less is safe. */
const maxRemembered = 64;

export function remember<T>(list: T[], one: T): void {
  if (list.length < maxRemembered) list.push(one);
}

/** Nothing more is written down. */
export const isFull = ({ runs }: Walk): boolean => runs.beyond.size > 0;

/** Writes down what waits. */
export function settle(walk: Walk): void {
  if (isFull(walk)) return;
  for (const step of walk.deferred.splice(0)) {
    if (step.outcome.kind === 'ask') remember(walk.asked, { when: step.when, at: walk.steps.length });
    walk.steps.push(step);
  }
}

/** The same for all packets, at once. */
export function askAll(walk: Walk, rule: RuleId): void {
  ask(walk, TRUE, rule);
  settle(walk);
}

/** Skips to this label end here. Packets that come by one have not met what was found after it. */
export function land(walk: Walk, label: Label): void {
  settle(walk);
  label.at = walk.steps.length;
  const { first } = label;
  if (first === undefined) return;
  keep(walk.eliminations, ({ at }) => at <= first);
  keep(walk.asked, ({ at }) => at < first);
}

function keep<T>(list: T[], wanted: (one: T) => boolean): void {
  if (list.every(wanted)) return;
  list.splice(0, Infinity, ...list.filter(wanted));
}

export function find(walk: Walk, rule: RuleOrRun, why: Why): void {
  const known = walk.findings.get(rule);
  if (known === undefined || saysNotHere(known)) walk.findings.set(rule, { ...why, at: walk.visited });
}

const saysNotHere = ({ code }: Why): boolean => code === 'never-matches' || code === 'other-device';

/** What is found of a rule that was gone through both by itself and with its run, on different ways. */
export function findingOf({ findings }: Walk, rule: RuleId, run: AddressRun): Finding | undefined {
  const [own, shared] = [findings.get(rule), findings.get(run)];
  if (!own || !shared || own.at === shared.at) return own ?? shared;
  const [first, last] = own.at < shared.at ? [own, shared] : [shared, own];
  return saysNotHere(first) ? last : first;
}
