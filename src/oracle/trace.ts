/** A packet's way through the chains, as it is walked: for differences and explanations. */
import type { Match } from '../model/match.js';
import type { BaseChain, Chain, Hook, Rule, RuleId, Table } from '../model/ruleset.js';

/** `matches` and `no match` are certain. */
export type RuleAnswer = 'matches' | 'may match' | 'no match';

/**
 * In the order of the walk. Where the packet can be in several states (a field may have been rewritten), or chains of one priority can
 * come in several orders, a rule or chain is met once for each.
 */
export type TraceEvent =
  | { readonly kind: 'base'; readonly hook: Hook; readonly table: Table; readonly chain: BaseChain }
  /** `at`: the match that failed, or the first whose answer is not known. */
  | { readonly kind: 'rule'; readonly rule: Rule; readonly answer: RuleAnswer; readonly at: Match | null }
  /** Behind the rule of a jump or goto. `again`: walked before with this outcome. */
  | { readonly kind: 'enter'; readonly chain: Chain; readonly again: boolean }
  /** The end of what the last open `base` or `enter` began. */
  | { readonly kind: 'leave' }
  /** The end of a base chain with a drop policy. */
  | { readonly kind: 'policy'; readonly rule: RuleId }
  /** After PREROUTING. `lost`: why the stack discards it, or the part of it that goes on elsewhere. */
  | { readonly kind: 'routed'; readonly local: 'yes' | 'no' | 'maybe'; readonly lost: string | null };
