/**
 * Does the finished list drop every packet of a condition? The answer `all` is a proof (it lets a rule leave netfilter), so every step
 * errs against it: a pass step counts as soon as it may overlap, a drop only if it must cover.
 */
import type { AddressFamily } from '../model/address.js';
import type { RuleId } from '../model/ruleset.js';
import type { Conj } from '../analyse/logic.js';
import { conjMayLack, mayOverlap, valuesCover } from '../analyse/relation.js';
import type { MergedStep } from './merge.js';

export interface Coverage {
  /** Every packet is dropped. */
  readonly all: boolean;
  /** Some packets are dropped, as far as can be told. */
  readonly some: boolean;
  /** Rules that let packets of the condition through, first ones first. */
  readonly blockers: readonly RuleId[];
  /** Rules that lead packets of the condition past later drops: accepts and returns. */
  readonly diverters: readonly RuleId[];
  /** Packets that lack a field pass. */
  readonly lacking: boolean;
  /** Packets that conntrack knows, or cannot be asked about, pass. */
  readonly tracked: boolean;
}

/** Steps one question may look at, and all questions of a plan together; past them nothing is claimed. */
const maxLooks = 5_000;
const maxLooksInAll = 20_000_000;
const maxRules = 10;

/** The most usual answer, shared: a hundred thousand lines have it. */
const dropped: Coverage = { all: true, some: true, blockers: [], diverters: [], lacking: false, tracked: false };

interface Search {
  readonly steps: readonly MergedStep[];
  readonly family: AddressFamily;
  looks: number;
}

export type Coverer = (condition: Conj) => Coverage;

export function coverer(steps: readonly MergedStep[], family: AddressFamily): Coverer {
  let total = 0;
  return (condition) => {
    const search: Search = { steps, family, looks: total >= maxLooksInAll ? maxLooks : 0 };
    const found = follow(search, condition, 0);
    total += search.looks;
    return found;
  };
}

function follow(search: Search, condition: Conj, start: number): Coverage {
  const { steps, family } = search;
  let some = false;
  let lacking = false;
  let tracked = false;
  const blockers: RuleId[] = [];
  const diverters: RuleId[] = [];
  const result = (all: boolean): Coverage => ({
    all: all && blockers.length === 0 && !lacking && !tracked,
    some,
    blockers,
    diverters,
    lacking,
    tracked,
  });
  let i = start;
  while (i < steps.length) {
    const step = steps[i];
    if (!step || search.looks++ > maxLooks) break;
    i++;
    if (!mayOverlap(step.when, condition)) continue;
    const covers = valuesCover(step.when, condition);
    const { outcome } = step;
    if (outcome.kind === 'pass') {
      addOverlapping(blockers, step, condition);
      if (covers) return result(false);
    } else if (outcome.kind === 'ask') {
      tracked = true;
    } else if (outcome.kind === 'drop') {
      some = true;
      lacking ||= covers && conjMayLack(step.when, family);
      if (covers) return lacking || tracked || blockers.length > 0 || diverters.length > 0 ? result(true) : dropped;
    } else {
      addOverlapping(diverters, step, condition);
      lacking ||= covers && conjMayLack(step.when, family);
      if (covers) i = outcome.to;
      else
        return join(
          result(true),
          follow(search, [...condition, ...step.when], outcome.to),
          follow(search, condition, i),
        );
    }
  }
  return result(false);
}

/** Both ways must drop. */
function join(sofar: Coverage, skipped: Coverage, stayed: Coverage): Coverage {
  const ways = [sofar, skipped, stayed];
  const rules = (list: (way: Coverage) => readonly RuleId[]): RuleId[] =>
    [...new Set(ways.flatMap(list))].slice(0, maxRules);
  return {
    all: ways.every((way) => way.all),
    some: ways.some((way) => way.some),
    blockers: rules((way) => way.blockers),
    diverters: rules((way) => way.diverters),
    lacking: ways.some((way) => way.lacking),
    tracked: ways.some((way) => way.tracked),
  };
}

function addOverlapping(rules: RuleId[], step: MergedStep, condition: Conj): void {
  for (const { when, rule } of step.members) {
    if (rules.length >= maxRules) return;
    if (!rules.includes(rule) && mayOverlap(when, condition)) rules.push(rule);
  }
}
