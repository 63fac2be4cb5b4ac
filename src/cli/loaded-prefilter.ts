/** A plan's program in the kernel, attached to nothing: frames are run through it. */
import type { Image } from '../compile/image.js';
import type { Descriptor } from '../load/descriptor.js';
import { readClockZero } from '../load/clock.js';
import { loadImage } from '../load/load-image.js';
import type { VlanTag } from '../model/host.js';
import { loadNative } from '../load/native.js';
import type { FrameBatch, NativeApi } from '../load/native-api.js';

export interface LoadedPrefilter {
  readonly run: (frames: FrameBatch) => Promise<Uint8Array>;
  /** Packets that each counter has counted. */
  readonly counters: () => Float64Array;
  readonly close: () => void;
}

/**
 * @param device Its `mac`, a 48-bit number: whom frames are for. `vlan`: frames arrive with the tag of the VLAN device that it is.
 * @param at Second since the epoch that the program takes it to be now, for elements that expire; null: the clock of this host.
 *
 * Throws LoadError (exit 3).
 */
export async function loadPrefilter(
  image: Image,
  device: { readonly name: string; readonly mac: number; readonly position: number; readonly vlan?: VlanTag },
  at: number | null = null,
): Promise<LoadedPrefilter> {
  const native = loadNative();
  // Index 0: the frames are of no device of this host, and the program asks for none.
  const loaded = await loadImage(
    native,
    image,
    [{ ...device, ifindex: 0, ...(device.vlan && { through: { name: device.name, ifindex: 0, tag: device.vlan } }) }],
    at === null ? {} : { clockZero: readClockZero(at * 1000) },
  );
  const [program] = loaded.devices;
  if (program === undefined) throw new Error('bug: nothing was loaded');
  return {
    run: (frames) => native.testRun(program.program.fd, 0, frames),
    counters: () => readPackets(native, loaded.maps.counters, image),
    close: loaded.close,
  };
}

/** Packets that each counter has counted. */
export function readPackets(native: NativeApi, counters: Descriptor, image: Image): Float64Array {
  const pairs = native.readCounters(counters.fd, Math.max(1, image.counters));
  return Float64Array.from({ length: pairs.length / 2 }, (_, i) => Number(pairs[2 * i]));
}
