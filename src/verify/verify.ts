/** Runs frames from the boundaries of every rule through the loaded program and compares its verdicts with the oracle's. */
import type { HostFacts, VlanTag } from '../model/host.js';
import type { RuleId, Ruleset } from '../model/ruleset.js';
import { boundaryFrames, type BoundaryOptions } from '../oracle/boundary-frames.js';
import type { Fate } from '../oracle/fate.js';
import { frameAt, type FrameBatch } from '../oracle/frame-batch.js';
import { createOracle, type Oracle } from '../oracle/oracle.js';
import { vlanFrames } from '../oracle/vlan-frames.js';
import { describeDifference } from './describe-difference.js';

export const XDP_DROP = 1;
export const XDP_PASS = 2;

export type Decision = 'full' | 'partial' | 'none';

export interface VerifyRequest {
  readonly ruleset: Ruleset;
  readonly facts: HostFacts;
  readonly device: string;
  /** It is a VLAN device, and the program sees frames as they arrive on the device it stands on. */
  readonly vlan?: VlanTag;
  readonly decisions: ReadonlyMap<RuleId, Decision>;
  /** XDP verdict of each frame. */
  readonly run: (frames: FrameBatch) => Promise<Uint8Array> | Uint8Array;
  /** The program asks conntrack before it drops: a drop then needs to be right for packets without a connection only. */
  readonly conntrack?: boolean;
  readonly frames?: BoundaryOptions;
  /** Milliseconds since the epoch: elements expire while the verification runs. */
  readonly now: () => number;
  /** Told after each batch how many frames are done. */
  readonly progress?: (frames: number) => void;
}

export interface Difference {
  readonly kind: 'unsound' | 'leak';
  /** Several lines: the frame, what it was built for, what both sides say and why. */
  readonly description: string;
  readonly frame: Uint8Array;
  /** The rule that the frame was built for, or what else it is. */
  readonly origin: string;
  readonly fate: Fate;
}

export interface Verification {
  readonly frames: number;
  /** Frames by the oracle's answer and by what XDP did with them. */
  readonly outcomes: Readonly<Record<Fate['kind'], { readonly dropped: number; readonly passed: number }>>;
  /** How many there are; `differences` holds the first hundred. */
  readonly unsound: number;
  readonly leaks: number;
  readonly differences: readonly Difference[];
}

const KEPT = 100;

/** Null: the verdict agrees with the oracle. */
export function judge(fate: Fate, verdict: number, decisions: VerifyRequest['decisions']): Difference['kind'] | null {
  if (verdict !== XDP_PASS) {
    if (verdict !== XDP_DROP) return 'unsound';
    return fate.kind === 'drop' || (fate.kind === 'lost' && !fate.elsewhere) ? null : 'unsound';
  }
  if (fate.kind !== 'drop') return null;
  return fate.rules.every((rule) => decisions.get(rule) === 'full') ? 'leak' : null;
}

/** What a verdict has to agree with: a program that asked conntrack and dropped was told that there is no connection. */
function fateFor(oracle: Oracle, frame: Uint8Array, verdict: number, conntrack: boolean, at: number): Fate {
  const fate = oracle.fate(frame, undefined, false, at);
  if (verdict !== XDP_DROP || !conntrack || fate.kind === 'drop' || fate.kind === 'lost') return fate;
  return oracle.fate(frame, undefined, true, at);
}

interface Tally {
  frames: number;
  readonly outcomes: Record<Fate['kind'], { dropped: number; passed: number }>;
  readonly counts: Record<Difference['kind'], number>;
  readonly differences: Difference[];
}

function compareBatch(
  request: VerifyRequest,
  oracle: Oracle,
  batch: FrameBatch,
  verdicts: Uint8Array,
  at: number,
  tally: Tally,
): void {
  batch.origins.forEach((origin, i) => {
    const frame = frameAt(batch, i);
    const verdict = verdicts[i] ?? 0;
    const fate = fateFor(oracle, frame, verdict, request.conntrack ?? false, at);
    tally.frames++;
    tally.outcomes[fate.kind][verdict === XDP_PASS ? 'passed' : 'dropped']++;
    const kind = judge(fate, verdict, request.decisions);
    if (kind === null) return;
    tally.counts[kind]++;
    if (tally.differences.length >= KEPT) return;
    const description = describeDifference({ kind, frame, origin, verdict, fate, oracle, request, at });
    tally.differences.push({ kind, description, frame: frame.slice(), origin, fate });
  });
}

/** Rejects only if `run` does. */
export async function verifyProgram(request: VerifyRequest): Promise<Verification> {
  const { ruleset, facts, device, vlan } = request;
  const oracle = createOracle(ruleset, facts, device, vlan === undefined ? {} : { vlan });
  const frames = boundaryFrames(ruleset, facts, device, request.frames);
  const none = (): { dropped: number; passed: number } => ({ dropped: 0, passed: 0 });
  const tally: Tally = {
    frames: 0,
    outcomes: { drop: none(), pass: none(), lost: none(), depends: none() },
    counts: { unsound: 0, leak: 0 },
    differences: [],
  };
  for (const batch of vlan === undefined ? frames : vlanFrames(frames, vlan)) {
    // What expires during the run was there before it, and the program stops no later than netfilter.
    const before = request.now();
    compareBatch(request, oracle, batch, await request.run(batch), before, tally);
    request.progress?.(tally.frames);
  }
  const { outcomes, counts, differences } = tally;
  return { frames: tally.frames, outcomes, unsound: counts.unsound, leaks: counts.leak, differences };
}
