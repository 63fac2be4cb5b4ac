/** Whether the devices still run the programs of a filter; what others have left in these is cleared away with it. */
import { attachmentOf, openMaps } from '../load/attachment.js';
import { isNativeError, LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { findChainPin } from '../load/pins.js';
import { clearDeadListenersOf } from '../sample/dead-listeners.js';
import type { Standing } from '../watch/filter.js';

export interface OwnProgram {
  readonly name: string;
  readonly programId: number;
}

/** A listener that was killed leaves its ring for as long as the program runs, which may be months. */
async function clearListeners(native: NativeApi, bpffs: string, { name, programId }: OwnProgram): Promise<void> {
  try {
    const { maps, close } = await openMaps(native, bpffs, name, programId);
    try {
      clearDeadListenersOf(native, maps);
    } finally {
      close();
    }
  } catch (error) {
    // The next one tries again: it is no reason to end.
    if (!(error instanceof LoadError) && !isNativeError(error)) throw error;
  }
}

export async function standingOf(native: NativeApi, bpffs: string, own: readonly OwnProgram[]): Promise<Standing> {
  let unseated: string | null = null;
  for (const { name, programId } of own) {
    const attachment = await attachmentOf(native, bpffs, name);
    switch (attachment.kind) {
      case 'attached':
      case 'elsewhere':
        if (attachment.programId !== programId)
          return { kind: 'taken', how: `another run of offload has replaced the filter on ${name}` };
        if (attachment.kind === 'elsewhere') unseated ??= `${name} is another device now`;
        await clearListeners(native, bpffs, { name, programId });
        break;
      case 'severed':
        unseated ??= severedHow(bpffs, name);
        break;
      case 'none':
        return { kind: 'taken', how: `the filter on ${name} was detached` };
    }
  }
  return unseated === null ? { kind: 'own' } : { kind: 'unseated', how: unseated };
}

const severedHow = (bpffs: string, device: string): string =>
  findChainPin(bpffs, device) === null ? `${device} is gone` : `nobody on ${device} calls the filter any more`;
