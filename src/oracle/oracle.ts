/** The reference interpreter: what netfilter, running this ruleset, would do with the frame. */
import type { AddressFamily } from '../model/address.js';
import type { LinkField } from '../model/field.js';
import type { HostFacts, VlanTag } from '../model/host.js';
import type { Chain, Ruleset } from '../model/ruleset.js';
import { indexAddresses, type AddressTest } from './address-index.js';
import { decodeFrame } from './decode-frame.js';
import type { CtState } from '../model/match.js';
import type { Fate, PassHow } from './fate.js';
import { statesOfFirst } from './first-packet.js';
import { changingSets, connectionRules, levelsOf, usesFlowtable, usesNat } from './hooks.js';
import { No, Yes } from './answer.js';
import type { Packet } from './packet.js';
import { planHook, runHook, type BaseView, type HookPlan, type PathEnvironment, type WalkedHook } from './path.js';
import { martian, notForwarded, routeOf } from './routing.js';
import { indexRules, type RuleIndex } from './rule-index.js';
import { indexSets, learningSets } from './set-index.js';
import { changed, Changed, type View } from './view.js';
import type { TraceEvent } from './trace.js';
import type { Outcomes } from './walk-chain.js';

/**
 * What is taken for granted of a packet's connection. `none`: conntrack has no entry; counts for whole TCP and UDP packets only, and not
 * where zones or helpers make a missing entry say nothing. A state: ct state is that wherever conntrack has been; NEW is a connection's
 * first packet.
 */
export type Tracking = 'open' | 'none' | Exclude<CtState, 'SNAT' | 'DNAT'>;

export interface WalkRequest {
  readonly tracking: Tracking;
  /** When the frame arrives, milliseconds since the epoch; null: not known. */
  readonly at: number | null;
  /** Receives the way through the chains. */
  readonly trace: TraceEvent[];
}

export interface Walked {
  readonly fate: Fate;
  /** What becomes of it in the end, with observing rules and stateful matches looked through: never use it to justify a drop. */
  readonly end: Fate;
}

export interface Oracle {
  /**
   * @param trace Receives the rules met, in order, when given; those that an index knows to miss are left out.
   * @param untracked Tracking `none` instead of `open`.
   * @param at When the frame arrives, milliseconds since the epoch. Without it nothing is known of elements that expire.
   */
  readonly fate: (frame: Uint8Array, trace?: TraceEvent[], untracked?: boolean, at?: number) => Fate;
  /** The fate, and the whole way to it and beyond effects: for explanations. */
  readonly walk: (frame: Uint8Array, request: WalkRequest) => Walked;
  /** The same for frames of which these fields were made up: what turns on them is `depends`. */
  readonly hiding: (fields: ReadonlySet<LinkField>) => Oracle;
}

export interface OracleOptions {
  /** Walk every rule: for the test that the index changes nothing. */
  readonly linear?: boolean;
  /** The device is a VLAN device, and frames are as they arrive on the device it stands on. */
  readonly vlan?: VlanTag;
}

function environment(ruleset: Ruleset, family: AddressFamily, device: string, linear: boolean): PathEnvironment {
  const indexes = new Map<Chain, RuleIndex>();
  const plan = (hook: WalkedHook): HookPlan => planHook(hook, levelsOf(ruleset, family, hook, device));
  return {
    nat: usesNat(ruleset, family),
    hooks: {
      ingress: plan('ingress'),
      prerouting: plan('prerouting'),
      input: plan('input'),
      forward: plan('forward'),
      postrouting: plan('postrouting'),
    },
    indexOf: (chain) => {
      if (linear || chain.rules.length < 16) return null;
      let index = indexes.get(chain);
      if (index === undefined) indexes.set(chain, (index = indexRules(chain.rules, family)));
      return index;
    },
  };
}

const hasIngress = ({ hooks }: PathEnvironment): boolean =>
  hooks.ingress.after.length + hooks.ingress.before.length > 0;

interface FateRequest {
  readonly tracking: Tracking;
  /** Seconds since the epoch; null: not known. */
  readonly at: number | null;
  /** Why the stack discards the packet behind ingress; null: it does not. */
  readonly discarded: string | null;
}

interface PathResult {
  /** In some state the packet gets through all chains. */
  accepted: boolean;
  /** Why it dies in the stack in some state. */
  lost: string | null;
}

const noOutcomes = (trace: TraceEvent[] | null, through: boolean): Outcomes => ({
  drops: new Set(),
  passes: new Map(),
  unknown: new Set(),
  doubts: [],
  trace,
  through,
  refined: 0,
});

/** After PREROUTING: to this host, through it, or nowhere. `lost` is neutral in the join, so it is claimed for sure cases only. */
function route(env: PathEnvironment, facts: HostFacts, view: BaseView, states: number[], out: Outcomes): PathResult {
  const { packet, routing } = view;
  const local = routing.local(packet.daddr);
  const result: PathResult = { accepted: false, lost: martian(packet) };
  const tell = (lost: string | null): void => {
    if (states.length === 0) return;
    out.trace?.push({ kind: 'routed', local: local === Yes ? 'yes' : local === No ? 'no' : 'maybe', lost });
  };
  if (result.lost !== null) {
    tell(result.lost);
    return result;
  }
  const moved = states.filter((state) => changed(state, Changed.daddr));
  const inbound = local === No ? moved : states;
  const onward = local === Yes ? moved : states;
  const ttlKnown = !onward.some((state) => changed(state, Changed.ttl)) && !packet.fragment;
  const forwarding = packet.family === 4 ? facts.forwarding.ip : facts.forwarding.ip6;
  const lost = onward.length === 0 ? null : forwarding === false ? 'not for this host' : notForwarded(packet, ttlKnown);
  tell(lost);
  if (inbound.length > 0 && runHook(env, 'input', view, inbound, out).length > 0) result.accepted = true;
  if (onward.length === 0) return result;
  result.lost = lost;
  if (result.lost !== null) return result;
  const forwarded = runHook(env, 'forward', view, onward, out);
  if (forwarded.length > 0 && runHook(env, 'postrouting', view, forwarded, out).length > 0) result.accepted = true;
  return result;
}

function join(out: Outcomes, path: PathResult): Fate {
  const drops = [...out.drops];
  const on = [...out.unknown].slice(0, 16);
  const [doubt] = out.doubts;
  if (doubt !== undefined) return { kind: 'depends', on, why: doubt };
  const hows = new Set<PassHow>(out.passes.values());
  if (path.accepted) hows.add('accept');
  const [how] = hows;
  if (how === undefined) {
    const [rule] = drops;
    if (rule !== undefined) return { kind: 'drop', rule, rules: drops };
    return { kind: 'lost', why: path.lost ?? 'discarded', elsewhere: false };
  }
  if (drops.length > 0) return { kind: 'depends', on, why: 'dropped in some states, not in others' };
  const rule = path.accepted ? null : ([...out.passes.keys()][0] ?? null);
  return { kind: 'pass', how: hows.size > 1 ? 'mixed' : how, rule };
}

const ingressDoubt: Fate = { kind: 'depends', on: [], why: 'a netdev ingress chain sees it before the stack does' };

/** A TCP or UDP packet with its whole header: what conntrack can be asked about. */
const isWhole = ({ protocol, l4 }: Packet): boolean =>
  l4 !== null && ((protocol === 6 && l4.length >= 20) || (protocol === 17 && l4.length >= 8));

/** @returns The oracle of this ruleset for frames that arrive on `device`. Building it indexes the sets on first use. */
export function createOracle(ruleset: Ruleset, facts: HostFacts, device: string, options: OracleOptions = {}): Oracle {
  const environments = {
    4: environment(ruleset, 4, device, options.linear ?? false),
    6: environment(ruleset, 6, device, options.linear ?? false),
  };
  const mac = facts.devices.find(({ name }) => name === device)?.mac ?? null;
  const routing = routeOf(facts);
  const setTest = indexSets(ruleset, changingSets(ruleset));
  const learns = learningSets(ruleset);
  const flowtable = usesFlowtable(ruleset);
  const longLists = new WeakMap<object, AddressTest>();
  const longList: View['longList'] = (ranges) => {
    let test = longLists.get(ranges);
    if (test === undefined)
      longLists.set(ranges, (test = indexAddresses(ranges, { nomatch: null, timeout: null }, null, null)));
    return test;
  };

  const rules = connectionRules(ruleset);
  const statesOf = (packet: Packet, tracking: Tracking): readonly CtState[] | null => {
    if (tracking === 'open') return null;
    if (tracking !== 'none') return [tracking];
    if (rules.hidden || !isWhole(packet)) return null;
    return rules.notrack ? [...statesOfFirst(packet), 'UNTRACKED'] : statesOfFirst(packet);
  };
  /** Its way in any of these states; what comes of it is added to `out`. */
  const walkAmong = (
    packet: Packet,
    ctStates: readonly CtState[] | null,
    { tracking, at, discarded }: FateRequest,
    out: Outcomes,
  ): PathResult => {
    const env = environments[packet.family];
    const connected = ctStates === null || tracking === 'ESTABLISHED' || tracking === 'RELATED';
    const view: BaseView = { packet, device, routing, setTest, learns, longList, ctStates, connected, at };
    if (flowtable) out.doubts.push('flows in a flowtable skip the chains');
    let states = [0];
    if (hasIngress(env)) states = runHook(env, 'ingress', view, states, out);
    if (discarded !== null) return { accepted: false, lost: states.length > 0 ? discarded : null };
    if (states.length > 0) states = runHook(env, 'prerouting', view, states, out);
    return route(env, facts, view, states, out);
  };
  const fateOf = (packet: Packet, trace: TraceEvent[] | null, request: FateRequest, through = false): Fate => {
    const ctStates = statesOf(packet, request.tracking);
    const out = noOutcomes(trace, through);
    const fate = join(out, walkAmong(packet, ctStates, request, out));
    if (fate.kind !== 'depends' || ctStates === null || ctStates.length < 2) return fate;
    // It is in one of them all the way: what none of two rules drops alone they may drop together.
    const each = noOutcomes(null, through);
    const paths = ctStates.map((state) => walkAmong(packet, [state], request, each));
    const lost = paths.find((path) => path.lost !== null)?.lost ?? null;
    const refined = join(each, { accepted: paths.some(({ accepted }) => accepted), lost });
    return refined.kind === 'depends' ? fate : refined;
  };

  /** What comes of the frame by a way through the chains; `decide` walks that, for a packet that the stack may then discard. */
  const received = (
    frame: Uint8Array,
    hidden: ReadonlySet<LinkField>,
    decide: (packet: Packet, discarded: string | null) => Fate,
  ): Fate => {
    const reception = decodeFrame(frame, mac, hidden, options.vlan);
    if (reception.kind === 'packet') return decide(reception.packet, null);
    const { why, elsewhere, atIngress } = reception;
    if (!hasIngress(environments[4])) return { kind: 'lost', why, elsewhere };
    return atIngress === null ? ingressDoubt : decide(atIngress, why);
  };

  const hiding = (hidden: ReadonlySet<LinkField>): Oracle => ({
    hiding,
    fate: (frame, trace, untracked = false, at) => {
      const request = { tracking: untracked ? 'none' : 'open', at: at === undefined ? null : at / 1000 } as const;
      return received(frame, hidden, (packet, discarded) => fateOf(packet, trace ?? null, { ...request, discarded }));
    },
    walk: (frame, { tracking, at, trace }) => {
      const request = { tracking, at: at === null ? null : at / 1000 };
      const decide = (into: TraceEvent[] | null, through: boolean): Fate =>
        received(frame, hidden, (packet, discarded) => fateOf(packet, into, { ...request, discarded }, through));
      return { fate: decide(null, false), end: decide(trace, true) };
    },
  });
  return hiding(new Set());
}
