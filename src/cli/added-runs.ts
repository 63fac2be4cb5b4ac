/** Counters of elements that came while a filter runs, as runs: they are given out in rising order. */
import type { CounterRun } from '../state/install-record.js';
import type { AddedCounter } from '../update/updater.js';

/** Of a rule each. */
export function addedRuns(added: readonly AddedCounter[]): readonly CounterRun[] {
  const runs: CounterRun[] = [];
  for (const { counter, rule, set } of added)
    if (rule !== null) addRun(runs, { first: counter, counters: 1, rule, set, element: 0 });
  return runs;
}

/** Makes the last run longer where this one continues it. */
export function addRun(runs: CounterRun[], more: CounterRun): void {
  const run = runs.at(-1);
  if (run?.rule === more.rule && run.set === more.set && run.first + run.counters === more.first)
    runs[runs.length - 1] = { ...run, counters: run.counters + more.counters };
  else runs.push(more);
}
