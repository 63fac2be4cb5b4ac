/**
 * Does the finished list drop every packet of a condition? The answer `all` is a proof (it lets a rule leave netfilter), so every step
 * errs against it: a pass step counts as soon as it may overlap, a drop only if it must cover.
 */
import type { AddressFamily } from '../model/address.js';
import type { RuleId } from '../model/ruleset.js';
import type { Conj } from '../analyse/logic.js';
import { conjMayLack, mayOverlap, mustCover, valuesCover } from '../analyse/relation.js';
import type { MergedStep } from './merge.js';

export interface Coverage {
  /** Every packet is dropped. */
  readonly all: boolean;
  /** Some packets are dropped, as far as can be told. */
  readonly some: boolean;
  /** Rules that let packets of the condition through, first ones first. */
  readonly blockers: readonly RuleId[];
  /** Packets that lack a field pass. */
  readonly lacking: boolean;
  /** The step whose drop covers the rest. */
  readonly by: number | null;
}

/** Steps one question may look at, and all questions of a plan together; past them nothing is claimed. */
const maxLooks = 5_000;
const maxLooksInAll = 20_000_000;
const maxBlockers = 10;

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
  const blockers: RuleId[] = [];
  const result = (all: boolean, by: number | null = null): Coverage => ({
    all: all && blockers.length === 0 && !lacking,
    some,
    blockers,
    lacking,
    by,
  });
  for (let i = start; i < steps.length;) {
    const step = steps[i];
    if (!step || search.looks++ > maxLooks) break;
    if (!mayOverlap(step.when, condition)) {
      i++;
      continue;
    }
    const covers = valuesCover(step.when, condition);
    const { outcome } = step;
    if (outcome.kind === 'pass') {
      addBlockers(blockers, step, condition);
      if (covers) return result(false);
      i++;
    } else if (outcome.kind === 'drop') {
      some = true;
      if (covers) {
        lacking ||= conjMayLack(step.when, family);
        return result(true, i);
      }
      i++;
    } else if (mustCover(step.when, condition, family)) {
      i = outcome.to;
    } else if (covers) {
      lacking = true;
      i = outcome.to;
    } else {
      return join(
        result(true),
        follow(search, [...condition, ...step.when], outcome.to),
        follow(search, condition, i + 1),
      );
    }
  }
  return result(false);
}

/** Both ways must drop. */
function join(sofar: Coverage, skipped: Coverage, stayed: Coverage): Coverage {
  return {
    all: sofar.all && skipped.all && stayed.all,
    some: sofar.some || skipped.some || stayed.some,
    blockers: [...new Set([...sofar.blockers, ...skipped.blockers, ...stayed.blockers])].slice(0, maxBlockers),
    lacking: sofar.lacking || skipped.lacking || stayed.lacking,
    by: stayed.by ?? skipped.by,
  };
}

function addBlockers(blockers: RuleId[], step: MergedStep, condition: Conj): void {
  for (const { when, rule } of step.members) {
    if (blockers.length >= maxBlockers) return;
    if (!blockers.includes(rule) && mayOverlap(when, condition)) blockers.push(rule);
  }
}
