/** A rule that marks packets, as steps: for each state that a packet's mark may be in, the state after it. */
import type { AddressFamily } from '../model/address.js';
import type { Statement } from '../model/match.js';
import { kindsOf } from '../model/segments.js';
import type { Frame } from './frame.js';
import type { Condition, Conj, Dnf, Lit } from './logic.js';
import { isExact, small } from './logic.js';
import type { MarkChange, Marks } from './marks.js';
import { conjMayLack } from './relation.js';
import { normalise } from '../model/small-ranges.js';

export interface MarkStep {
  readonly when: Conj;
  readonly state: number;
  readonly certain: boolean;
}

export const markIn = (states: readonly number[]): Lit =>
  small('mark', normalise(states.map((state) => [state, state] as const)));

const isMark = ({ set }: Lit): boolean => set.field === 'mark';

const asksMark = (conj: Conj): boolean => conj.some(isMark);

export const dependsOnMark = ({ may, must }: Condition): boolean =>
  may.some(asksMark) || (must !== null && must !== may && must.some(asksMark));

/** Fields that steps change: the mark, and how the source is routed. */
const isChanging = (literal: Lit): boolean => isMark(literal) || literal.set.field === 'reversePath';

export const withoutChanging = (conj: Conj): Conj =>
  conj.some(isChanging) ? conj.filter((one) => !isChanging(one)) : conj;

/** What a statement does to the mark; null: nobody knows what, undefined: nothing. */
export function markChangeOf(statement: Statement): MarkChange | null | undefined {
  if (statement.kind === 'setMark') return statement;
  return statement.kind === 'annotate' && statement.name === 'mark' ? null : undefined;
}

/**
 * Packets that surely meet the rule first; then those that may meet it and are still in the state before. A change is the same whether
 * it is applied once or twice (marks.ts), so the order of the states does not matter. The condition says nothing of the mark.
 */
export function markSteps(
  marks: Marks,
  change: MarkChange | null,
  condition: Condition,
  surely: boolean,
  family: AddressFamily,
): MarkStep[] {
  if (!marks.changes(change)) return [];
  const before = Array.from({ length: marks.count }, (_, state) => state);
  const steps = (dnf: Dnf, certain: boolean): MarkStep[] =>
    before.flatMap((state) => {
      const next = dnf.length === 0 ? state : marks.after(state, change, certain);
      if (next === state) return [];
      return dnf.map((conj) => ({ when: [...conj, markIn([state])], state: next, certain }));
    });
  const must = surely && condition.must ? condition.must : [];
  const rest = surely && isExact(condition) ? condition.may.filter((conj) => conjMayLack(conj, family)) : condition.may;
  return [...steps(must, true), ...steps(rest, false)];
}

/** The statement, or a rule of the chain that it leads to, may change the packet's mark. */
export function changesMark(statement: Statement, { table, context }: Frame): boolean {
  if (statement.kind === 'drop' || statement.kind === 'accept') return false;
  let seen: Set<string> | undefined;
  const visit = (one: Statement): boolean => {
    const change = markChangeOf(one);
    if (change !== undefined) return context.marks.changes(change);
    if ((one.kind !== 'jump' && one.kind !== 'goto') || seen?.has(one.chain)) return false;
    (seen ??= new Set()).add(one.chain);
    const target = table.chains.get(one.chain);
    if (!target) return false;
    for (const { parts } of kindsOf(target))
      if (parts.some((part) => 'statement' in part && visit(part.statement))) return true;
    return false;
  };
  return visit(statement);
}
