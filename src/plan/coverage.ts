/**
 * Does the finished list drop every packet of a condition? The answer `all` is a proof (it lets a rule leave netfilter), so every step
 * errs against it: a pass step counts as soon as it may overlap, a drop only if it must cover. Packets that lack fields are followed by
 * themselves, for what a literal over such a field is depends on the step, and not on the packet (`lackingHolds`).
 */
import type { AddressFamily } from '../model/address.js';
import type { RuleId } from '../model/ruleset.js';
import type { Conj, Lit } from '../analyse/logic.js';
import { conjMayLack, mayLack, mayOverlap, valuesCover } from '../analyse/relation.js';
import type { RuleOrRun } from '../analyse/walk.js';
import type { Field } from '../model/field.js';
import { areSeveral, membersMeeting, ruleMembers } from './members.js';
import type { MergedStep } from './merge.js';
import type { StepIndex } from './step-index.js';

export interface Coverage {
  /** Every packet is dropped. */
  readonly all: boolean;
  /** Some packets are dropped, as far as can be told. */
  readonly some: boolean;
  /** Rules that let packets of the condition through, first ones first. */
  readonly blockers: readonly RuleId[];
  /** A rule above the asking one that drops all of it; null where there is none, or it is not known which. */
  readonly shadow: RuleId | null;
  /** Rules that lead packets of the condition past a step of the asking one: accepts and returns. */
  readonly diverters: readonly RuleId[];
  /** Packets that lack a field pass. */
  readonly lacking: boolean;
  /** Packets that conntrack knows, or cannot be asked about, pass. */
  readonly tracked: boolean;
  /** Replies to DHCP clients pass. */
  readonly exempt: boolean;
  /** There were too many steps to look at. */
  readonly givenUp: boolean;
  /** Steps of the asking rule are in the list. */
  readonly stepped: boolean;
  /** The same is found for every condition that is part of this one. */
  readonly uniform: boolean;
}

/** Steps one question may look at, and all questions of a plan together; past them nothing is claimed. */
const maxLooks = 5_000;
const maxLooksInAll = 20_000_000;
const maxRules = 10;

/** The most usual answer, shared: a hundred thousand lines have it. */
const dropped: Coverage = {
  all: true,
  some: true,
  blockers: [],
  shadow: null,
  diverters: [],
  lacking: false,
  tracked: false,
  exempt: false,
  givenUp: false,
  stepped: true,
  uniform: true,
};

interface Search {
  readonly steps: readonly MergedStep[];
  readonly index: StepIndex;
  readonly family: AddressFamily;
  /** Of each step: it asks for a field that packets may lack. */
  readonly inVain: readonly boolean[];
  /** Numbers of the asking rule's own steps. */
  readonly own: readonly number[];
  /** Of a run: the fields that its rules differ in. */
  readonly varying: readonly Field[] | null;
  /** Before this step, drops that leave packets of the condition are of no account, nor is what is exempt from them: see `follow`. */
  readonly counted: number;
  looks: number;
}

/** `rule` asks about its own packets: what happens before its own steps explains, what comes after does not. */
export type Coverer = (condition: Conj, rule: RuleOrRun) => Coverage;

export function coverer(steps: readonly MergedStep[], index: StepIndex, family: AddressFamily): Coverer {
  let own: ReturnType<typeof stepsByRule> | null = null;
  let total = 0;
  const inVain = steps.map(({ when }) => conjMayLack(when, family));
  const lacker = steps.findIndex(({ outcome }, i) => outcome.kind !== 'drop' && inVain[i]);
  // Packets that lack a field of a tuple meet it whatever their addresses, by which the others do not.
  const lacksWhole = steps.some(({ outcome, when }) => outcome.kind !== 'drop' && when.some(isLackingTuple(family)));
  let last: { readonly condition: Conj; readonly rule: RuleOrRun; readonly found: Coverage } | null = null;
  return (condition, rule) => {
    if (last?.condition === condition && last.rule === rule) return last.found;
    const varying = typeof rule === 'string' ? null : rule.fields;
    const looks = total >= maxLooksInAll ? maxLooks : 0;
    own ??= stepsByRule(steps);
    const ownSteps = own.get(rule) ?? [];
    // A rule by itself; the step before its own may exempt from it.
    const counted = varying ? 0 : Math.max(0, (ownSteps[0] ?? steps.length + 1) - 1);
    const search: Search = { steps, index, family, inVain, own: ownSteps, varying, counted, looks };
    // No step of others is its own.
    const first = ownSteps.length > 0 ? firstMet(search, condition) : 0;
    const isPlain = dropsPlainly(search, first, condition);
    const found = isPlain ? dropped : follow(search, condition, first, false);
    const asksOfAll = !lacksWhole && !conjMayLack(condition, family);
    const goAlike = lacker < 0 || (isPlain && first < lacker) || asksOfAll;
    const whole = goAlike || !found.all ? found : withLacking(found, follow(search, known(condition, family), 0, true));
    total += search.looks;
    last = { condition, rule, found: whole };
    return whole;
  };
}

const isLackingTuple =
  (family: AddressFamily) =>
  (literal: Lit): boolean =>
    literal.set.kind === 'tuples' && mayLack(literal, family);

/** What is known of packets of the condition, whatever they lack. */
const known = (condition: Conj, family: AddressFamily): Conj =>
  condition.filter((literal) => !mayLack(literal, family));

const withLacking = (found: Coverage, lacking: Coverage): Coverage => ({
  ...found,
  all: found.all && lacking.all,
  lacking: found.lacking || (!lacking.all && !lacking.givenUp),
  givenUp: found.givenUp || lacking.givenUp,
  uniform: found.uniform && lacking.uniform,
});

function stepsByRule(steps: readonly MergedStep[]): ReadonlyMap<RuleOrRun, readonly number[]> {
  const own = new Map<RuleOrRun, readonly number[]>();
  steps.forEach(({ members }, i) => {
    const only = [i];
    for (const { rule } of members) {
      const known = own.get(rule);
      if (!known) own.set(rule, only);
      else if (known[known.length - 1] !== i) own.set(rule, [...known, i]);
    }
  });
  return own;
}

/** Number of the first step that packets of the condition may meet, or that is one look too many. */
function firstMet(search: Search, condition: Conj): number {
  const { steps, index, own, counted } = search;
  const next = index.metBy(condition, counted);
  let i = next(0);
  for (; i < steps.length && search.looks < maxLooks; search.looks++, i = next(i + 1))
    if ((i === own[0] && isOfTuples(steps[i]!)) || mayOverlap(steps[i]!.when, condition)) break;
  return i;
}

/** Made of steps, of which each asks for something: packets of any of them meet it. */
const isOfTuples = ({ members, when }: MergedStep): boolean =>
  when.some(({ set }) => set.kind === 'tuples') && areSeveral(members);

/** The usual case, decided without a search: the first step that is met is the rule's own, and drops them all. */
function dropsPlainly({ steps, inVain, own }: Search, first: number, condition: Conj): boolean {
  const step = steps[first];
  if (step?.outcome.kind !== 'drop' || !own.includes(first)) return false;
  return valuesCover(step.when, condition) && !inVain[first]!;
}

/** `lacks`: packets of the condition that lack some of the fields that may be lacking; the condition asks for none of them. */
function follow(search: Search, condition: Conj, start: number, lacks: boolean): Coverage {
  const { steps, index, family, inVain, own, varying, counted } = search;
  const lastOwn = own[own.length - 1] ?? -1;
  const found = { some: false, passes: false, lacking: false, tracked: false, exempt: false, givenUp: false };
  let uniform = true;
  const blockers: RuleId[] = [];
  const diverters: RuleId[] = [];
  const result = (all: boolean): Coverage => ({
    all: all && !found.passes && !found.lacking && !found.tracked,
    some: found.some,
    blockers,
    shadow: null,
    diverters,
    lacking: found.lacking,
    tracked: found.tracked,
    exempt: found.exempt,
    givenUp: found.givenUp,
    stepped: own.length > 0,
    uniform,
  });
  const next = index.metBy(condition, counted);
  let i = start;
  for (;;) {
    i = next(i);
    const step = steps[i];
    if (!step) break;
    if (search.looks++ > maxLooks) {
      found.givenUp = true;
      break;
    }
    const mayAskInVain = inVain[i++]!;
    const when = lacks && mayAskInVain ? known(step.when, family) : step.when;
    const { outcome } = step;
    if (outcome.kind === 'drop' && lacks && mayAskInVain) continue;
    if (!mayOverlap(when, condition)) continue;
    const covers = !(lacks && mayAskInVain) && valuesCover(when, condition);
    if (outcome.kind === 'drop' && i <= counted && !covers) continue;
    const alike = asksNothingOf(step, varying);
    if (outcome.kind !== 'mark' && outcome.kind !== 'route') uniform &&= alike || covers;
    if (outcome.kind === 'pass') {
      found.passes = true;
      if (i <= lastOwn) {
        addOverlapping(blockers, step, condition);
        uniform &&= alike || !areSeveral(step.members);
      }
      if (covers) return result(false);
    } else if (outcome.kind === 'mark' || outcome.kind === 'route') {
      // Conditions on mark and route count as neither met nor not met (see `recordDrop`), so it does not matter what they are.
    } else if (outcome.kind === 'ask') {
      found.tracked = true;
    } else if (outcome.kind === 'drop') {
      found.some ||= lastOwn >= 0 && (i > lastOwn || own.includes(i - 1));
      found.lacking ||= covers && mayAskInVain;
      if (covers && !found.some) {
        uniform &&= alike || !areSeveral(step.members);
        return { ...result(true), shadow: coveringRule(step, condition) };
      }
      if (covers && (found.lacking || found.tracked || found.passes)) return result(true);
      if (covers) return uniform ? dropped : { ...dropped, uniform };
    } else if (step.exempts === true && !own.includes(i)) {
      // What passes here is dropped by the rule of the next step, which stays in netfilter for just that.
    } else {
      const { to } = outcome;
      found.exempt ||= step.exempts === true;
      if (!step.exempts && own.some((at) => i <= at && at < to)) {
        addOverlapping(diverters, step, condition);
        uniform &&= alike || !areSeveral(step.members);
      }
      found.lacking ||= covers && outcome.maybe !== true && mayAskInVain;
      if (covers) i = to;
      else {
        const skipped = follow(search, [...condition, ...when], to, lacks);
        const stayed = follow(search, condition, i, lacks);
        const ways = join(result(true), skipped, stayed);
        if (lacks || !mayAskInVain || !ways.all) return ways;
        return withLacking(ways, follow(search, known([...condition, ...when], family), to, true));
      }
    }
  }
  return result(false);
}

/** Its packets are told by other fields: what it is to one of the rules of a run it is to all. */
const asksNothingOf = ({ when }: MergedStep, fields: readonly Field[] | null): boolean =>
  when.every(({ set }) => fields?.includes(set.field) !== true && set.kind !== 'tuples');

/** Both ways must drop. */
function join(sofar: Coverage, skipped: Coverage, stayed: Coverage): Coverage {
  const ways = [sofar, skipped, stayed];
  const rules = (list: (way: Coverage) => readonly RuleId[]): RuleId[] =>
    [...new Set(ways.flatMap(list))].slice(0, maxRules);
  return {
    all: ways.every((way) => way.all),
    some: ways.some((way) => way.some),
    blockers: rules((way) => way.blockers),
    shadow: null,
    diverters: rules((way) => way.diverters),
    lacking: ways.some((way) => way.lacking),
    tracked: ways.some((way) => way.tracked),
    exempt: ways.some((way) => way.exempt),
    givenUp: ways.some((way) => way.givenUp),
    stepped: sofar.stepped,
    uniform: ways.every((way) => way.uniform),
  };
}

/** Members that are looked at. */
const maxMembers = 64;

function coveringRule({ members }: MergedStep, condition: Conj): RuleId | null {
  let looks = 0;
  for (const { when, rule } of ruleMembers(members)) {
    if (looks++ >= maxMembers) break;
    if (valuesCover(when, condition)) return rule;
  }
  return null;
}

function addOverlapping(rules: RuleId[], step: MergedStep, condition: Conj): void {
  for (const { when, rule } of membersMeeting(step.members, condition)) {
    if (rules.length >= maxRules) return;
    if (!rules.includes(rule) && mayOverlap(when, condition)) rules.push(rule);
  }
}
