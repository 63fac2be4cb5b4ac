/** How the chains of a table lead to one another, by jump, goto or verdict map. */
import type { Chain, RuleId, Table } from '../model/ruleset.js';
import { kindsOf } from '../model/segments.js';

export interface ChainWays {
  /** By the name of a chain: those that its rules lead to. */
  readonly next: ReadonlyMap<string, ReadonlySet<string>>;
  /** The first rule that may lead to any regular chain: a verdict map that is not followed, or text that is not understood. */
  readonly anywhere: RuleId | null;
}

/**
 * Chains may be nested this deep below a base chain, whether by jump, goto or verdict map; with one more, loading fails with EMLINK
 * (NFT_JUMP_STACK_SIZE, Linux 6.18), though `nft -c` says nothing. The older iptables has no such limit, but its dump may go to either.
 */
const deepest = 15;

/** No other words lead to a chain; a variable may stand for them. */
const leads = /\b(vmap|jump|goto)\b|\$/;

export function chainWays(table: Table): ChainWays {
  const next = new Map<string, ReadonlySet<string>>();
  let anywhere: RuleId | null = null;
  for (const chain of table.chains.values()) {
    const targets = new Set<string>();
    for (const { id, parts } of kindsOf(chain))
      for (const part of parts) {
        if (!('statement' in part)) continue;
        const { statement } = part;
        if (statement.kind === 'jump' || statement.kind === 'goto') targets.add(statement.chain);
        else if (statement.kind === 'opaque' && table.dialect === 'nft' && leads.test(statement.text)) anywhere ??= id;
      }
    next.set(chain.name, targets);
  }
  return { next, anywhere };
}

/** The chains themselves, and all that they lead to. */
export function reachedFrom(starts: Iterable<string>, { next }: ChainWays): ReadonlySet<string> {
  const reached = new Set(starts);
  // A set may grow while it is walked.
  for (const name of reached) for (const target of next.get(name) ?? []) reached.add(target);
  return reached;
}

/** Chains whose rules cannot lead one chain further. */
export function tooDeep(chains: Iterable<Chain>, ways: ChainWays): ReadonlySet<string> {
  let level = new Set<string>();
  for (const { kind, name } of chains) if (kind === 'base') level.add(name);
  for (let depth = 0; depth < deepest && level.size > 0; depth++)
    level = new Set([...level].flatMap((name) => [...(ways.next.get(name) ?? [])]));
  return reachedFrom(level, ways);
}
