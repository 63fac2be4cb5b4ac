/** A packet's way through the hooks, given the chains that hang there. */
import type { Hook, RuleId } from '../model/ruleset.js';
import { isAnywhere, type HookedChain, type Level } from './hooks.js';
import { addState, walkRules, type Outcomes, type Walk } from './walk-chain.js';
import { DestinationChanged, SourceChanged, type View } from './view.js';

export interface PathEnvironment {
  readonly hooks: Readonly<Record<WalkedHook, HookPlan>>;
  /** Tracked packets may have been rewritten. */
  readonly nat: boolean;
  readonly indexOf: Walk['indexOf'];
}

export type WalkedHook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'postrouting';

/** The chains of a hook around the point where nf_nat hangs. */
export interface HookPlan {
  readonly hook: WalkedHook;
  readonly before: readonly Level[];
  /** Chains of type nat; null where the hook has no such point. */
  readonly nat: Level | null;
  readonly after: readonly Level[];
}

/** Where nf_nat hangs, whatever the priority of the nat chains: NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC. */
const natPriority: Partial<Record<Hook, number>> = { prerouting: -100, input: 100, postrouting: 100 };

export function planHook(hook: WalkedHook, levels: readonly Level[]): HookPlan {
  const natAt = natPriority[hook];
  const others = levels
    .map((level) => level.filter(({ chain }) => chain.type !== 'nat'))
    .filter((one) => one.length > 0);
  // A filter chain at the very priority of nf_nat counts as behind it: unknown addresses include the known ones.
  const isBefore = (level: Level): boolean => (level[0]?.chain.priority ?? 0) < (natAt ?? Infinity);
  return {
    hook,
    before: others.filter(isBefore),
    nat: natAt === undefined ? null : levels.flatMap((level) => level.filter(({ chain }) => chain.type === 'nat')),
    after: others.filter((level) => !isBefore(level)),
  };
}

/** What a view has in every hook and table. */
export interface BaseView {
  readonly packet: View['packet'];
  readonly device: string;
  readonly routing: View['routing'];
  readonly at: View['at'];
  readonly setTest: View['setTest'];
  readonly learns: View['learns'];
  readonly longList: View['longList'];
  readonly ctStates: View['ctStates'];
  /** It may belong to a connection that conntrack has, and be rewritten with it. */
  readonly connected: boolean;
}

/** NF_IP_PRI_CONNTRACK: nf_conntrack_in hangs there. */
const CONNTRACK = -200;

/** Written out: this runs for every chain of every packet, and a spread is slow. */
const viewIn = (base: BaseView, hook: WalkedHook, { table, chain }: HookedChain): View => ({
  packet: base.packet,
  hook,
  device: base.device,
  dialect: table.dialect,
  routing: base.routing,
  at: base.at,
  setTest: base.setTest,
  learns: base.learns,
  longList: base.longList,
  ctStates: base.ctStates,
  afterConntrack: hook === 'prerouting' ? chain.priority >= CONNTRACK : hook !== 'ingress',
});

interface Passage {
  readonly env: PathEnvironment;
  readonly hook: WalkedHook;
  readonly view: BaseView;
  readonly out: Outcomes;
}

/** One base chain; returns the states in which the packet goes on behind it. */
function runChain({ env, hook, view, out }: Passage, hooked: HookedChain, states: number[]): number[] {
  const { table, chain } = hooked;
  if (chain.rules.length === 0 && chain.policy === 'accept') return states;
  if (isAnywhere(chain)) {
    out.doubts.push('an ingress chain may be bound to the device');
    return states;
  }
  // nft_do_chain_inet_ingress leaves alone what is not IP yet, as a tag in a tag.
  if (hook === 'ingress' && table.family === 'inet' && view.packet.tags > 1) return states;
  const walk: Walk = {
    table,
    view: viewIn(view, hook, hooked),
    outcomes: out,
    indexOf: env.indexOf,
    memo: new Map(),
    assumed: [],
  };
  out.trace?.push({ kind: 'base', hook, table, chain });
  const ends = walkRules(walk, chain, states);
  const after = [...ends.accepts];
  if (chain.policy === 'accept') for (const state of ends.returns) addState(after, state);
  else if (ends.returns.length > 0) {
    const policy = `${table.family} ${table.name} ${chain.name} policy` as RuleId;
    out.drops.add(policy);
    out.trace?.push({ kind: 'policy', rule: policy });
  }
  out.trace?.push({ kind: 'leave' });
  return after;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

/** Chains of one priority in every order: whose effect or drop comes first is not known. */
function runLevel(passage: Passage, level: Level, states: number[]): number[] {
  if (level.length === 1 && level[0] !== undefined) return runChain(passage, level[0], states);
  if (level.length > 4) {
    passage.out.doubts.push('more than four chains of one priority');
    return states;
  }
  const after: number[] = [];
  for (const order of permutations(level)) {
    let current = states;
    for (const hooked of order) current = runChain(passage, hooked, current);
    for (const state of current) addState(after, state);
  }
  return after;
}

/**
 * With NAT, conntrack rewrites the addresses of flows it knows at a fixed priority; the nat chains are asked there for the first
 * packet of a flow only, so their verdicts are possible, never certain.
 */
function runNat(passage: Passage, natChains: Level, states: number[]): number[] {
  const { env, hook, view } = passage;
  // A packet without a connection is rewritten by the nat chains only, which are walked below.
  const byConnection = hook === 'prerouting' ? (view.connected ? DestinationChanged : 0) : SourceChanged;
  const rewritten = env.nat ? byConnection : 0;
  const after = states.map((state) => state | rewritten);
  if (natChains.length > 0) {
    for (const state of runLevel(passage, natChains, states)) addState(after, state | rewritten);
  }
  return [...new Set(after)];
}

/** All base chains of a hook; returns the states in which the packet leaves it. */
export function runHook(
  env: PathEnvironment,
  hook: WalkedHook,
  view: BaseView,
  start: number[],
  out: Outcomes,
): number[] {
  const { before, nat, after } = env.hooks[hook];
  const passage = { env, hook, view, out };
  let states = start;
  for (const level of before) states = runLevel(passage, level, states);
  if (nat !== null) states = runNat(passage, nat, states);
  for (const level of after) states = runLevel(passage, level, states);
  return states;
}
