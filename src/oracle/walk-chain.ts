/** A packet's way through the chains of one table: every outcome that the unknown parts leave open. */
import type { Chain, Rule, RuleId, Table } from '../model/ruleset.js';
import type { PassHow } from './fate.js';
import type { Assumption } from './assume.js';
import { evaluateRule } from './evaluate-rule.js';
import type { RuleIndex } from './rule-index.js';
import type { TraceEvent } from './trace.js';
import { changed, Changed, type View } from './view.js';

/** Outcomes of all walks of one packet so far; shared by all its base chains. */
export interface Outcomes {
  /** Rules and policies that may drop it, in evaluation order. */
  readonly drops: Set<RuleId>;
  /** Rules at which it certainly is no silent drop any more. */
  readonly passes: Map<RuleId, PassHow>;
  /** Rules whose match was not known. */
  readonly unknown: Set<RuleId>;
  /** Why nothing can be said at all. */
  readonly doubts: string[];
  readonly trace: TraceEvent[] | null;
  /** Effects are looked through: noted, and the walk goes on behind them. */
  readonly through: boolean;
  /** Walks begun under assumptions of their own so far. */
  refined: number;
}

/** How a walk through a chain can end without a decision on the packet: with which states (see `Changed`). */
export interface ChainEnds {
  readonly returns: number[];
  readonly accepts: number[];
}

export interface Walk {
  readonly table: Table;
  readonly view: View;
  readonly outcomes: Outcomes;
  readonly indexOf: (chain: Chain) => RuleIndex | null;
  /** Chains already walked in this hook, by state; null while under way. */
  readonly memo: Map<Chain, Map<number, ChainEnds | null>>;
  /** What the jumps on the way here ask of the packet's unknown fields. */
  readonly assumed: readonly Assumption[];
}

/** Deeper than this the assumptions are forgotten, which costs knowledge, never soundness, and keeps the walk short. */
const MAX_ASSUMED = 12;
const MAX_REFINED_WALKS = 256;

/** The walk behind a jump that was taken on these assumptions: its answers are its own. */
export function assuming(walk: Walk, assumed: readonly Assumption[], view: View): Walk {
  if (assumed.length === walk.assumed.length || assumed.length > MAX_ASSUMED) return walk;
  if (walk.outcomes.refined >= MAX_REFINED_WALKS) return walk;
  walk.outcomes.refined++;
  return { ...walk, assumed, view, memo: new Map() };
}

export function addState(states: number[], state: number): void {
  if (!states.includes(state)) states.push(state);
}

/** Rules that may match in one of these states, and the addresses that were taken as known for it. */
function candidatesFor(walk: Walk, chain: Chain, states: readonly number[]): readonly number[] | null {
  const { packet } = walk.view;
  // The protocol match of such a packet may drop it, before an address match says no: no shortcuts.
  if (packet.protocol === null) return null;
  const index = walk.indexOf(chain);
  if (index === null) return null;
  const side = (field: 'saddr' | 'daddr'): Uint32Array | null =>
    states.some((state) => changed(state, Changed[field])) ? null : packet[field];
  return index.candidates(side('saddr'), side('daddr'));
}

const addressBits = (states: readonly number[]): number =>
  states.reduce((bits, state) => bits | (state & (Changed.saddr | Changed.daddr | Changed.bytes)), 0);

/** First candidate that stands at `position` or later. */
function seek(candidates: readonly number[], position: number): number {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((candidates[middle] ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Walks the chain with all the states at once. */
export function walkRules(walk: Walk, chain: Chain, start: readonly number[]): ChainEnds {
  const ends: ChainEnds = { returns: [], accepts: [] };
  let states = [...start];
  let bits = addressBits(states);
  let candidates = candidatesFor(walk, chain, states);
  let position = candidates === null ? 0 : (candidates[0] ?? chain.rules.length);
  let cursor = 0;
  while (position < chain.rules.length && states.length > 0) {
    const rule = chain.rules[position] as Rule;
    const next: number[] = [];
    for (const state of states) evaluateRule(walk, rule, state, next, ends);
    states = next;
    if (addressBits(states) !== bits) {
      // A rewritten address: from here on more rules may match.
      bits = addressBits(states);
      candidates = candidatesFor(walk, chain, states);
      cursor = candidates === null ? 0 : seek(candidates, position + 1) - 1;
    }
    cursor++;
    position = candidates === null ? position + 1 : (candidates[cursor] ?? chain.rules.length);
  }
  for (const state of states) addState(ends.returns, state);
  return ends;
}

const leave: TraceEvent = { kind: 'leave' };
const nowhere: ChainEnds = { returns: [], accepts: [] };

/** A jump or goto into a chain. */
export function enterChain(walk: Walk, name: string, state: number): ChainEnds {
  const chain = walk.table.chains.get(name);
  if (chain === undefined) {
    walk.outcomes.doubts.push(`chain ${name} is not defined`);
    return nowhere;
  }
  let byState = walk.memo.get(chain);
  if (byState === undefined) walk.memo.set(chain, (byState = new Map<number, ChainEnds | null>()));
  const known = byState.get(state);
  if (known === null || byState.size > 64 || walk.memo.size > 100_000) {
    walk.outcomes.doubts.push(`chain ${name} leads back to itself`);
    return nowhere;
  }
  if (known !== undefined) {
    walk.outcomes.trace?.push({ kind: 'enter', chain, again: true }, leave);
    return known;
  }
  byState.set(state, null);
  walk.outcomes.trace?.push({ kind: 'enter', chain, again: false });
  const ends = walkRules(walk, chain, [state]);
  walk.outcomes.trace?.push(leave);
  byState.set(state, ends);
  return ends;
}
