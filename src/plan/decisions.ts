/** The decision on each rule, in the order of the ruleset. */
import type { AddressFamily } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { Chain, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';
import {
  judgeForAll,
  judgePolicy,
  judgeRule,
  judgeRun,
  judgeRunRule,
  neverMatches,
  noPackets,
  type FamilyPlan,
  type Judgement,
} from './decide.js';
import { duplicatesIn } from './duplicates.js';
import type { RuleDecision } from './plan.js';
import { hintFor, toReason } from './reasons.js';
import { rulesById } from './rules-by-id.js';

type PlanOf = (family: AddressFamily) => FamilyPlan;
type Place = Pick<RuleDecision, 'family' | 'table' | 'chain'>;
type Judged = Pick<RuleDecision, 'offload' | 'reason' | 'hint'>;
type Judge = (judgement: Judgement, rule: Rule | null) => Judged;

export function decideAll(ruleset: Ruleset, planOf: PlanOf): RuleDecision[] {
  const rules = rulesById(ruleset);
  const judged: Judge = (judgement, rule) => ({
    offload: judgement.offload,
    reason: toReason(judgement, rules),
    hint: hintFor(judgement, rule, rules),
  });
  const decisions: RuleDecision[] = [];
  for (const table of ruleset.tables)
    for (const chain of table.chains.values()) decideChain(table, chain, planOf, judged, decisions);
  return decisions;
}

function decideChain(table: Table, chain: Chain, planOf: PlanOf, judged: Judge, decisions: RuleDecision[]): void {
  const place: Place = { family: table.family, table: table.name, chain: chain.name };
  const duplicates = duplicatesIn(chain);
  let before: RuleId | null = null;
  for (const segment of segmentsOf(chain)) {
    if (isRun(segment)) {
      decideRun(segment, place, planOf(segment.ranges.family), duplicates, judged, decisions);
      continue;
    }
    const { id, number, span, text } = segment;
    // The ways through one rule stand together.
    if (id === before) continue;
    before = id;
    const judgement = judgeOnce(
      judgeForAll(table, (family) => judgeRule(id, planOf(family))),
      duplicates.get(id),
    );
    const { file, line } = span;
    decisions.push({ id, ...place, number, file, line, text: text.trim(), ...judged(judgement, segment) });
  }
  if (chain.kind !== 'base' || chain.policy !== 'drop') return;
  decisions.push({
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
  });
}

/** One judgement for all, where it is the same. */
function decideRun(
  run: AddressRun,
  place: Place,
  plan: FamilyPlan,
  duplicates: ReadonlyMap<RuleId, RuleId>,
  judged: Judge,
  decisions: RuleDecision[],
): void {
  const shared = judgeRun(run, plan);
  const all = shared && judged(shared, run.first);
  const { file } = run.first.span;
  for (let i = 0; i < run.count; i++) {
    const id = run.id(i);
    const first = duplicates.size === 0 ? undefined : duplicates.get(id);
    const own =
      all && first === undefined ? all : judgedAlone(run, i, shared ?? judgeRunRule(run, i, plan), first, judged);
    decisions.push({
      id,
      ...{ family: place.family, table: place.table, chain: place.chain },
      number: run.number(i),
      file,
      line: run.line(i),
      text: run.text(i).trim(),
      ...own,
    });
  }
}

const judgedAlone = (
  run: AddressRun,
  i: number,
  judgement: Judgement,
  first: RuleId | undefined,
  judged: Judge,
): Judged => judged(judgeOnce(judgement, first), run.rules[i]!);

const judgeOnce = (judgement: Judgement, first: RuleId | undefined): Judgement =>
  first === undefined || noPackets(judgement) ? judgement : neverMatches(judgement, first);
