/** One run at a time changes the pins under a bpffs, or a state directory. The kernel releases the lock when the process ends, however it ends. */
import { setTimeout } from 'node:timers/promises';
import { pinsRoot } from './bpffs.js';
import { Descriptor } from './descriptor.js';
import { LoadError, explainNative, isNativeError } from './load-error.js';
import type { NativeApi } from './native-api.js';

/** Milliseconds that a run waits for another before it gives up. */
const patience = 10_000;
const interval = 50;

/** Throws LoadError when another run holds the lock for too long. */
export const lockPins = (native: NativeApi, bpffs: string): Promise<Descriptor> =>
  lockDirectory(native, pinsRoot(bpffs));

/** `wait` in milliseconds. Throws LoadError when another run holds the lock for longer. */
export async function lockDirectory(native: NativeApi, directory: string, wait = patience): Promise<Descriptor> {
  for (let waited = 0; ; waited += interval) {
    try {
      return new Descriptor(native, native.lock(directory));
    } catch (error) {
      if (!isNativeError(error) || error.code !== 'EAGAIN') throw explainNative(error, `cannot lock ${directory}`);
      if (waited >= wait) {
        throw new LoadError({
          errno: error.errno,
          step: 'lock',
          message: 'another run of offload is applying or detaching right now; nothing was changed',
          hint: 'try again when it has finished',
          cause: error,
        });
      }
    }
    await setTimeout(interval);
  }
}
