/** A loaded program against the ruleset and against the plan's steps: before attaching, and for `offload verify`. */
import type { HostFacts, VlanTag } from '../model/host.js';
import type { RuleId } from '../model/ruleset.js';
import { describeFrame } from '../oracle/describe-frame.js';
import type { FrameBatch } from '../oracle/frame-batch.js';
import type { Plan } from '../plan/plan.js';
import type { Atom } from '../plan/program.js';
import { printable } from '../report/printable.js';
import { counted } from '../report/quantity.js';
import type { Coverage } from '../verify/coverage.js';
import { routeBack } from '../simulate/route-back.js';
import { FidelityCheck, type Miscount, type UnfaithfulFrame } from '../verify/fidelity.js';
import { verifyProgram, type Decision, type Verification } from '../verify/verify.js';
import { CommandError, exitCodes } from './exit-code.js';
import type { Progress } from './progress.js';

export interface VerifiedDevice {
  readonly name: string;
  readonly mac: number;
  readonly position: number;
  /** A VLAN device whose frames arrive with this tag. */
  readonly vlan?: VlanTag;
}

export interface ProgramOnDevice {
  readonly plan: Plan;
  readonly facts: HostFacts;
  readonly asksConntrack: boolean;
  readonly device: VerifiedDevice;
  readonly run: (frames: FrameBatch) => Promise<Uint8Array>;
  /** Packets that each counter has counted. */
  readonly counters: () => Float64Array;
  readonly progress: Progress;
  /** Rules that frames are made for; of more, so many, spread evenly. */
  readonly rules?: number;
}

/** Differences that a refusal shows. */
const shownDifferences = 3;

/**
 * @param coverage Is told what the frames reach, and the steps are compared however many they are; without it only where that takes no longer
 *   than the rest.
 * @param consequence What follows from a difference.
 *
 * Throws CommandError (exit 4) that describes the first differences.
 */
export async function checkProgram(
  program: ProgramOnDevice,
  coverage: Coverage | null,
  consequence: string,
): Promise<Verification> {
  const { plan, facts, device, progress, asksConntrack: conntrack } = program;
  const compared = coverage !== null || isShort(plan);
  const fidelity = compared
    ? new FidelityCheck(plan.prefilter, { ...device, routeBack: routeBack(facts, device.name) }, coverage)
    : null;
  const before = fidelity === null ? null : program.counters();
  const verification = await verifyProgram({
    ruleset: plan.ruleset,
    facts,
    device: device.name,
    ...(device.vlan && { vlan: device.vlan }),
    decisions: new Map<RuleId, Decision>(plan.rules.map(({ id, offload }) => [id, offload])),
    conntrack,
    ...(program.rules !== undefined && { frames: { rules: program.rules } }),
    run: fidelity === null ? program.run : (batch) => fidelity.run(batch, program.run),
    now: Date.now,
    progress: (done) => {
      progress.stage(`verifying on ${device.name}: ${counted(done, 'frame')}`);
    },
  });
  const miscounts = before === null ? [] : (fidelity?.miscounts(before, program.counters()) ?? []);
  const total = verification.unsound + verification.leaks + (fidelity?.unfaithful ?? 0) + miscounts.length;
  if (total === 0) return verification;
  const lines = [
    ...verification.differences.map(({ description }) => description),
    ...(fidelity?.frames ?? []).map((frame) => describeUnfaithful(frame, device)),
    ...miscounts.map((miscount) => describeMiscount(miscount, plan)),
  ];
  throw new CommandError(
    exitCodes.refused,
    `the loaded program is not what the ruleset says for ${device.name}: ${counted(total, 'difference')} in ` +
      `${counted(verification.frames, 'frame')}. ${consequence}\n` +
      `This is a bug in offload; please report it with these lines:\n${lines.slice(0, shownDifferences).join('\n')}`,
  );
}

function entriesOf(atom: Atom): number {
  if (atom.kind === 'tuples') return atom.count;
  if (atom.kind === 'macs') return atom.addresses.length;
  return atom.kind === 'values' ? atom.ranges.length : atom.ranges.count;
}

/** Steps are asked one after the other, and entries are sorted first: what that takes grows with both. */
function isShort({ prefilter: { ip, ip6 } }: Plan): boolean {
  const entries = [...ip.atoms, ...ip6.atoms].reduce((sum, atom) => sum + entriesOf(atom), 0);
  return ip.steps.length + ip6.steps.length <= 200 && entries <= 50_000;
}

const describeUnfaithful = (
  { frame, origin, verdict, expected }: UnfaithfulFrame,
  { mac, vlan }: VerifiedDevice,
): string =>
  `unfaithful: ${describeFrame(frame, mac, vlan)}\n  built for: ${printable(origin)}\n` +
  `  the plan's steps say ${expected}, the program answers ${verdict} (1 is drop, 2 is pass)\n` +
  `  bytes:     ${Buffer.from(frame.subarray(0, 128)).toString('hex')}`;

function describeMiscount({ counter, counted: n, expected }: Miscount, plan: Plan): string {
  const rule = plan.counterOwner(counter)?.rule ?? `counter ${counter}`;
  return `miscounted: ${printable(rule)} counted ${counted(n, 'packet')}, not ${expected}`;
}
