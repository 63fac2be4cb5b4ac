/** Plans and compiles; where the tables do not fit, plans again with fewer steps: what comes last in the ruleset stays in netfilter. */
import type { AddressFamily } from '../model/address.js';
import type { Ruleset } from '../model/ruleset.js';
import { planRuleset } from '../plan/plan-ruleset.js';
import type { Plan, PlanOptions } from '../plan/plan.js';
import { compileWithLayout, type Compiled, type CompileOptions } from './compile.js';
import { CompileError, maxSteps } from './image.js';

export interface Fitted extends Compiled {
  readonly plan: Plan;
}

/** Further attempts at a number of steps between the most that is known to fit and the least that does not. */
const refinements = 4;

type Steps = Readonly<Record<AddressFamily, number>>;
type Attempt = { readonly fitted: Fitted } | { readonly error: CompileError; readonly tried: number };

/** Throws CompileError when even an empty prefilter does not fit. */
export function planWithinLimits(ruleset: Ruleset, options: PlanOptions, compile: CompileOptions = {}): Fitted {
  /** Sets of several fields whose tables do not fit: netfilter keeps their rules, and no others for it. */
  const leftOut = new Map(options.leftOut);
  const attempt = (maxSteps: Steps): Attempt => {
    const plan = planRuleset(ruleset, { ...options, maxSteps, leftOut });
    try {
      return { fitted: { plan, ...compileWithLayout(plan.prefilter, compile) } };
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      const program = plan.prefilter[error.family === 4 ? 'ip' : 'ip6'];
      const last = program.atoms[error.atoms[error.atoms.length - 1] ?? -1];
      if (last?.kind === 'tuples' && !leftOut.has(last.set.id)) {
        leftOut.set(last.set.id, error.message);
        return attempt(maxSteps);
      }
      return { error, tried: program.steps.length };
    }
  };
  let most: Steps = options.maxSteps ?? { 4: maxSteps, 6: maxSteps };
  const tooMany = { 4: 0, 6: 0 };
  for (;;) {
    const result = attempt(most);
    if ('fitted' in result) return refine(result.fitted, most, tooMany, attempt);
    const { error, tried } = result;
    if (tried === 0) throw error;
    tooMany[error.family] = tried;
    most = { ...most, [error.family]: Math.floor(tried / 2) };
  }
}

/** Gives steps back that halving took too many of. */
function refine(fitted: Fitted, most: Steps, tooMany: Steps, attempt: (most: Steps) => Attempt): Fitted {
  let best = { fitted, most };
  for (const family of [4, 6] as const) {
    let fails = tooMany[family];
    for (let i = 0; i < refinements && fails - best.most[family] > 1; i++) {
      const middle = Math.floor((best.most[family] + fails) / 2);
      const tried = { ...best.most, [family]: middle };
      const result = attempt(tried);
      if ('fitted' in result) best = { fitted: result.fitted, most: tried };
      else fails = middle;
    }
  }
  return best.fitted;
}
