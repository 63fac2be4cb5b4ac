/** Takes our filter off a device. */
import { existsSync } from 'node:fs';
import { holdsPins, pinsOf, pinsRoot } from './bpffs.js';
import { withDescriptor } from './descriptor.js';
import { explaining } from './load-error.js';
import { lockPins } from './lock.js';
import type { NativeApi } from './native-api.js';
import { linkPin, removePins } from './pins.js';

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
  if (!existsSync(linkPin(bpffs, device))) {
    if (existsSync(pinsOf(bpffs, device))) removePins(bpffs, device); // leftovers of a killed run
    return 'nothing';
  }
  return explaining(`cannot detach from ${device}`, () => {
    const attached = withDescriptor(native, native.openPinned(linkPin(bpffs, device)), (link) => {
      const alive = native.linkInfo(link).ifindex !== 0;
      // Unpinning would do it too, but some time later.
      if (alive) native.linkDetach(link);
      return alive;
    });
    removePins(bpffs, device);
    return attached ? 'detached' : 'stale';
  });
}
