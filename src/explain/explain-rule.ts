/** Why the plan decides a rule as it does, and what would help. */
import type { Rule, RuleId } from '../model/ruleset.js';
import type { Assumption, OffloadKind, Plan, PlanOptions, ReasonCode, RuleDecision } from '../plan/plan.js';
import { stepText } from './step-text.js';
import { type Change, helpfulMove, movable } from './what-if.js';
import { whyBlocks } from './why-blocks.js';

/** Where a rule stands, and what it says. */
export interface RulePlace {
  readonly id: RuleId;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface Blocker extends RulePlace {
  readonly why: string;
}

/** A step that drops packets of the rule. */
export interface DropStep {
  readonly family: 4 | 6;
  /** Position in its family's list, from 1. */
  readonly step: number;
  readonly condition: string;
  /** Only packets that conntrack does not know. */
  readonly asks: boolean;
  /** Guards in front of it: packets that they match are left to netfilter. */
  readonly guards: number;
}

export interface RuleExplanation extends RulePlace {
  readonly kind: 'rule';
  /** Null: a base chain's policy. */
  readonly number: number | null;
  readonly offload: OffloadKind;
  readonly code: ReasonCode;
  readonly reason: string;
  readonly blockedBy: readonly Blocker[];
  readonly drops: readonly DropStep[];
  readonly hint: string | null;
  /** A move that was planned and helps; `hint` is null then, and where a move that it would name does not help. */
  readonly change: Change | null;
  readonly residual: 'left out' | 'stays';
  readonly assumptions: readonly Assumption[];
}

export function rulesById(plan: Plan): ReadonlyMap<RuleId, Rule> {
  const rules = new Map<RuleId, Rule>();
  for (const { chains } of plan.ruleset.tables)
    for (const chain of chains.values()) for (const rule of chain.rules) rules.set(rule.id, rule);
  return rules;
}

/** A rule that the plan decides, or a policy, by its name. */
export function placeOf(id: RuleId, decisions: ReadonlyMap<RuleId, RuleDecision>): RulePlace {
  const decision = decisions.get(id);
  if (decision === undefined) return { id, file: '', line: 0, text: '' };
  const { file, line, text } = decision;
  return { id, file, line, text };
}

function dropSteps(plan: Plan, id: RuleId): DropStep[] {
  return ([4, 6] as const).flatMap((family) => {
    const program = plan.prefilter[family === 4 ? 'ip' : 'ip6'];
    const owners = plan.stepRules[family === 4 ? 'ip' : 'ip6'];
    let asks = false;
    let guards = 0;
    return program.steps.flatMap((step, i): DropStep[] => {
      if (step.outcome.kind === 'ask') asks = true;
      if (step.outcome.kind === 'pass') guards++;
      if (step.outcome.kind !== 'drop' || !owners(i).includes(id)) return [];
      return [{ family, step: i + 1, condition: stepText(program, step, plan.devices), asks, guards }];
    });
  });
}

/** `options` are those of the plan: what would help is planned with them. */
export function explainRule(plan: Plan, decision: RuleDecision, options: PlanOptions): RuleExplanation {
  const decisions = new Map(plan.rules.map((one) => [one.id, one]));
  const rules = rulesById(plan);
  const { id, number, file, line, text, offload, reason, hint } = decision;
  const change = helpfulMove(plan, decision, options);
  const blockedBy = reason.blockedBy.map((one): Blocker => {
    const rule = rules.get(one);
    return {
      ...placeOf(one, decisions),
      why: rule === undefined ? 'Packets may end in this policy first.' : whyBlocks(rule),
    };
  });
  return {
    kind: 'rule',
    id,
    number,
    file,
    line,
    text,
    offload,
    code: reason.code,
    reason: reason.message,
    blockedBy,
    drops: dropSteps(plan, id),
    hint: movable.has(reason.code) ? null : hint,
    change,
    residual: offload === 'full' ? 'left out' : 'stays',
    assumptions: offload === 'none' ? [] : plan.assumptions,
  };
}
