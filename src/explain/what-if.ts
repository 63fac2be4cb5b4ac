/** The smallest change that would help, tried: the ruleset with the rule moved is planned anew. */
import { planWithinLimits } from '../compile/fit.js';
import type { BaseChain, Chain, RegularChain, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';
import type { OffloadKind, Plan, PlanOptions, ReasonCode, RuleDecision } from '../plan/plan.js';

export interface Change {
  /** The rule to move it above; null: to the top of the chain `to`. */
  readonly above: RuleId | null;
  /** `<family> <table> <chain>`. */
  readonly to: string;
  readonly offload: OffloadKind;
  readonly code: ReasonCode;
  readonly message: string;
}

/** How good a decision is: of two partial ones, the better has nothing in the way. */
function rank({ offload, reason }: Pick<RuleDecision, 'offload' | 'reason'>): number {
  if (offload === 'full') return 3;
  return offload === 'none' ? 0 : reason.blockedBy.length === 0 ? 2 : 1;
}

const RAW = -300;

const withChain = (ruleset: Ruleset, table: Table, chain: Chain): Ruleset => ({
  ...ruleset,
  tables: ruleset.tables.map((one) =>
    one === table ? { ...table, chains: new Map([...table.chains, [chain.name, chain]]) } : one,
  ),
});

function placeOf(ruleset: Ruleset, decision: RuleDecision): { readonly table: Table; readonly chain: Chain } | null {
  const table = ruleset.tables.find(({ family, name }) => family === decision.family && name === decision.table);
  const chain = table?.chains.get(decision.chain);
  return table === undefined || chain === undefined ? null : { table, chain };
}

/** An nft rule that goes several ways is several of one id. */
const partition = ({ rules }: Chain, id: RuleId): readonly [moved: Rule[], others: Rule[]] => [
  rules.filter((rule) => rule.id === id),
  rules.filter((rule) => rule.id !== id),
];

/** The chain as a dump of the changed ruleset writes it: one rule a line, in order. The lines are of no file; ids stay as they were. */
function written(chain: BaseChain | RegularChain, rules: readonly Rule[]): Chain {
  const ids = [...new Set(rules.map(({ id }) => id))];
  const numbers = new Map(ids.map((id, i) => [id, i + 1]));
  return {
    ...chain,
    rules: rules.map((rule, i) => ({
      ...rule,
      number: numbers.get(rule.id)!,
      span: { ...rule.span, line: i + 1 },
      text: rule.text.replace(
        /^((?:\[\d+:\d+\]\s*)?(?:-A|--append)\s+)\S+/,
        (_, before: string) => before + chain.name,
      ),
    })),
  };
}

function movedAbove(ruleset: Ruleset, decision: RuleDecision, above: RuleId): Ruleset | null {
  const place = placeOf(ruleset, decision);
  if (place === null) return null;
  const [moved, others] = partition(place.chain, decision.id);
  const at = others.findIndex(({ id }) => id === above);
  if (at < 0) return null;
  const rules = [...others.slice(0, at), ...moved, ...others.slice(at)];
  return withChain(ruleset, place.table, written(place.chain, rules));
}

const asksOutgoing = (rule: Rule): boolean =>
  rule.parts.some((part) => 'match' in part && part.match.kind === 'interface' && part.match.direction === 'out');

const isEarly = (chain: Chain): chain is BaseChain =>
  chain.kind === 'base' && chain.hook === 'prerouting' && chain.type === 'filter' && chain.priority <= RAW;

/** To the top of raw PREROUTING of iptables; null: the rule is no such rule, or would be another one there. */
function movedToRaw(ruleset: Ruleset, decision: RuleDecision): Ruleset | null {
  const place = placeOf(ruleset, decision);
  if (place?.chain.kind !== 'base' || place.table.dialect !== 'iptables' || place.table.name === 'raw') return null;
  const [moved, others] = partition(place.chain, decision.id);
  if (moved.some(asksOutgoing)) return null;
  const without = withChain(ruleset, place.table, { ...place.chain, rules: others });
  const raw = without.tables.find(({ family, name }) => family === decision.family && name === 'raw');
  const early = [...(raw?.chains.values() ?? [])].find(isEarly);
  if (raw !== undefined && early !== undefined)
    return withChain(without, raw, written(early, [...moved, ...early.rules]));
  if (raw !== undefined) return null;
  const chain: BaseChain = {
    kind: 'base',
    name: 'PREROUTING',
    type: 'filter',
    hook: 'prerouting',
    priority: RAW,
    policy: 'accept',
    devices: [],
    span: place.table.span,
    rules: [],
  };
  const table: Table = { ...place.table, name: 'raw', chains: new Map([[chain.name, written(chain, moved)]]) };
  return { ...without, tables: [table, ...without.tables] };
}

/** Codes of decisions that another place in the ruleset may better. */
export const movable: ReadonlySet<ReasonCode> = new Set(['blocked', 'blocked-partly', 'nat', 'other-course']);

const better = (after: RuleDecision, { above, to }: Pick<Change, 'above' | 'to'>): Change | null =>
  after.offload === 'none'
    ? null
    : { above, to, offload: after.offload, code: after.reason.code, message: after.reason.message };

/** Moves up in one chain that are tried: one may bring to light the next rule in the way. */
const maxMoves = 8;

/** The rule to move it above, for each further way up: behind it stand the rules in the way that were known before. */
function* waysUp(plan: Plan, decision: RuleDecision, options: PlanOptions): Generator<readonly [RuleId, RuleDecision]> {
  const chain = `${decision.family} ${decision.table} ${decision.chain}`;
  let { blockedBy } = decision.reason;
  for (let moves = 0; moves < maxMoves; moves++) {
    // Blockers come in evaluation order: the first move is the shortest one.
    const here = blockedBy.filter((id) => id.startsWith(`${chain} `));
    const above = moves === 0 ? here.at(-1) : here[0];
    const changed = above === undefined ? null : movedAbove(plan.ruleset, decision, above);
    if (above === undefined || changed === null) return;
    const after = planWithinLimits(changed, options).plan.rules.find(({ id }) => id === decision.id);
    if (after === undefined) return;
    yield [above, after];
    ({ blockedBy } = after.reason);
  }
}

/**
 * Null: no move helps, or none is proposed: the plan has no hint for rules that are not about named sources, because a drop of
 * everything, moved up, closes a host to everybody.
 */
export function helpfulMove(plan: Plan, decision: RuleDecision, options: PlanOptions): Change | null {
  if (!movable.has(decision.reason.code) || decision.hint === null || decision.number === null) return null;
  const to = `${decision.family} ${decision.table} ${decision.chain}`;
  let best: Change | null = null;
  let bestRank = rank(decision);
  const consider = (after: RuleDecision, place: Pick<Change, 'above' | 'to'>): void => {
    if (rank(after) <= bestRank) return;
    best = better(after, place);
    bestRank = rank(after);
  };
  for (const [above, after] of waysUp(plan, decision, options)) {
    consider(after, { above, to });
    if (after.offload === 'full') return best;
  }
  const raw = movedToRaw(plan.ruleset, decision);
  const after =
    raw === null ? undefined : planWithinLimits(raw, options).plan.rules.find(({ id }) => id === decision.id);
  if (after !== undefined) consider(after, { above: null, to: `${decision.family} raw PREROUTING` });
  return best;
}
