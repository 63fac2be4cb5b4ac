/** From a plan to a running filter: check the host, load, verify, attach, pin, record. Refusals are CommandErrors. */
import { placeIn } from '../host/places.js';
import { apply } from '../load/apply.js';
import type { Chain } from '../load/chain.js';
import { type LoadedImage, placeOf, type TargetDevice } from '../load/load-image.js';
import { loadNative } from '../load/native.js';
import type { FrameBatch } from '../load/native-api.js';
import type { HostFacts } from '../model/host.js';
import { carrier } from '../state/carry.js';
import { counterRuns, ruleTexts } from '../state/install-record.js';
import { type OpenJournal, openJournal } from '../state/journal.js';
import { ownProcess } from '../state/process-id.js';
import { checkProgram } from './check-program.js';
import { CommandError, exitCodes } from './exit-code.js';
import { readPackets } from './loaded-prefilter.js';
import type { Planned } from './pipeline.js';
import type { Progress } from './progress.js';
import { openReplaced, type Replaced } from './replaced.js';
import { plannedFingerprint } from './runs-already.js';

/** A filter of a hundred thousand rules would take most of a minute to verify; `offload verify` does it all the same. */
const verifiedRules = 20_000;

export interface AttachOptions {
  readonly mode: 'native' | 'generic';
  readonly bpffs: string;
  readonly state: string;
  readonly chain?: Chain;
  readonly before?: string;
  /** Rules that the verification makes frames for; of more, so many, spread evenly. */
  readonly verifiedRules?: number;
}

/** Told of the loaded program between its verification and its first packet. */
export type Ready = (loaded: LoadedImage) => Promise<void>;

export interface AttachOutcome {
  readonly frames: number;
  readonly replaced: boolean;
}

/** Throws LoadError (exit 3) or CommandError (exit 4); the previous state runs on then. */
export async function attach(
  planned: Planned,
  facts: HostFacts,
  options: AttachOptions,
  progress: Progress,
  ready?: Ready,
): Promise<AttachOutcome> {
  const { plan, image } = planned;
  const native = loadNative();
  const before = await openReplaced(native, plan.devices, options);
  const journal = journalOf(planned, facts, options, before);
  let frames = 0;
  progress.stage('loading');
  try {
    const applied = await apply(native, {
      image,
      devices: plan.devices.map((name, position) => target(facts, options, name, position)),
      mode: options.mode,
      bpffs: options.bpffs,
      ...(options.chain && { chain: options.chain }),
      ...(options.before !== undefined && { before: options.before }),
      journal,
      ...(ready && { ready }),
      verify: async ({ program, device }, counters) => {
        const { asksConntrack } = image;
        const run = (batch: FrameBatch): Promise<Uint8Array> =>
          native.testRun(program.fd, placeOf(device).ifindex, batch);
        const read = (): Float64Array => readPackets(native, counters, image);
        const rules = options.verifiedRules ?? verifiedRules;
        const verified = { ...device, ...(device.through && { vlan: device.through.tag }) };
        const loaded = { plan, facts, asksConntrack, device: verified, run, counters: read, progress, rules };
        frames += (await checkProgram(loaded, null, 'Nothing was attached.')).frames;
      },
    });
    if (before !== null) journal.settle();
    return { frames, replaced: applied.some(({ replaced }) => replaced) };
  } finally {
    before?.close();
  }
}

function target({ devices }: HostFacts, options: AttachOptions, name: string, position: number): TargetDevice {
  const device = devices.find((one) => one.name === name);
  // The preflight has seen it a moment ago.
  if (device === undefined) throw new CommandError(exitCodes.host, `there is no device ${name} any more`);
  const { ifindex, mac, vlan } = device;
  const { at } = placeIn(devices, device, options);
  const own = { name, ifindex, mac, position };
  if (at === device || vlan === undefined) return own;
  return { ...own, through: { name: at.name, ifindex: at.ifindex, tag: vlan.tag } };
}

function journalOf(planned: Planned, facts: HostFacts, { state }: AttachOptions, before: Replaced | null): OpenJournal {
  const { plan } = planned;
  const madeOf = plannedFingerprint(planned, facts);
  const counters = counterRuns(plan);
  const texts = ruleTexts(plan, counters);
  const attachedAt = new Date().toISOString();
  const files = plan.inputs.map(({ file }) => file);
  const carried = carrier(plan.rules);
  return openJournal(state, ({ device, programId, mode }, settled) => {
    const unsettled = settled ? {} : { unsettledBy: ownProcess() };
    const earlier = before === null ? {} : { earlier: carried(before.read()), ...unsettled };
    return { version: 1, device: device.name, mode, programId, attachedAt, files, madeOf, counters, texts, ...earlier };
  });
}
