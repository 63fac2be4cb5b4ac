/** The judgement on each rule, before anybody asks for it in words. */
import type { AddressFamily } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { Chain, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';
import { inTurnWith, isRun, segmentsOf } from '../model/segments.js';
import {
  familiesOf,
  judgeForAll,
  judgementForBoth,
  judgePolicy,
  judgeRule,
  type FamilyPlan,
  type Judgement,
} from './decide.js';
import { judgeInTurn } from './judge-each.js';
import type { OffloadKind } from './plan.js';

export type Judged =
  | { readonly kind: 'rule'; readonly rule: Rule; readonly judgement: Judgement }
  /** One judgement for all rules of the run, or one for each. */
  | { readonly kind: 'run'; readonly run: AddressRun; readonly judgement: Judgement | readonly Judgement[] };

export interface JudgedChain {
  readonly table: Table;
  readonly chain: Chain;
  readonly rules: readonly Judged[];
  /** Null where it does not drop. */
  readonly policy: Judgement | null;
}

type PlanOf = (family: AddressFamily) => FamilyPlan;

/** In the order of the ruleset. */
export const judgeAll = ({ tables }: Ruleset, planOf: PlanOf): JudgedChain[] =>
  tables.flatMap((table) => [...table.chains.values()].map((chain) => judgeChain(table, chain, planOf)));

function judgeChain(table: Table, chain: Chain, planOf: PlanOf): JudgedChain {
  const rules: Judged[] = [];
  let before: RuleId | null = null;
  for (const segment of segmentsOf(chain)) {
    if (isRun(segment)) {
      const runs = inTurnWith(segment) ?? [segment];
      if (segment === runs[0])
        judgeRunsForAll(table, runs, planOf).forEach((judgement, k) => {
          rules.push({ kind: 'run', run: runs[k]!, judgement });
        });
      continue;
    }
    // The ways through one rule stand together.
    if (segment.id === before) continue;
    before = segment.id;
    const judgement = judgeForAll(table, (family) => judgeRule(segment.id, planOf(family)));
    rules.push({ kind: 'rule', rule: segment, judgement });
  }
  const drops = chain.kind === 'base' && chain.policy === 'drop';
  const policy = drops ? judgeForAll(table, (family) => judgePolicy(table, chain, planOf(family))) : null;
  return { table, chain, rules, policy };
}

type RunJudgement = Judgement | readonly Judgement[];

/** As `judgeForAll`. */
function judgeRunsForAll(table: Table, runs: readonly AddressRun[], planOf: PlanOf): readonly RunJudgement[] {
  const [family, other] = familiesOf(table);
  const first = judgeInTurn(runs, planOf(family));
  if (other === undefined) return first;
  const second = judgeInTurn(runs, planOf(other));
  return first.map((one, k) => forBoth(one, second[k]!));
}

/** Rules have few judgements, and few pairs of them. */
function forBoth(first: RunJudgement, second: RunJudgement): RunJudgement {
  const known = new Map<Judgement, Map<Judgement, Judgement>>();
  const joined = (one: Judgement, other: Judgement): Judgement => {
    const pairs = known.get(one) ?? new Map<Judgement, Judgement>();
    known.set(one, pairs);
    const judgement = pairs.get(other) ?? judgementForBoth(one, other);
    pairs.set(other, judgement);
    return judgement;
  };
  if (!('offload' in first)) return first.map((one, i) => joined(one, 'offload' in second ? second : second[i]!));
  return 'offload' in second ? joined(first, second) : second.map((other) => joined(first, other));
}

/** Rules and policies. */
export function countKinds(chains: readonly JudgedChain[]): Readonly<Record<OffloadKind, number>> {
  const counts = { full: 0, partial: 0, none: 0 };
  for (const { rules, policy } of chains) {
    if (policy) counts[policy.offload]++;
    for (const judged of rules)
      if (judged.kind === 'rule') counts[judged.judgement.offload]++;
      else if ('offload' in judged.judgement) counts[judged.judgement.offload] += judged.run.count;
      else for (const { offload } of judged.judgement) counts[offload]++;
  }
  return counts;
}
