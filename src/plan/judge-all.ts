/** The judgement on each rule, before anybody asks for it in words. */
import type { AddressFamily } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { Chain, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';
import { inTurnWith, isRun, segmentsOf } from '../model/segments.js';
import { judgeForAll, judgePolicy, judgeRule, noPackets, type FamilyPlan, type Judgement } from './decide.js';
import { judgeEach, judgeInTurn } from './judge-each.js';
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
    const runs = isRun(segment) ? inTurnWith(segment) : null;
    if (runs?.every((run) => meetsOne(table, run)) === true) {
      if (segment === runs[0])
        judgeInTurn(runs, planOf(runs[0].family)).forEach((judgement, k) => {
          rules.push({ kind: 'run', run: runs[k]!, judgement });
        });
      continue;
    }
    if (isRun(segment)) {
      rules.push({ kind: 'run', run: segment, judgement: judgeRunForAll(table, segment, planOf) });
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

/** Only packets of its own family count. */
const meetsOne = (table: Table, { family }: AddressRun): boolean => family === 4 || table.family === 'ip6';

/** As `judgeForAll`, knowing that the rules match no packet of the other family. */
function judgeRunForAll(table: Table, run: AddressRun, planOf: PlanOf): Judgement | readonly Judgement[] {
  const own = judgeEach(run, planOf(run.family));
  if (meetsOne(table, run)) return own;
  if ('offload' in own) return noPackets(own) ? judgeEach(run, planOf(4)) : own;
  let other: Judgement | readonly Judgement[] | null = null;
  return own.map((one, i) => {
    if (!noPackets(one)) return one;
    other ??= judgeEach(run, planOf(4));
    return 'offload' in other ? other : other[i]!;
  });
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
