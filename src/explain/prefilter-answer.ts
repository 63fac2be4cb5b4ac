/** What XDP does with a packet, and by which step. */
import type { RuleId } from '../model/ruleset.js';
import type { Tracking } from '../oracle/oracle.js';
import type { Plan } from '../plan/plan.js';
import type { Decision, PassReason } from '../simulate/simulation.js';
import { stepText } from './step-text.js';

export interface PrefilterAnswer {
  /** `ask`: dropped only if conntrack does not know it. */
  readonly verdict: Decision['verdict'];
  /** What comes of asking, by what is taken for granted of the connection. */
  readonly outcome: 'drop' | 'pass' | 'depends';
  /** Why it passes. */
  readonly reason: PassReason | null;
  /** Position in its family's list, from 1; null: no step decides. */
  readonly step: number | null;
  /** Steps of its family; 0 where the packet is of none. */
  readonly steps: number;
  readonly condition: string | null;
  /** The rules that the step stands for. */
  readonly rules: readonly RuleId[];
}

const outcomeOf = (verdict: Decision['verdict'], tracking: Tracking): PrefilterAnswer['outcome'] => {
  if (verdict !== 'ask') return verdict;
  if (tracking === 'none' || tracking === 'NEW') return 'drop';
  return tracking === 'ESTABLISHED' || tracking === 'RELATED' ? 'pass' : 'depends';
};

export function prefilterAnswer(plan: Plan, decision: Decision, tracking: Tracking): PrefilterAnswer {
  const { verdict, family, step } = decision;
  const key = family === 6 ? 'ip6' : 'ip';
  const program = plan.prefilter[key];
  const decided = family === null || step === null ? undefined : program.steps[step];
  return {
    verdict,
    outcome: outcomeOf(verdict, tracking),
    reason: decision.verdict === 'pass' ? decision.reason : null,
    step: step === null ? null : step + 1,
    steps: family === null ? 0 : program.steps.length,
    condition: decided === undefined ? null : stepText(program, decided, plan.devices),
    rules: step === null ? [] : plan.stepRules[key](step),
  };
}
