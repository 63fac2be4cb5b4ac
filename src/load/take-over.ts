/**
 * Ours in the place of somebody else's program that is on its device without a link: put there, replaced and given back by netlink, in one step
 * each. Nothing but the device holds ours then: it is told from the pins.
 */
import type { Descriptor } from './descriptor.js';
import { explaining, isNativeError, LoadError } from './load-error.js';
import type { LoadedDevice } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { openProgram, removeSeat, replacedPin } from './pins.js';
import { openHandedTo, type Theirs } from './theirs.js';
import { type LinkState, linkState } from './xdp-on-device.js';

/** XDP_FLAGS_DRV_MODE and XDP_FLAGS_SKB_MODE, linux/if_link.h. */
export const flagsOf = { native: 4, generic: 2 } as const;

type Mode = keyof typeof flagsOf;

export async function takeOver(
  native: NativeApi,
  bpffs: string,
  { device, program }: LoadedDevice,
  mode: Mode,
  theirs: Theirs,
): Promise<void> {
  removeSeat(bpffs, device.name);
  // First the pin: whoever is killed behind it leaves their program on the device, or one whose place is known.
  native.pin(theirs.program.fd, replacedPin(bpffs, device.name, device.ifindex).path);
  try {
    native.netlinkReplace(device.ifindex, program.fd, theirs.program.fd, flagsOf[mode]);
  } catch (error) {
    removeSeat(bpffs, device.name);
    if (!isNativeError(error) || error.code !== 'EBUSY') throw error;
    throw new LoadError({
      errno: error.errno,
      step: error.step,
      message: `a link holds program ${theirs.id} "${theirs.name}" on ${device.name}: the filter cannot take its place`,
      hint: 'who holds the link must let go of it first; with the program merely pinned, --before attaches the filter and calls it',
      cause: error,
    });
  }
}

/** Our next version. Returns the one before, open. */
export function replaceWithoutLink(
  native: NativeApi,
  bpffs: string,
  { device, program }: LoadedDevice,
  { oldId, mode }: { readonly oldId: number; readonly mode: Mode },
): Descriptor {
  const old = openProgram(native, bpffs, device.name, oldId);
  try {
    native.netlinkReplace(device.ifindex, program.fd, old.fd, flagsOf[mode]);
    return old;
  } catch (error) {
    old.close();
    throw error;
  }
}

/**
 * Gives the device back to the program that ours hands packets to, or to nobody where that has been taken out. Throws LoadError, having changed
 * nothing, where ours is not on it.
 */
export async function giveBack(native: NativeApi, bpffs: string, device: string): Promise<void> {
  await explaining(`cannot give ${device} back`, () => {
    const state = linkState(device);
    if (!isOnDevice(state)) throw new Error('bug: nothing of ours is there to be taken off');
    const { ifindex, xdp } = state;
    const theirs = openHandedTo(native, bpffs, device);
    const ours = openProgram(native, bpffs, device, xdp.programId);
    try {
      native.netlinkReplace(ifindex, theirs?.fd ?? -1, ours.fd, flagsOf[xdp.mode === 'generic' ? 'generic' : 'native']);
    } finally {
      ours.close();
      theirs?.close();
    }
  });
}

const isOnDevice = (state: LinkState | null): state is LinkState & { readonly xdp: object } =>
  state !== null && state.xdp !== null;
