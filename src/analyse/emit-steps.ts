/** The steps that a rule leaves: a drop on its must, what passes on its may. */
import { ofAll, type Arrival } from './arrival.js';
import type { Context } from './context.js';
import type { Frame } from './frame.js';
import type { Condition } from './logic.js';
import { isExact } from './logic.js';
import { dependsOnMark, markSteps } from './mark-steps.js';
import type { MarkChange } from './marks.js';
import { recordDrop } from './record-drops.js';
import { conjMayLack } from './relation.js';
import { defer, emit, isFull, remember, type Label, type RuleOrRun, type Walk } from './walk.js';
import type { Why } from './why.js';

const unsaid: Why = { code: 'unknown-match', detail: '' };

export function emitDrop(walk: Walk, rule: RuleOrRun, condition: Arrival, frame: Frame, why: Why | null): void {
  const uncertain = why ?? unsaid;
  const nothing: Why = uncertain.code === 'connection-state' ? { ...uncertain, code: 'unknown-match' } : uncertain;
  if (!frame.drops) recordDrop(walk, rule, ofAll(condition), frame, -1, frame.noDropsWhy);
  else if (!condition.must?.length) recordDrop(walk, rule, ofAll(condition), frame, -1, nothing);
  else {
    recordDrop(
      walk,
      rule,
      ofAll(condition),
      frame,
      walk.steps.length,
      isExact(condition) ? null : uncertain,
      frame.from,
    );
    if (frame.repeats) return;
    const put = condition.relies && frame.drop.kind === 'drop' ? defer : emit;
    put(walk, condition.must, frame.drop, rule);
  }
  if (frame.drops && frame.certain) eliminate(walk, condition);
}

/** Whoever comes past a drop of packets in these states, and would have met it, is in another. */
function eliminate(walk: Walk, condition: Arrival): void {
  const { states } = condition;
  const { must } = ofAll(condition);
  // Where no steps are written, it would not be known which skips lead past this one.
  if (!states || !must || isFull(walk) || dependsOnMark(condition)) return;
  for (const when of must) remember(walk.eliminations, { states, when, at: walk.steps.length });
}

/** Skips what certainly leaves; what only may leave passes. */
export function emitSkip(walk: Walk, rule: RuleOrRun, condition: Condition, to: Label, frame: Frame): void {
  if (condition.must) emit(walk, condition.must, { kind: 'skip', to }, rule);
  // A packet that lacks a field of the condition is not skipped, and may leave all the same.
  const { family } = frame.context;
  const rest = isExact(condition) ? condition.may.filter((conj) => conjMayLack(conj, family)) : condition.may;
  emit(walk, rest, { kind: 'pass' }, rule);
}

/** Whoever may leave goes on where those are who leave: see quiet-rest.ts. */
export function emitMaybe(walk: Walk, rule: RuleOrRun, { may }: Condition, to: Label): void {
  emit(walk, may, { kind: 'skip', to, maybe: true }, rule);
}

export function emitMarks(
  walk: Walk,
  rule: RuleOrRun,
  change: MarkChange | null,
  condition: Condition,
  { marks, marksSurely, family }: Context,
): void {
  for (const { when, state, certain } of markSteps(marks, change, condition, marksSurely, family))
    emit(walk, [when], { kind: 'mark', state, certain }, rule);
}
