/** Runs of rules that a reader would call "the same": neighbours in one chain with one decision for one reason. */
import type { RuleDecision } from '../plan/plan.js';

export interface RuleRun {
  readonly first: RuleDecision;
  readonly last: RuleDecision;
  readonly rules: number;
  /** All rules of the run have the message and hint of the first. */
  readonly uniform: boolean;
}

const sameRun = (a: RuleDecision, b: RuleDecision): boolean =>
  a.chain === b.chain &&
  a.table === b.table &&
  a.family === b.family &&
  a.file === b.file &&
  a.number !== null &&
  b.number === a.number + 1 &&
  a.reason.blockedBy.length === b.reason.blockedBy.length &&
  a.reason.blockedBy.every((id, i) => id === b.reason.blockedBy[i]);

/** `decisions` all have one offload kind and one reason code, in plan order. */
export function ruleRuns(decisions: readonly RuleDecision[]): readonly RuleRun[] {
  const runs: RuleRun[] = [];
  for (const decision of decisions) {
    const run = runs.at(-1);
    if (run !== undefined && sameRun(run.last, decision)) {
      const uniform =
        run.uniform && decision.reason.message === run.first.reason.message && decision.hint === run.first.hint;
      runs[runs.length - 1] = { first: run.first, last: decision, rules: run.rules + 1, uniform };
    } else {
      runs.push({ first: decision, last: decision, rules: 1, uniform: true });
    }
  }
  return runs;
}

/** `ip filter INPUT 3` or `ip filter INPUT 3–3002`. */
export function runName(run: RuleRun): string {
  return run.rules === 1 ? run.first.id : `${run.first.id}–${String(run.last.number)}`;
}
