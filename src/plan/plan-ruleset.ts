/** Ruleset to Plan: the stage's one entry. */
import type { AddressFamily } from '../model/address.js';
import type { RuleId, Ruleset } from '../model/ruleset.js';
import { analyseFamily, routing, type AnalysisOptions } from '../analyse/analyse-family.js';
import { fewestForTuples } from '../analyse/run-as-one.js';
import { setValueCache, type SetValueCache } from '../analyse/set-values.js';
import { assumptionsOf } from './assumptions.js';
import { coverer } from './coverage.js';
import { counterBook, type CounterBook } from './counter-book.js';
import type { FamilyPlan } from './decide.js';
import { decisionsOf } from './decisions.js';
import { countKinds, judgeAll, type JudgedChain } from './judge-all.js';
import { keptRules, type KeptRules } from './kept-rules.js';
import { ruleMembers } from './members.js';
import type { MergedStep } from './merge.js';
import { mergeSteps, withoutTable } from './merge.js';
import type { Plan, PlanOptions, PlanSummary, RuleDecision } from './plan.js';
import { allowed, exemptAllowed, nothingAllowed } from './exempt.js';
import { dropIdle, dropRedundantAsks, exemptDhcp, limitSteps, limitTuples, trim, withoutSymbols } from './shape.js';
import { StepIndex } from './step-index.js';
import { toProgram } from './to-program.js';
import { limits, type StepProgram } from './program.js';

interface PlannedFamily extends FamilyPlan {
  readonly program: StepProgram;
  readonly stepRules: Plan['stepRules']['ip'];
}

export function planRuleset(ruleset: Ruleset, options: PlanOptions): Plan {
  const book = counterBook();
  const kept = keptRules(ruleset);
  const setValues = setValueCache(options.follow === true);
  const planned = {
    4: planFamily(ruleset, 4, options, setValues, book, kept),
    6: planFamily(ruleset, 6, options, setValues, book, kept),
  };
  const asks = (kind: 'ask' | 'route'): AddressFamily[] =>
    ([4, 6] as const).filter((family) => planned[family].program.steps.some(({ outcome }) => outcome.kind === kind));
  let known: readonly JudgedChain[] | null = null;
  const judged = (): readonly JudgedChain[] => (known ??= judgeAll(ruleset, (family) => planned[family]));
  const { follow } = setValues;
  let summary: PlanSummary | null = null;
  let rules: readonly RuleDecision[] | null = null;
  return {
    schemaVersion: 1,
    ruleset,
    inputs: ruleset.inputs,
    devices: options.devices,
    facts: options.facts,
    allow: options.allow ?? nothingAllowed,
    // Whoever replaces a filter may ask for neither.
    get summary() {
      return (summary ??= summarise(judged(), ruleset));
    },
    get rules() {
      return (rules ??= decisionsOf(ruleset, judged()));
    },
    assumptions: assumptionsOf(ruleset, options.facts, {
      asksConntrack: asks('ask').length > 0,
      asksRoutes: asks('route'),
      strict: options.strict,
    }),
    prefilter: { ip: planned[4].program, ip6: planned[6].program, counters: book.size() },
    stepRules: { ip: planned[4].stepRules, ip6: planned[6].stepRules },
    counterOwner: book.owner,
    followed: follow && {
      fixed: follow.fixed,
      // What is concluded from sets must be known before the first of them changes: whoever changes them asks here what that is.
      get live() {
        if (follow.live.size > 0) judged();
        return follow.live;
      },
    },
  };
}

const nothingLeftOut: ReadonlyMap<string, string> = new Map();

function planFamily(
  ruleset: Ruleset,
  family: AddressFamily,
  options: PlanOptions,
  setValues: SetValueCache,
  book: CounterBook,
  kept: KeptRules,
): PlannedFamily {
  const most = options.maxSteps?.[family] ?? limits.steps;
  const many = most + most / 2;
  const asked = { ...options, guardsFrom: many };
  const first = planSteps(ruleset, family, asked, setValues, many);
  const isShort = first.isCut && first.merged.length <= most;
  const { analysis, merged, cut } = isShort ? planSteps(ruleset, family, asked, setValues, Infinity) : first;
  const steps = trim(limitSteps(merged, most));
  const index = new StepIndex(steps);
  return {
    analysis,
    index,
    cover: coverer(steps, index, family),
    kept,
    steps,
    ipsec: options.facts?.ipsec === true,
    routesKnown: (options.facts?.localRoutes ?? null) !== null,
    truncated: steps.length < merged.length,
    cut,
    program: toProgram(family, steps, book),
    stepRules: stepRules(steps),
  };
}

interface Planning extends Pick<FamilyPlan, 'analysis' | 'cut'> {
  /** All of them, or more than are taken. */
  readonly merged: readonly MergedStep[];
  /** Steps of some rules were not made. */
  readonly isCut: boolean;
}

/** `enough`: behind so many steps, others need not be made. */
function planSteps(
  ruleset: Ruleset,
  family: AddressFamily,
  options: PlanOptions & Pick<AnalysisOptions, 'guardsFrom'>,
  setValues: SetValueCache,
  enough: number,
): Planning {
  const leftOut = options.leftOut ?? nothingLeftOut;
  const tuplesFrom = options.tuplesFrom ?? fewestForTuples;
  const asked = { ...options, tuplesFrom, enough, conntrack: options.conntrack === true };
  let analysis = analyseFamily(ruleset, family, setValues, asked);
  const split = withoutTable(analysis.walk.steps, analysis.walk.runs.asOne, { leftOut });
  if (split.length > 0) analysis = analyseFamily(ruleset, family, setValues, { ...asked, split: new Set(split) });
  // With nothing known at all the plan is for reading, and says what it would be once the host is known.
  const symbolic = options.facts !== null && options.facts.localRoutes === null;
  const raw = mergeSteps(analysis.walk.steps, { leftOut, tuplesFrom, enough });
  const needed = dropRedundantAsks(dropIdle(trim(symbolic ? withoutSymbols(raw.steps) : raw.steps)));
  const limited = limitTuples(trim(exemptDhcp(needed, family)), leftOut);
  const merged = trim(exemptAllowed(limited.steps, family, options.allow ?? nothingAllowed));
  return { analysis, merged, cut: limited.cut, isCut: raw.isCut || analysis.walk.runs.beyond.size > 0 };
}

/** Those behind each step: of most steps nobody asks. */
function stepRules(steps: readonly MergedStep[]): (step: number) => readonly RuleId[] {
  const known = new Map<number, readonly RuleId[]>();
  return (at) => {
    const rules = known.get(at) ?? (steps[at] ? rulesOfStep(steps[at]) : []);
    known.set(at, rules);
    return rules;
  };
}

const rulesOfStep = (step: MergedStep): RuleId[] =>
  [...ruleMembers(step.members)].map(({ rule }) => rule).filter((rule) => rule !== routing && rule !== allowed);

function summarise(chains: readonly JudgedChain[], ruleset: Ruleset): PlanSummary {
  const kinds = countKinds(chains);
  const elements = [...ruleset.sets.values()].reduce((sum, set) => sum + set.elements, 0);
  return { rules: kinds.full + kinds.partial + kinds.none, ...kinds, elements };
}
