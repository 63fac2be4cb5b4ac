/** By which packets a drop rule is met, wherever it stands: what it takes to prove that it is done with. */
import type { AddressRun } from '../model/address-run.js';
import type { Field } from '../model/field.js';
import type { Chain, Rule, Table } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';
import type { Context } from './context.js';
import type { Condition, Conj } from './logic.js';
import { dependsOnMark, withoutChanging } from './mark-steps.js';
import { isTakenAsOne, noteByItself } from './run-as-one.js';
import type { RuleOrRun, Walk } from './walk.js';
import type { Why } from './why.js';

interface Place {
  readonly table: Table;
  readonly context: Pick<Context, 'repliesRewritten'>;
  /** What holds of every packet here. */
  readonly section: Conj;
}

/** But for what is asked of these fields. */
const without = (conj: Conj, fields: readonly Field[]): Conj =>
  conj.filter(({ set }) =>
    (set.kind === 'tuples' ? set.columns.map(({ field }) => field) : [set.field]).every(
      (field) => !fields.includes(field),
    ),
  );

export function recordDrop(
  walk: Walk,
  rule: RuleOrRun,
  condition: Condition,
  frame: Place,
  step: number,
  why: Why | null,
  from = 0,
): void {
  // What a mark is at this place says nothing of what it is at others: a rule about marks is not proven to be done with. Nor is one
  // about routes, which a packet gets to know on its way.
  const { section, context } = frame;
  const { may } = condition;
  const reach =
    section.length === 0 && may.every((conj) => withoutChanging(conj) === conj)
      ? may
      : may.map((conj): Conj => [...section, ...withoutChanging(conj)]);
  const marked: Why | null = dependsOnMark(condition) ? { code: 'marked', detail: '' } : null;
  const { repliesRewritten } = context;
  const replies = repliesRewritten.length === 0 ? null : reach.map((conj) => without(conj, repliesRewritten));
  const occurrence = { reach, replies, step, why: why ?? marked, from, at: walk.visited };
  const list = walk.occurrences.get(rule);
  if (list) list.push(occurrence);
  else walk.occurrences.set(rule, [occurrence]);
}

/**
 * Chains that a rule leads to behind a point where its packets pass XDP: drop rules there decide packets that XDP leaves to them, so they are
 * not done with, however else they are reached.
 */
export function recordBehind(
  walk: Walk,
  rule: Pick<Rule, 'parts'>,
  condition: Condition,
  frame: Place,
  why: Why,
): void {
  const seen = new Set<Chain>();
  const visit = (from: Pick<Rule, 'parts'>): void => {
    for (const part of from.parts) {
      if (!('statement' in part) || (part.statement.kind !== 'jump' && part.statement.kind !== 'goto')) continue;
      const chain = frame.table.chains.get(part.statement.chain);
      if (!chain || seen.has(chain)) continue;
      seen.add(chain);
      for (const segment of segmentsOf(chain)) {
        const inner = isRun(segment) ? segment.first : segment;
        const drops = inner.parts.some((one) => 'statement' in one && one.statement.kind === 'drop');
        const ids = !drops ? [] : isRun(segment) ? runOrRules(walk, segment) : [segment.id];
        for (const id of ids) recordDrop(walk, id, condition, frame, -1, why);
        visit(inner);
      }
    }
  };
  visit(rule);
}

function runOrRules(walk: Walk, run: AddressRun): readonly RuleOrRun[] {
  if (isTakenAsOne(walk, run, true)) return [run];
  noteByItself(walk.runs, run, run.count);
  return run.rules.map(({ id }) => id);
}
