/** A packet's way through the hooks, given the chains that hang there. */
import type { AddressFamily } from '../model/address.js';
import type { Hook, RuleId, Ruleset } from '../model/ruleset.js';
import type { HookedChain, Level } from './hooks.js';
import { addState, walkRules, type Outcomes, type Walk } from './walk-chain.js';
import { DestinationChanged, SourceChanged, type View } from './view.js';

export interface PathEnvironment {
  readonly ruleset: Ruleset;
  readonly family: AddressFamily;
  readonly levels: (hook: Hook) => readonly Level[];
  readonly nat: boolean;
  readonly indexOf: Walk['indexOf'];
}

/** Where nf_nat hangs, whatever the priority of the nat chains: NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC. */
const natPriority: Partial<Record<Hook, number>> = { prerouting: -100, input: 100, postrouting: 100 };

/** One base chain; returns the states in which the packet goes on behind it. */
function runChain(
  env: PathEnvironment,
  { table, chain }: HookedChain,
  view: Omit<View, 'dialect'>,
  states: number[],
  out: Outcomes,
): number[] {
  const walk: Walk = {
    table,
    view: { ...view, dialect: table.dialect },
    outcomes: out,
    indexOf: env.indexOf,
    memo: new Map(),
  };
  const ends = walkRules(walk, chain, states);
  const after = [...ends.accepts];
  if (chain.policy === 'accept') for (const state of ends.returns) addState(after, state);
  else if (ends.returns.length > 0) {
    const policy = `${table.family} ${table.name} ${chain.name} policy` as RuleId;
    out.drops.add(policy);
    out.trace?.push({ rule: policy, text: 'policy drop', answer: 'matches' });
  }
  return after;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

/** Chains of one priority in every order: whose effect or drop comes first is not known. */
function runLevel(
  env: PathEnvironment,
  level: Level,
  view: Omit<View, 'dialect'>,
  states: number[],
  out: Outcomes,
): number[] {
  if (level.length > 4) {
    out.doubts.push('more than four chains of one priority');
    return states;
  }
  const after: number[] = [];
  for (const order of permutations(level)) {
    let current = states;
    for (const hooked of order) current = runChain(env, hooked, view, current, out);
    for (const state of current) addState(after, state);
  }
  return after;
}

/**
 * All base chains of a hook. With NAT, conntrack rewrites the addresses of flows it knows at a fixed priority; the nat chains are
 * asked there for the first packet of a flow only, so their verdicts are possible, never certain.
 */
export function runHook(
  env: PathEnvironment,
  hook: Hook,
  view: Omit<View, 'dialect' | 'hook'>,
  start: number[],
  out: Outcomes,
): number[] {
  const hooked = { ...view, hook };
  let states = start;
  const natAt = natPriority[hook];
  const natChains = env.levels(hook).flatMap((level) => level.filter(({ chain }) => chain.type === 'nat'));
  const runNat = (): void => {
    const rewritten = env.nat ? (hook === 'prerouting' ? DestinationChanged : SourceChanged) : 0;
    const after = states.map((state) => state | rewritten);
    if (natChains.length > 0) {
      for (const state of runLevel(env, natChains, hooked, states, out)) addState(after, state | rewritten);
    }
    states = after;
  };
  const levels = env.levels(hook).map((level) => level.filter(({ chain }) => chain.type !== 'nat'));
  const run = (level: Level): void => {
    if (level.length > 0) states = runLevel(env, level, hooked, states, out);
  };
  // A filter chain at the very priority of nf_nat counts as behind it: unknown addresses include the known ones.
  const isBefore = (level: Level): boolean => (level[0]?.chain.priority ?? 0) < (natAt ?? Infinity);
  levels.filter(isBefore).forEach(run);
  if (natAt !== undefined) runNat();
  levels.filter((level) => !isBefore(level)).forEach(run);
  return [...new Set(states)];
}
