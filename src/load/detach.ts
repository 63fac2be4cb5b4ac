/** Takes our filter off a device. */
import { existsSync } from 'node:fs';
import { holdsPins, pinsOf, pinsRoot } from './bpffs.js';
import { attachmentOf } from './attachment.js';
import { programAt, takeOut } from './chain.js';
import { withDescriptor } from './descriptor.js';
import { explaining, LoadError } from './load-error.js';
import { lockPins } from './lock.js';
import type { NativeApi } from './native-api.js';
import {
  type ChainPin,
  findChainPin,
  findReplacedPin,
  isPinned,
  linkPin,
  removePins,
  settlePins,
  theirsPin,
} from './pins.js';
import { giveBack } from './take-over.js';

/** `stale`: the device was gone already, only its pins were there. */
export type Detached = 'detached' | 'stale' | 'nothing';

/** Throws LoadError. */
export async function detach(native: NativeApi, bpffs: string, device: string): Promise<Detached> {
  if (!holdsPins(bpffs) || !existsSync(pinsRoot(bpffs))) return 'nothing';
  const lock = await lockPins(native, bpffs);
  try {
    return await detachLocked(native, bpffs, device);
  } finally {
    lock.close();
  }
}

async function detachLocked(native: NativeApi, bpffs: string, device: string): Promise<Detached> {
  const chain = findChainPin(bpffs, device);
  if (chain !== null)
    return explaining(`cannot take the filter of ${device} out`, () => unchain(native, bpffs, device, chain));
  if (findReplacedPin(bpffs, device) !== null) return withoutLink(native, bpffs, device);
  if (!existsSync(linkPin(bpffs, device))) {
    if (existsSync(pinsOf(bpffs, device))) removePins(bpffs, device); // leftovers of a killed run
    return 'nothing';
  }
  return explaining(`cannot detach from ${device}`, () => {
    const attached = withDescriptor(native, native.openPinned(linkPin(bpffs, device)), (link) => {
      const alive = native.linkInfo(link).ifindex !== 0;
      // Unpinning would do it too, but some time later.
      if (alive) native.linkDetach(link);
      if (alive && existsSync(theirsPin(bpffs, device))) native.programsHaveEnded(); // which hand on to whom the pin keeps
      return alive;
    });
    removePins(bpffs, device);
    return attached ? 'detached' : 'stale';
  });
}

/** Gives the device back to the program that was on it before. */
async function withoutLink(native: NativeApi, bpffs: string, device: string): Promise<Detached> {
  settlePins(native, bpffs, device);
  const attachment = await attachmentOf(native, bpffs, device);
  if (attachment.kind === 'elsewhere')
    throw new LoadError({
      errno: 16,
      step: 'read pins',
      message: `the filter of ${device} is on a device of another network namespace, which cannot be given back from here`,
      hint: `run it in that namespace; where that is gone, \`rm -r ${pinsOf(bpffs, device)}\``,
    });
  const ours = attachment.kind === 'attached';
  if (ours) {
    await giveBack(native, bpffs, device);
    native.programsHaveEnded();
  }
  removePins(bpffs, device);
  return ours ? 'detached' : 'stale';
}

/** What stands at our place by now and is not ours stays there. */
function unchain(native: NativeApi, bpffs: string, device: string, { path, index }: ChainPin): Detached {
  const ours = withDescriptor(native, native.openPinned(path), (array) => {
    const programId = programAt(native, array, index);
    if (programId === null || !isPinned(native, bpffs, device, programId)) return false;
    takeOut(native, array, index);
    return true;
  });
  removePins(bpffs, device);
  return ours ? 'detached' : 'stale';
}
