/** Whose drops each counter counts, run by run: a million elements of one set are one entry. */
import type { CounterOwner } from '../plan/plan.js';
import type { RuleId } from '../model/ruleset.js';

/** Counters `first` to `first + count - 1` belong to `rule`; with a set, to its elements from `index` on. */
export interface CounterRun {
  readonly first: number;
  readonly count: number;
  readonly rule: string;
  readonly set?: string;
  readonly index?: number;
}

export function counterRuns(counters: number, ownerOf: (counter: number) => CounterOwner | null): CounterRun[] {
  const runs: CounterRun[] = [];
  for (let counter = 0; counter < counters; counter++) {
    const owner = ownerOf(counter);
    if (owner === null) continue;
    const last = runs.at(-1);
    if (last !== undefined && continues(last, counter, owner))
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push(start(counter, owner));
  }
  return runs;
}

const start = (first: number, { rule, element }: CounterOwner): CounterRun =>
  element === null ? { first, count: 1, rule } : { first, count: 1, rule, set: element.set, index: element.index };

function continues(run: CounterRun, counter: number, { rule, element }: CounterOwner): boolean {
  if (run.first + run.count !== counter || run.rule !== rule) return false;
  if (element === null || run.index === undefined) return element === null && run.index === undefined;
  return run.set === element.set && run.index + run.count === element.index;
}

/** `runs` as `counterRuns` wrote them: rising. */
export function ownerAt(runs: readonly CounterRun[], counter: number): CounterOwner | null {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle]!.first <= counter) low = middle + 1;
    else high = middle;
  }
  const run = runs[low - 1];
  if (run === undefined || counter >= run.first + run.count) return null;
  const rule = run.rule as RuleId;
  if (run.set === undefined || run.index === undefined) return { rule, element: null };
  return { rule, element: { set: run.set, index: run.index + counter - run.first } };
}
