/** From a plan to a running filter: check the host, load, verify, attach, pin, record. Refusals are CommandErrors. */
import { apply, type Journal } from '../load/apply.js';
import type { TargetDevice } from '../load/load-image.js';
import { loadNative } from '../load/native.js';
import type { NativeApi } from '../load/native-api.js';
import type { HostFacts } from '../model/host.js';
import type { Plan } from '../plan/plan.js';
import { counted } from '../report/quantity.js';
import { counterRuns, ruleTexts } from '../state/install-record.js';
import { openJournal } from '../state/journal.js';
import { verifyProgram } from '../verify/verify.js';
import { CommandError, exitCodes } from './exit-code.js';
import type { Planned } from './pipeline.js';
import type { Progress } from './progress.js';

export interface AttachOptions {
  readonly mode: 'native' | 'generic';
  readonly bpffs: string;
  readonly state: string;
}

export interface AttachOutcome {
  readonly frames: number;
  readonly replaced: boolean;
}

/** Differences that a refusal shows. */
const shownDifferences = 3;

/** Throws LoadError (exit 3) or CommandError (exit 4); the previous state runs on then. */
export async function attach(
  { plan, image }: Planned,
  facts: HostFacts,
  options: AttachOptions,
  progress: Progress,
): Promise<AttachOutcome> {
  const native = loadNative();
  const decisions = new Map(plan.rules.map(({ id, offload }) => [id, offload]));
  let frames = 0;
  progress.stage('loading');
  const applied = await apply(native, {
    image,
    devices: plan.devices.map((name, position) => target(facts, name, position)),
    mode: options.mode,
    bpffs: options.bpffs,
    journal: journalOf(plan, options),
    verify: async (program, device) => {
      frames += await verify(native, program, device, {
        plan,
        facts,
        decisions,
        progress,
        conntrack: image.asksConntrack,
      });
    },
  });
  return { frames, replaced: applied.some(({ replaced }) => replaced) };
}

function target(facts: HostFacts, name: string, position: number): TargetDevice {
  const device = facts.devices.find((one) => one.name === name);
  // The preflight has seen it a moment ago.
  if (device === undefined) throw new CommandError(exitCodes.host, `there is no device ${name} any more`);
  return { name, ifindex: device.ifindex, mac: device.mac, position };
}

interface Verifying {
  readonly plan: Plan;
  readonly facts: HostFacts;
  readonly decisions: ReadonlyMap<Plan['rules'][number]['id'], 'full' | 'partial' | 'none'>;
  readonly progress: Progress;
  readonly conntrack: boolean;
}

/** Number of frames that agreed. */
async function verify(
  native: NativeApi,
  program: number,
  { name, ifindex }: TargetDevice,
  { plan, facts, decisions, progress, conntrack }: Verifying,
): Promise<number> {
  progress.stage(`verifying on ${name}`);
  const { frames, unsound, leaks, differences } = await verifyProgram({
    ruleset: plan.ruleset,
    facts,
    device: name,
    decisions,
    conntrack,
    run: (batch) => native.testRun(program, ifindex, batch),
    now: Date.now,
    progress: (done) => {
      progress.stage(`verifying on ${name}: ${counted(done, 'frame')}`);
    },
  });
  if (unsound + leaks === 0) return frames;
  const shown = differences.slice(0, shownDifferences).map(({ description }) => description);
  const found = `${counted(unsound + leaks, 'difference')} in ${counted(frames, 'frame')}`;
  throw new CommandError(
    exitCodes.refused,
    `the loaded program and the ruleset disagree: ${found}. Nothing was attached.\n` +
      `This is a bug in offload; please report it with these lines:\n${shown.join('\n')}`,
  );
}

function journalOf(plan: Plan, { state }: AttachOptions): Journal {
  const counters = counterRuns(plan);
  const texts = ruleTexts(plan, counters);
  const attachedAt = new Date().toISOString();
  const files = plan.inputs.map(({ file }) => file);
  return openJournal(state, ({ device, programId, mode }) => {
    return { version: 1, device: device.name, mode, programId, attachedAt, files, counters, texts };
  });
}
