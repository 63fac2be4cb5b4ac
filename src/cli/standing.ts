/** Whether the devices still run the programs of a filter; what others have left in these is cleared away with it. */
import { attachmentOf, openMaps } from '../load/attachment.js';
import { withDescriptor } from '../load/descriptor.js';
import { isNativeError, LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { findChainPin, findReplacedPin } from '../load/pins.js';
import { handsTo } from '../load/theirs.js';
import { clearDeadListenersOf } from '../sample/dead-listeners.js';
import type { Standing } from '../watch/filter.js';

function programAtPin(native: NativeApi, pin: string): number | null {
  try {
    return withDescriptor(native, native.openPinned(pin), (fd) => native.programInfo(fd).id);
  } catch (error) {
    if (isNativeError(error)) return null;
    throw error;
  }
}

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

/** @param before Pin of the program that is to get what the filters pass. */
export async function standingOf(
  native: NativeApi,
  { bpffs, before }: { readonly bpffs: string; readonly before?: string },
  own: readonly OwnProgram[],
): Promise<Standing> {
  let unseated: string | null = null;
  const wanted = before === undefined ? null : programAtPin(native, before);
  for (const { name, programId } of own) {
    const attachment = await attachmentOf(native, bpffs, name);
    switch (attachment.kind) {
      case 'attached':
      case 'elsewhere':
        if (attachment.programId !== programId)
          return { kind: 'taken', how: `another run of offload has replaced the filter on ${name}` };
        if (attachment.kind === 'elsewhere') unseated ??= `${name} is gone, or another device now`;
        // Where the pin is gone the filter goes on calling whom it has.
        if (wanted !== null && handsTo(native, bpffs, name) !== wanted) unseated ??= `${before} is another program now`;
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

function severedHow(bpffs: string, device: string): string {
  if (findChainPin(bpffs, device) !== null) return `nobody on ${device} calls the filter any more`;
  return findReplacedPin(bpffs, device) === null ? `${device} is gone` : `the filter is not on ${device} any more`;
}
