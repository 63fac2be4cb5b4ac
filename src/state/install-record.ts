/** What we attached to a device, and whose drops each counter counts: written when attaching (journal.ts), read by `offload status`. */
import type { RuleId } from '../model/ruleset.js';
import type { CounterOwner, Plan } from '../plan/plan.js';
import type { Fingerprint } from './fingerprint.js';
import type { ProcessId } from './process-id.js';

/** Counters `first` … `first + counters - 1`; of a set, they count its elements from `element` on. */
export interface CounterRun {
  readonly first: number;
  readonly counters: number;
  readonly rule: RuleId;
  readonly set: string | null;
  readonly element: number;
}

/** What a rule has dropped, in decimal: JSON has no integers of 64 bits. */
export interface CountedRule {
  readonly rule: RuleId;
  readonly text: string;
  readonly packets: string;
  readonly bytes: string;
}

/** What programs that this one has replaced had counted. */
export interface Earlier {
  readonly packets: string;
  readonly bytes: string;
  readonly passed: string;
  /** By the rules that there are now; what was dropped for others is only in the sums. */
  readonly rules: readonly CountedRule[];
}

export interface InstallRecord {
  readonly version: 1;
  readonly device: string;
  readonly mode: 'native' | 'generic';
  /** Kernel id of the program: a record of another program than the one that is attached says nothing. */
  readonly programId: number;
  /** ISO 8601. */
  readonly attachedAt: string;
  readonly files: readonly string[];
  /** Absent in records of earlier versions. */
  readonly madeOf?: Fingerprint;
  readonly counters: readonly CounterRun[];
  /** Source text of the rules that have a counter, shortened. */
  readonly texts: Readonly<Record<RuleId, string>>;
  /** Absent: it replaced none. */
  readonly earlier?: Earlier;
  /** Who will write once more what is `earlier`, for the program before may have counted since. Absent: it is final. */
  readonly unsettledBy?: ProcessId;
}

/** Longest rule text that is kept, UTF-16 units. */
export const keptText = 200;

export function counterRuns(plan: Plan): readonly CounterRun[] {
  const runs: CounterRun[] = [];
  for (let counter = 0; counter < plan.prefilter.counters; counter++) {
    const owner = plan.counterOwner(counter);
    if (owner === null) continue;
    const run = runs.at(-1);
    if (run !== undefined && continues(run, counter, owner))
      runs[runs.length - 1] = { ...run, counters: run.counters + 1 };
    else runs.push(runOf(counter, owner));
  }
  return runs;
}

const runOf = (counter: number, { rule, element }: CounterOwner): CounterRun => ({
  first: counter,
  counters: 1,
  rule,
  set: element?.set ?? null,
  element: element?.index ?? 0,
});

const continues = (run: CounterRun, counter: number, { rule, element }: CounterOwner): boolean =>
  run.rule === rule &&
  run.first + run.counters === counter &&
  element !== null &&
  run.set === element.set &&
  run.element + run.counters === element.index;

export function ruleTexts(plan: Plan, runs: readonly CounterRun[]): Readonly<Record<RuleId, string>> {
  const counted = new Set(runs.map(({ rule }) => rule));
  const texts: Record<RuleId, string> = {};
  for (const { id, text } of plan.rules) if (counted.has(id)) texts[id] = text.slice(0, keptText);
  return texts;
}
