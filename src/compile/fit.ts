/** Plans and compiles; where the tables do not fit, plans again with fewer steps: what comes last in the ruleset stays in netfilter. */
import type { Ruleset } from '../model/ruleset.js';
import { planRuleset } from '../plan/plan-ruleset.js';
import type { Plan, PlanOptions } from '../plan/plan.js';
import { compilePrefilter } from './compile.js';
import type { Image } from './image.js';
import { CompileError, maxSteps } from './image.js';

export interface Fitted {
  readonly plan: Plan;
  readonly image: Image;
}

export function planWithinLimits(ruleset: Ruleset, options: PlanOptions): Fitted {
  let most = options.maxSteps ?? { 4: maxSteps, 6: maxSteps };
  for (;;) {
    const plan = planRuleset(ruleset, { ...options, maxSteps: most });
    try {
      return { plan, image: compilePrefilter(plan.prefilter) };
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      const tried = plan.prefilter[error.family === 4 ? 'ip' : 'ip6'].steps.length;
      if (tried === 0) throw error;
      most = { ...most, [error.family]: Math.floor(tried / 2) };
    }
  }
}
