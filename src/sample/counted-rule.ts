/** Which rule a counter belongs to, by what was recorded when attaching. */
import type { CounterRun, InstallRecord } from '../state/install-record.js';
import type { RuleId } from '../model/ruleset.js';

export interface CountedRule {
  readonly rule: RuleId;
  /** Source text of the rule, shortened; empty for a policy. */
  readonly text: string;
  /** The set and the number of its element, where elements are counted. */
  readonly element: { readonly set: string; readonly index: number } | null;
}

/**
 * Null: nothing is recorded, or drops are not counted. `added`: counters that elements were given since the program was attached; which
 * element of their set each is, is not told.
 */
export function ruleOfCounter(
  record: InstallRecord | null,
  added: () => readonly CounterRun[],
  counter: number,
): CountedRule | null {
  if (record === null) return null;
  const known = runOf(record.counters, counter);
  const run = known ?? runOf(added(), counter);
  if (run === null) return null;
  const { rule, set, element } = run;
  return {
    rule,
    text: record.texts[rule] ?? '',
    element: set === null || known === null ? null : { set, index: element + counter - run.first },
  };
}

/** Runs stand in the order of their counters. */
function runOf(runs: readonly CounterRun[], counter: number): CounterRun | null {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle]?.first ?? 0) <= counter) low = middle + 1;
    else high = middle;
  }
  const run = runs[low - 1];
  return run !== undefined && counter < run.first + run.counters ? run : null;
}
