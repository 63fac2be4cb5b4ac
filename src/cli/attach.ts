/** From a plan to a running filter: check the host, load, verify, attach, pin, record. Refusals are CommandErrors. */
import { apply, type Journal } from '../load/apply.js';
import type { TargetDevice } from '../load/load-image.js';
import { loadNative } from '../load/native.js';
import type { FrameBatch } from '../load/native-api.js';
import type { HostFacts } from '../model/host.js';
import type { Plan } from '../plan/plan.js';
import { counterRuns, ruleTexts } from '../state/install-record.js';
import { openJournal } from '../state/journal.js';
import { checkProgram } from './check-program.js';
import { CommandError, exitCodes } from './exit-code.js';
import { readPackets } from './loaded-prefilter.js';
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

/** Throws LoadError (exit 3) or CommandError (exit 4); the previous state runs on then. */
export async function attach(
  { plan, image }: Planned,
  facts: HostFacts,
  options: AttachOptions,
  progress: Progress,
): Promise<AttachOutcome> {
  const native = loadNative();
  let frames = 0;
  progress.stage('loading');
  const applied = await apply(native, {
    image,
    devices: plan.devices.map((name, position) => target(facts, name, position)),
    mode: options.mode,
    bpffs: options.bpffs,
    journal: journalOf(plan, options),
    verify: async ({ program, device }, counters) => {
      const { asksConntrack } = image;
      const run = (batch: FrameBatch): Promise<Uint8Array> => native.testRun(program.fd, device.ifindex, batch);
      const read = (): Float64Array => readPackets(native, counters, image);
      const loaded = { plan, facts, asksConntrack, device, run, counters: read, progress };
      frames += (await checkProgram(loaded, null, 'Nothing was attached.')).frames;
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

function journalOf(plan: Plan, { state }: AttachOptions): Journal {
  const counters = counterRuns(plan);
  const texts = ruleTexts(plan, counters);
  const attachedAt = new Date().toISOString();
  const files = plan.inputs.map(({ file }) => file);
  return openJournal(state, ({ device, programId, mode }) => {
    return { version: 1, device: device.name, mode, programId, attachedAt, files, counters, texts };
  });
}
