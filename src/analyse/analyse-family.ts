/**
 * One family's way through netfilter as raw steps: prerouting, then input or forward.
 *
 * Input or forward is decided by the destination address where nothing can change it. With NAT on the host a tracked packet's
 * destination may be anything after prerouting, so a packet is dropped only if both courses drop it whatever its
 * destination: the forward chains are walked first, and "drop" there means "ask the input chains too".
 */
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import type { RuleId, Ruleset } from '../model/ruleset.js';
import type { CtState } from '../model/match.js';
import { changedSets } from './changed-sets.js';
import { hidesConnections, untrackedStates } from './connection-state.js';
import type { Context } from './context.js';
import type { Label, RawOutcome, Walk } from './flatten.js';
import { walkBaseChain } from './flatten.js';
import type { HostSets } from './host-sets.js';
import { hostSets } from './host-sets.js';
import type { Conj } from './logic.js';
import { chainsAt, hasNat, tablesOf } from './path.js';
import type { SetValueCache } from './set-values.js';

/** NF_IP_PRI_CONNTRACK, NF_IP_PRI_NAT_DST (include/uapi/linux/netfilter_ipv4.h). */
const conntrackPriority = -200;
const dstnatPriority = -100;

export interface AnalysisOptions {
  readonly devices: readonly string[];
  readonly facts: HostFacts | null;
  readonly strict: boolean;
  /** XDP can ask conntrack for a packet's connection. */
  readonly conntrack: boolean;
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
  /** States of a packet that conntrack does not know; null where XDP cannot ask. */
  readonly untracked: readonly CtState[] | null;
}

export function analyseFamily(
  ruleset: Ruleset,
  family: AddressFamily,
  setValues: SetValueCache,
  options: AnalysisOptions,
): FamilyAnalysis {
  const { devices, facts, strict } = options;
  const walk: Walk = { steps: [], occurrences: new Map(), findings: new Map(), visited: 0 };
  const host = hostSets(facts, family);
  const context: Context = {
    family,
    hook: 'prerouting',
    devices,
    sets: ruleset.sets,
    changedSets: changedSets(ruleset),
    setValues,
    host,
    untrackedStates: null,
    destinationRewritten: false,
  };
  const nat = hasNat(ruleset, family);
  const asks = options.conntrack && !hidesConnections(ruleset);
  const untracked = asks ? untrackedStates(tablesOf(ruleset, family), family) : null;
  const walker: Walker = { walk, context, ruleset, strict, nat, untracked };
  walkHook(walker, 'prerouting', { kind: 'drop' }, []);
  // A reply's destination may have been translated: without a connection it has not, unless by a rule walked above.
  if (untracked && nat) walk.steps.push({ when: [], outcome: { kind: 'ask' }, rule: routing });
  const forwarding = facts ? facts.forwarding[family === 4 ? 'ip' : 'ip6'] : null;
  if (forwarding === false) walkHook(walker, 'input', { kind: 'drop' }, []);
  else if (nat && !untracked) walkBothCourses(walker);
  else walkByDestination(walker);
  return { family, walk, nat, host };
}

function walkHook(walker: Walker, hook: 'prerouting' | 'input' | 'forward', drop: RawOutcome, section: Conj): void {
  const { walk, nat, strict, untracked } = walker;
  let asked = false;
  for (const { table, chain } of chainsAt(walker.ruleset, walker.context.family, hook)) {
    const isNat = chain.type === 'nat';
    const afterConntrack = hook !== 'prerouting' || chain.priority >= conntrackPriority;
    const afterDnat = hook !== 'prerouting' || chain.priority >= dstnatPriority;
    if (strict && untracked && afterConntrack && !asked) {
      walk.steps.push({ when: [], outcome: { kind: 'ask' }, rule: routing });
      asked = true;
    }
    walkBaseChain(walk, table, chain, {
      context: {
        ...walker.context,
        hook,
        untrackedStates: afterConntrack ? untracked : null,
        destinationRewritten: nat && afterDnat && !untracked,
      },
      drop,
      section,
      // NAT chains see the first packet of a connection only.
      drops: !isNat && !(strict && afterConntrack && !untracked),
      noDropsWhy: { code: isNat ? 'nat' : 'strict', detail: '' },
    });
  }
}

function walkByDestination(walker: Walker): void {
  const { walk, context } = walker;
  const delivered = context.host.get('delivered', 'daddr');
  const forward: Label = { at: -1 };
  const ambiguous = (context.host.ranges('ambiguous')?.count ?? 0) > 0;
  if (ambiguous) {
    walk.steps.push({
      when: [{ set: context.host.get('ambiguous', 'daddr'), negate: false }],
      outcome: { kind: 'pass' },
      rule: routing,
    });
  }
  walk.steps.push({ when: [{ set: delivered, negate: true }], outcome: { kind: 'skip', to: forward }, rule: routing });
  // An ambiguous destination may be delivered as well: then INPUT sees more than the delivered ones.
  walkHook(walker, 'input', { kind: 'drop' }, ambiguous ? [] : [{ set: delivered, negate: false }]);
  walk.steps.push({ when: [], outcome: { kind: 'pass' }, rule: routing });
  forward.at = walk.steps.length;
  walkHook(walker, 'forward', { kind: 'drop' }, [{ set: delivered, negate: true }]);
}

function walkBothCourses(walker: Walker): void {
  const { walk } = walker;
  const input: Label = { at: -1 };
  walkHook(walker, 'forward', { kind: 'skip', to: input }, []);
  walk.steps.push({ when: [], outcome: { kind: 'pass' }, rule: routing });
  input.at = walk.steps.length;
  walkHook(walker, 'input', { kind: 'drop' }, []);
}
