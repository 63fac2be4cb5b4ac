/** What of ours is on a device, told by the pinned link and not by what we remember. */
import { existsSync, readdirSync } from 'node:fs';
import { holdsPins, pinsRoot } from './bpffs.js';
import { Descriptor, withDescriptor } from './descriptor.js';
import { LoadError, explaining } from './load-error.js';
import { everyMap, type Maps } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { linkPin } from './pins.js';
import { linkState, type XdpOnDevice } from './xdp-on-device.js';

export type Attachment =
  | { readonly kind: 'none' }
  /** The device of the pinned link is gone. */
  | { readonly kind: 'severed' }
  | {
      readonly kind: 'attached';
      readonly programId: number;
      readonly linkId: number;
      readonly ifindex: number;
      readonly mode: XdpOnDevice['mode'];
    }
  /** The pinned link is alive, but on another device: renamed, or of another network namespace. */
  | { readonly kind: 'elsewhere'; readonly programId: number; readonly ifindex: number };

/** Throws LoadError when the pins cannot be read. */
export async function attachmentOf(native: NativeApi, bpffs: string, device: string): Promise<Attachment> {
  const pin = linkPin(bpffs, device);
  if (!holdsPins(bpffs) || !existsSync(pin)) return { kind: 'none' };
  const { id, programId, ifindex } = await explaining(`cannot read what is attached to ${device}`, () =>
    withDescriptor(native, native.openPinned(pin), (fd) => native.linkInfo(fd)),
  );
  if (ifindex === 0) return { kind: 'severed' };
  const state = linkState(device);
  // Ids of programs are unique on the host, ids of devices are not: namespaces have their own.
  if (state?.ifindex === ifindex && state.xdp?.programId === programId) {
    return { kind: 'attached', programId, linkId: id, ifindex, mode: state.xdp.mode };
  }
  return { kind: 'elsewhere', programId, ifindex };
}

/** Names of devices that have pins under this bpffs. */
export function pinnedDevices(bpffs: string): string[] {
  if (!holdsPins(bpffs) || !existsSync(pinsRoot(bpffs))) return [];
  return readdirSync(pinsRoot(bpffs))
    .map((name) => name.replaceAll('%2E', '.').replaceAll('%25', '%'))
    .filter((device) => existsSync(linkPin(bpffs, device)))
    .sort();
}

export interface OpenedMaps {
  readonly maps: Maps;
  readonly close: () => void;
}

/** Opens the maps of a running program, found through the program itself. Throws LoadError when it is gone. */
export async function openMaps(native: NativeApi, programId: number): Promise<OpenedMaps> {
  return explaining(`cannot open the maps of program ${programId}`, () => {
    const ids = withDescriptor(native, native.programById(programId), (fd) => native.programInfo(fd).mapIds);
    const opened = new Map<string, Descriptor>();
    for (const id of ids) {
      const map = new Descriptor(native, native.mapById(id));
      // A section's map is named as the section.
      opened.set(native.mapInfo(map.fd).name.replace(/^\.data\./, ''), map);
    }
    const close = (): void => opened.forEach((map) => map.close());
    const maps = everyMap((name) => opened.get(name));
    if (maps !== null) return { maps, close };
    close();
    throw new LoadError({
      errno: 0,
      step: 'open maps',
      message: `program ${programId} is not the prefilter of this version of offload`,
      hint: 'attach again with this version: it replaces an older filter of offload',
    });
  });
}
