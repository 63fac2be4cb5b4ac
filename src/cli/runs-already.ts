/** `--if-changed`: whether what would be attached runs on all of its devices already, asked of the kernel and of what was recorded then. */
import { attachmentOf } from '../load/attachment.js';
import { readBpfObject } from '../load/bpf-object.js';
import { loadNative } from '../load/native.js';
import { handsTo, openTheirs } from '../load/theirs.js';
import type { HostFacts } from '../model/host.js';
import { residualTexts } from '../residual/residual-texts.js';
import { type Fingerprint, fingerprintOf, isSameFilter } from '../state/fingerprint.js';
import { readInstall } from '../state/install.js';
import { readRecord } from '../state/journal.js';
import { areInstalled, swapsOf } from '../state/swap.js';
import type { Inputs } from './inputs.js';
import type { InstallOptions } from './install.js';
import type { Planned } from './pipeline.js';

/** Errs to false. Throws LoadError where the pins cannot be read. */
export async function runsAlready(
  planned: Planned,
  { facts, live }: Inputs,
  { bpffs, state, mode, chain, before, installResidual }: InstallOptions,
): Promise<boolean> {
  const install = readInstall(state);
  // What is not confirmed may be undone at any moment.
  if (install?.confirm) return false;
  const swaps = installResidual && live !== null ? swapsOf(live, residualTexts(planned.plan)) : [];
  if (!areInstalled(swaps, install?.swaps ?? [])) return false;
  if (facts === null) return false;
  const wanted = plannedFingerprint(planned, facts);
  for (const device of planned.plan.devices) {
    const attachment = await attachmentOf(loadNative(), bpffs, device);
    if (attachment.kind !== 'attached') return false;
    const isCalled = attachment.seat.kind === 'chain';
    if (isCalled !== (chain !== undefined) || (!isCalled && attachment.mode !== mode)) return false;
    if (!(await isHandedOnTo(bpffs, device, before))) return false;
    const record = readRecord(state, device, attachment.programId);
    if (record?.madeOf === undefined || !isSameFilter(record.madeOf, wanted)) return false;
  }
  return true;
}

async function isHandedOnTo(bpffs: string, device: string, before: string | undefined): Promise<boolean> {
  const native = loadNative();
  const to = handsTo(native, bpffs, device);
  if (before === undefined) return to === null;
  const { id, program } = await openTheirs(native, before);
  program.close();
  return to === id;
}

export function plannedFingerprint({ plan, image }: Planned, facts: HostFacts): Fingerprint {
  const links = plan.devices.map((name) => {
    const device = facts.devices.find((one) => one.name === name);
    const { mac = 0, vlan, ifindex } = device ?? {};
    return vlan === undefined ? mac : { mac, vlan, ifindex };
  });
  return fingerprintOf(plan, image, links, readBpfObject(image.asksConntrack));
}
