/**
 * One family's way through netfilter as raw steps: prerouting, then input or forward.
 *
 * Input or forward is decided by the destination address where nothing can change it. With NAT on the host a tracked packet's
 * destination may be anything after prerouting, so a packet is dropped only if both courses drop it whatever its
 * destination: the forward chains are walked first, and "drop" there means "ask the input chains too".
 */
import type { AddressFamily } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { HostFacts } from '../model/host.js';
import type { Field } from '../model/field.js';
import type { Hook, RuleId, Ruleset } from '../model/ruleset.js';
import type { CtState } from '../model/match.js';
import { changedSets } from './changed-sets.js';
import { bypassesChains, hidesConnections, untrackedStates } from './connection-state.js';
import type { Context } from './context.js';
import type { ChainWalk } from './flatten.js';
import { walkBaseChain } from './flatten.js';
import type { HostSets } from './host-sets.js';
import { hostSets } from './host-sets.js';
import type { Conj } from './logic.js';
import { TRUE } from './logic.js';
import { chainsAt, hasNat, tablesOf } from './path.js';
import { Marks, testedBits } from './marks.js';
import { routesUnasked } from './reverse-path.js';
import type { SetValueCache } from './set-values.js';
import { fewestForTuples, takenBothWays } from './run-as-one.js';
import { askAll, emit, emptyWalk, land, settle, type Label, type RawOutcome, type Walk } from './walk.js';

/** NF_IP_PRI_CONNTRACK, NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC (include/uapi/linux/netfilter_ipv4.h). */
const conntrackPriority = -200;
const dstnatPriority = -100;
const srcnatPriority = 100;

/** Sources of replies are restored where packets leave: at the end of INPUT, or behind FORWARD. */
const rewrittenAt = (hook: Hook, priority: number): readonly Field[] =>
  hook === 'input' && priority >= srcnatPriority ? ['daddr', 'dport', 'saddr', 'sport'] : ['daddr', 'dport'];

export interface AnalysisOptions {
  readonly devices: readonly string[];
  readonly facts: HostFacts | null;
  readonly strict: boolean;
  /** XDP can ask conntrack for a packet's connection. */
  readonly conntrack: boolean;
  /** Runs that are to be taken rule by rule. */
  readonly split?: ReadonlySet<AddressRun>;
  /** Rules in a row that differ in several fields, from so many on, are taken as one. */
  readonly tuplesFrom?: number;
  /** Such that drop nothing in XDP are, where they are more than so many. */
  readonly guardsFrom?: number;
  /** More steps are not taken: behind so many, runs need not be gone through rule by rule (`Walk.runs.beyond`). */
  readonly enough?: number;
}

export interface FamilyAnalysis {
  readonly family: AddressFamily;
  readonly walk: Walk;
  readonly nat: boolean;
  readonly host: HostSets;
}

/** The step that sends foreign destinations to the forward chains, and its like, belong to no rule. */
export const routing = 'routing' as RuleId;

interface Walker {
  readonly walk: Walk;
  readonly context: Context;
  readonly ruleset: Ruleset;
  readonly strict: boolean;
  readonly nat: boolean;
  /** Packets of some tracked flows meet no chain at all, and XDP cannot ask which. */
  readonly bypassed: boolean;
  /** States of a packet that conntrack does not know; null where XDP cannot ask. */
  readonly untracked: readonly CtState[] | null;
}

/** Again, where runs of rules turn out not to be one rule everywhere. */
export function analyseFamily(
  ruleset: Ruleset,
  family: AddressFamily,
  setValues: SetValueCache,
  options: AnalysisOptions,
): FamilyAnalysis {
  const split = new Set(options.split);
  for (;;) {
    const analysis = walkFamily(ruleset, family, setValues, { ...options, split });
    const mixed = takenBothWays(analysis.walk);
    if (mixed.length === 0) return analysis;
    for (const run of mixed) split.add(run);
  }
}

function walkFamily(
  ruleset: Ruleset,
  family: AddressFamily,
  setValues: SetValueCache,
  options: AnalysisOptions,
): FamilyAnalysis {
  const { devices, facts, strict } = options;
  const { split = new Set(), tuplesFrom = fewestForTuples } = options;
  const { guardsFrom = Infinity, enough = Infinity } = options;
  const walk = emptyWalk({ split, tuplesFrom, guardsFrom, enough });
  const host = hostSets(facts, family);
  const context: Context = {
    family,
    hook: 'prerouting',
    devices,
    sets: ruleset.sets,
    changedSets: changedSets(ruleset),
    setValues,
    host,
    routesUnasked: routesUnasked(facts, family),
    marks: new Marks(testedBits(ruleset)),
    marksSurely: true,
    untrackedStates: null,
    destinationRewritten: false,
    repliesRewritten: [],
  };
  const nat = hasNat(ruleset, family);
  const asks = options.conntrack && !hidesConnections(ruleset);
  const untracked = asks ? untrackedStates(tablesOf(ruleset, family)) : null;
  const bypass = bypassesChains(tablesOf(ruleset, family));
  const walker: Walker = { walk, context, ruleset, strict, nat, bypassed: bypass && !untracked, untracked };
  if (untracked && bypass) askAll(walk, routing);
  walkHook(walker, 'ingress', { kind: 'drop' }, []);
  walkHook(walker, 'prerouting', { kind: 'drop' }, []);
  // A reply's destination may have been translated: without a connection it has not, unless by a rule walked above.
  if (untracked && nat) askAll(walk, routing);
  const forwarding = facts ? facts.forwarding[family === 4 ? 'ip' : 'ip6'] : null;
  if (forwarding === false) walkHook(walker, 'input', { kind: 'drop' }, []);
  else if (nat && !untracked) walkBothCourses(walker);
  else walkByDestination(walker);
  settle(walk);
  return { family, walk, nat, host };
}

function walkHook(
  walker: Walker,
  hook: 'ingress' | 'prerouting' | 'input' | 'forward',
  drop: RawOutcome,
  section: Conj,
): void {
  const { walk, nat, strict, bypassed, untracked } = walker;
  let asked = false;
  const chains = chainsAt(walker.ruleset, walker.context.family, hook, walker.context.devices);
  chains.forEach(({ table, chain }, at) => {
    const isNat = chain.type === 'nat';
    const early = hook === 'prerouting' || hook === 'ingress';
    const afterConntrack = !early || (hook === 'prerouting' && chain.priority >= conntrackPriority);
    const afterDnat = !early || (hook === 'prerouting' && chain.priority >= dstnatPriority);
    // An ingress chain of some of the covered devices only: its drops are not taken; its guards stand for all.
    const everywhere = hook !== 'ingress' || walker.context.devices.every((name) => chain.devices.includes(name));
    // A later prerouting chain sees a reply's destination as NAT has restored it, XDP as it was on the wire.
    const restored = nat && afterDnat && !isNat && hook === 'prerouting';
    if (untracked && !asked && ((strict && afterConntrack) || restored)) {
      askAll(walk, routing);
      asked = true;
    }
    // They are in order of priority.
    const alone = ![chains[at - 1], chains[at + 1]].some((one) => one?.chain.priority === chain.priority);
    const options: ChainWalk = {
      context: {
        ...walker.context,
        hook,
        // NAT chains see some packets only; of chains of one priority nobody knows which comes first.
        marksSurely: walker.context.marksSurely && !isNat && everywhere && alone,
        untrackedStates: afterConntrack ? untracked : null,
        destinationRewritten: nat && afterDnat && !untracked,
        repliesRewritten: nat && afterDnat && untracked !== null ? rewrittenAt(hook, chain.priority) : [],
      },
      drop,
      section,
      // NAT chains see the first packet of a connection only.
      drops: !isNat && !bypassed && everywhere && !(strict && afterConntrack && !untracked),
      noDropsWhy: { code: isNat || bypassed ? 'nat' : 'strict', detail: '' },
    };
    // Of equal priority the kernel calls what was registered last first (Linux 6.18), and a dump does not tell which that is.
    if (chain.priority !== chains[at - 1]?.chain.priority) {
      const guards: Walk = { ...walk, occurrences: new Map(), findings: new Map() };
      for (let next = at + 1; chains[next]?.chain.priority === chain.priority; next++) {
        const other = chains[next]!;
        walkBaseChain(guards, other.table, other.chain, { ...options, drops: false });
      }
    }
    walkBaseChain(walk, table, chain, options);
  });
}

function walkByDestination(walker: Walker): void {
  const { walk, context } = walker;
  const delivered = context.host.get('delivered', 'daddr');
  const forward: Label = { at: -1 };
  const ambiguous = (context.host.ranges('ambiguous')?.count ?? 0) > 0;
  if (ambiguous) {
    const either: Conj = [{ set: context.host.get('ambiguous', 'daddr'), negate: false }];
    emit(walk, [either], { kind: 'pass' }, routing);
  }
  emit(walk, [[{ set: delivered, negate: true }]], { kind: 'skip', to: forward }, routing);
  // An ambiguous destination may be delivered as well: then INPUT sees more than the delivered ones.
  walkHook(walker, 'input', { kind: 'drop' }, ambiguous ? [] : [{ set: delivered, negate: false }]);
  emit(walk, TRUE, { kind: 'pass' }, routing);
  land(walk, forward);
  walkHook(walker, 'forward', { kind: 'drop' }, [{ set: delivered, negate: true }]);
}

function walkBothCourses(walker: Walker): void {
  const { walk } = walker;
  const input: Label = { at: -1 };
  // A packet takes one of the courses: what the first does to its mark it has not met on the second.
  const first = { ...walker, context: { ...walker.context, marksSurely: false } };
  walkHook(first, 'forward', { kind: 'skip', to: input }, []);
  emit(walk, TRUE, { kind: 'pass' }, routing);
  land(walk, input);
  walkHook(walker, 'input', { kind: 'drop' }, []);
}
