/** A capture against a plan, batch by batch. */
import type { CapturedPacket } from '../capture/captured-packet.js';
import type { HostFacts, VlanTag } from '../model/host.js';
import type { RuleId } from '../model/ruleset.js';
import { packFrames, type FrameBatch } from '../oracle/frame-batch.js';
import { createOracle } from '../oracle/oracle.js';
import type { Plan } from '../plan/plan.js';
import { routeBack } from '../simulate/route-back.js';
import { createSimulation } from '../simulate/simulation.js';
import { XDP_DROP, XDP_PASS, type Decision } from '../verify/verify.js';
import { judgePacket, type Judge, type JudgedPacket, type SeenPacket } from './judge-packet.js';
import { assumedMac } from './unknown-host.js';

export interface ReplayRequest {
  readonly plan: Plan;
  readonly facts: HostFacts;
  /** One of the plan's devices: the packets arrive on it. */
  readonly device: string;
  /** It is a VLAN device, and the capture was taken on the device it stands on. */
  readonly vlan?: VlanTag;
  /** Engine kernel: the verdicts of the loaded program on these frames. */
  readonly run?: (frames: FrameBatch) => Promise<Uint8Array>;
}

export interface ReplayedPacket {
  readonly judged: JudgedPacket;
  /** Engine kernel, for a packet that has been run. `hidden`: what it does turns on a header that was made up. */
  readonly kernel: 'drop' | 'pass' | 'hidden' | null;
  /** Engine kernel: what the loaded program must have counted the packet with. */
  readonly counter: number | null;
  /** The rule whose counter XDP counts the drop with; null when it passes. Engine kernel: when the loaded program passes. */
  readonly droppedBy: RuleId | null;
  /** `unfaithful`: the loaded program does not do what the plan's steps say. */
  readonly difference: 'unsound' | 'leak' | 'unfaithful' | null;
}

/** BPF_PROG_TEST_RUN takes frames of these sizes, bytes. */
const runnable = { least: 14, most: 65_549 } as const;

/**
 * Second since the epoch at which every packet counts as arriving: when the first of the sets with a timeout was dumped, so that all their
 * elements are there, whenever the capture is of. Null: none is known to expire.
 */
export function replayedAt({ ruleset }: Plan): number | null {
  const dumped = [...ruleset.sets.values()].flatMap((set) =>
    'timeout' in set && set.timeout?.some((left) => left > 0) === true && set.asOf !== undefined ? [set.asOf] : [],
  );
  return dumped.length === 0 ? null : Math.min(...dumped);
}

export function judgeOf({ plan, facts, device, vlan, run }: ReplayRequest): Judge {
  const second = replayedAt(plan);
  const clock: Judge['clock'] = () => second;
  const mac = facts.devices.find(({ name }) => name === device)?.mac ?? assumedMac;
  const simulated = {
    mac,
    position: plan.devices.indexOf(device),
    ...(vlan && { vlan }),
    // A program that is loaded for the replay stands on no device, and is told nothing of routes.
    ...(run === undefined && { routeBack: routeBack(facts, device) }),
  };
  return {
    oracle: createOracle(plan.ruleset, facts, device, vlan === undefined ? {} : { vlan }),
    simulation: createSimulation(plan.prefilter, simulated, clock),
    decisions: new Map<RuleId, Decision>(plan.rules.map(({ id, offload }) => [id, offload])),
    mac,
    clock,
    takeAll: facts.localRoutes === null || !facts.devices.some(({ name }) => name === device),
  };
}

/** The owners of counters, looked up once each. */
function counterRules(plan: Plan): (counter: number) => RuleId {
  const known: (RuleId | undefined)[] = [];
  return (counter) => {
    const rule = (known[counter] ??= plan.counterOwner(counter)?.rule);
    if (rule === undefined) throw new Error(`bug: counter ${counter} belongs to no rule`);
    return rule;
  };
}

/** Rejects only where `run` or `batches` do. */
export async function* replay(
  request: ReplayRequest,
  batches: AsyncIterable<readonly CapturedPacket[]>,
): AsyncGenerator<readonly ReplayedPacket[]> {
  const judge = judgeOf(request);
  const ruleOf = counterRules(request.plan);
  for await (const packets of batches) {
    const judged = packets.map((packet) => judgePacket(judge, packet));
    const verdicts = request.run === undefined ? null : await runAll(request.run, judged);
    yield judged.map((one): ReplayedPacket => {
      if (one.kind === 'unseen') return { judged: one, kernel: null, counter: null, droppedBy: null, difference: null };
      const { prefilter, asMade, difference } = one;
      const verdict = verdicts?.get(one) ?? null;
      if (verdict === null) {
        const droppedBy = prefilter.verdict === 'pass' ? null : ruleOf(prefilter.counter);
        return { judged: one, kernel: null, counter: null, droppedBy, difference };
      }
      const counter = verdict === XDP_DROP && asMade.verdict !== 'pass' ? asMade.counter : null;
      const isHidden = prefilter.verdict === 'pass' && prefilter.reason === 'hidden';
      return {
        judged: one,
        kernel: isHidden ? 'hidden' : verdict === XDP_DROP ? 'drop' : 'pass',
        counter,
        droppedBy: isHidden || counter === null ? null : ruleOf(counter),
        difference: isFaithful(one, verdict) ? difference : 'unfaithful',
      };
    });
  }
}

/** A packet that conntrack is asked about may pass or not. */
const isFaithful = ({ asMade }: SeenPacket, verdict: number): boolean =>
  asMade.verdict === 'ask'
    ? verdict === XDP_DROP || verdict === XDP_PASS
    : verdict === (asMade.verdict === 'drop' ? XDP_DROP : XDP_PASS);

async function runAll(
  run: (frames: FrameBatch) => Promise<Uint8Array>,
  judged: readonly JudgedPacket[],
): Promise<ReadonlyMap<JudgedPacket, number>> {
  const seen = judged.filter(
    (one): one is SeenPacket =>
      one.kind === 'seen' && one.frame.length >= runnable.least && one.frame.length <= runnable.most,
  );
  if (seen.length === 0) return new Map();
  const verdicts = await run(packFrames(seen.map(({ frame }) => ({ origin: '', frame }))));
  return new Map(seen.map((one, i) => [one, verdicts[i]!]));
}
