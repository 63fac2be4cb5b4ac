/** Ruleset to Plan: the stage's one entry. */
import type { AddressFamily } from '../model/address.js';
import type { Rule, RuleId, Ruleset } from '../model/ruleset.js';
import { analyseFamily, routing } from '../analyse/analyse-family.js';
import { setValueCache, type SetValueCache } from '../analyse/set-values.js';
import { assumptionsOf } from './assumptions.js';
import { coverer } from './coverage.js';
import type { FamilyPlan, Judgement } from './decide.js';
import { judgeForAll, judgePolicy, judgeRule, neverMatches, noPackets } from './decide.js';
import { duplicatesIn } from './duplicates.js';
import { keptRules, type KeptRules } from './kept-rules.js';
import type { MergedStep } from './merge.js';
import { mergeSteps } from './merge.js';
import type { Plan, PlanOptions, PlanSummary, RuleDecision } from './plan.js';
import { allowed, exemptAllowed, nothingAllowed } from './exempt.js';
import { hintFor, toReason } from './reasons.js';
import { dropIdle, dropRedundantAsks, exemptDhcp, limitSteps, limitTuples, trim, withoutSymbols } from './shape.js';
import type { CounterBook } from './to-program.js';
import { counterBook, toProgram } from './to-program.js';
import { limits, type StepProgram } from './program.js';

interface PlannedFamily extends FamilyPlan {
  readonly program: StepProgram;
  readonly stepRules: readonly (readonly RuleId[])[];
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
  const rules = decideAll(ruleset, (family) => planned[family]);
  return {
    schemaVersion: 1,
    ruleset,
    inputs: ruleset.inputs,
    devices: options.devices,
    facts: options.facts,
    allow: options.allow ?? nothingAllowed,
    summary: summarise(rules, ruleset),
    rules,
    assumptions: assumptionsOf(ruleset, options.facts, {
      asksConntrack: asks('ask').length > 0,
      asksRoutes: asks('route'),
      strict: options.strict,
    }),
    prefilter: { ip: planned[4].program, ip6: planned[6].program, counters: book.size() },
    stepRules: { ip: planned[4].stepRules, ip6: planned[6].stepRules },
    counterOwner: book.owner,
    followed: setValues.follow,
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
  const analysis = analyseFamily(ruleset, family, setValues, { ...options, conntrack: options.conntrack === true });
  // With nothing known at all the plan is for reading, and says what it would be once the host is known.
  const symbolic = options.facts !== null && options.facts.localRoutes === null;
  const raw = mergeSteps(analysis.walk.steps);
  const asked = dropRedundantAsks(dropIdle(trim(symbolic ? withoutSymbols(raw) : raw)));
  const limited = limitTuples(trim(exemptDhcp(asked, family)), options.leftOut ?? nothingLeftOut);
  const merged = trim(exemptAllowed(limited.steps, family, options.allow ?? nothingAllowed));
  const steps = trim(limitSteps(merged, options.maxSteps?.[family] ?? limits.steps));
  return {
    analysis,
    cover: coverer(steps, family),
    kept,
    ipsec: options.facts?.ipsec === true,
    routesKnown: (options.facts?.localRoutes ?? null) !== null,
    truncated: steps.length < merged.length,
    cut: limited.cut,
    program: toProgram(family, steps, book),
    stepRules: steps.map(rulesOfStep),
  };
}

const rulesOfStep = (step: MergedStep): RuleId[] =>
  step.members.map(({ rule }) => rule).filter((rule) => rule !== routing && rule !== allowed);

/** Only rules that stand in others' way are asked for. */
function rulesById({ tables }: Ruleset): (id: RuleId) => Rule | undefined {
  let rules: Map<RuleId, Rule> | null = null;
  const index = (): Map<RuleId, Rule> => {
    const made = new Map<RuleId, Rule>();
    for (const { chains } of tables)
      for (const chain of chains.values()) for (const rule of chain.rules) made.set(rule.id, rule);
    return made;
  };
  return (id) => (rules ??= index()).get(id);
}

function decideAll(ruleset: Ruleset, planOf: (family: AddressFamily) => FamilyPlan): RuleDecision[] {
  const rules = rulesById(ruleset);
  return ruleset.tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain): RuleDecision[] => {
      const place = { family: table.family, table: table.name, chain: chain.name };
      const judged = (judgement: Judgement, rule: Rule | null): Pick<RuleDecision, 'offload' | 'reason' | 'hint'> => ({
        offload: judgement.offload,
        reason: toReason(judgement, rules),
        hint: hintFor(judgement, rule, rules),
      });
      const duplicates = duplicatesIn(chain);
      const decisions: RuleDecision[] = [];
      let before: RuleId | null = null;
      for (const rule of chain.rules) {
        // The ways through one rule stand together.
        if (rule.id === before) continue;
        before = rule.id;
        const judgement = judgeOnce(
          judgeForAll(table, (family) => judgeRule(rule, planOf(family))),
          duplicates.get(rule.id),
        );
        decisions.push({
          id: rule.id,
          ...place,
          number: rule.number,
          file: rule.span.file,
          line: rule.span.line,
          text: rule.text.trim(),
          ...judged(judgement, rule),
        });
      }
      if (chain.kind !== 'base' || chain.policy !== 'drop') return decisions;
      return [
        ...decisions,
        {
          id: `${table.family} ${table.name} ${chain.name} policy` as RuleId,
          ...place,
          number: null,
          file: chain.span.file,
          line: chain.span.line,
          text: `policy ${chain.policy}`,
          ...judged(
            judgeForAll(table, (family) => judgePolicy(table, chain, planOf(family))),
            null,
          ),
        },
      ];
    }),
  );
}

const judgeOnce = (judgement: Judgement, first: RuleId | undefined): Judgement =>
  first === undefined || noPackets(judgement) ? judgement : neverMatches(judgement, first);

function summarise(rules: readonly RuleDecision[], ruleset: Ruleset): PlanSummary {
  const count = (offload: RuleDecision['offload']): number => rules.filter((rule) => rule.offload === offload).length;
  const elements = [...ruleset.sets.values()].reduce((sum, set) => sum + set.elements, 0);
  return { rules: rules.length, full: count('full'), partial: count('partial'), none: count('none'), elements };
}
