/** What of ours is on a device, told by the pinned link and not by what we remember. */
import { existsSync, readdirSync } from 'node:fs';
import { holdsPins, pinsRoot } from './bpffs.js';
import { Descriptor, withDescriptor } from './descriptor.js';
import { LoadError, explaining, isNativeError } from './load-error.js';
import { everyMap, type Maps } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { programAt, usesArray } from './chain.js';
import {
  type ChainPin,
  findChainPin,
  findReplacedPin,
  hasSeat,
  isPinned,
  linkPin,
  openPinnedMaps,
  ownNetns,
  type ReplacedPin,
  seatedProgram,
} from './pins.js';
import { linkState, type XdpOnDevice } from './xdp-on-device.js';

/** What holds the program. */
export type Seat =
  | { readonly kind: 'link'; readonly id: number }
  /** The device itself, from which it has taken somebody else's program. */
  | { readonly kind: 'netlink' }
  /** A place in the array (kernel id) of the program that runs on the device and calls ours. */
  | { readonly kind: 'chain'; readonly array: number; readonly index: number; readonly caller: XdpOnDevice };

export type Attachment =
  | { readonly kind: 'none' }
  /** The device of the pinned link is gone; or nobody there calls from the array any more, or calls another program than ours. */
  | { readonly kind: 'severed' }
  | {
      readonly kind: 'attached';
      readonly programId: number;
      readonly ifindex: number;
      readonly mode: XdpOnDevice['mode'];
      readonly seat: Seat;
      /** Where the program of a VLAN device is, if it is not on that itself: the device it stands on. */
      readonly through?: string;
    }
  /** The pinned link is alive, but on another device: renamed, or of another network namespace. Without a link: of another namespace. */
  | { readonly kind: 'elsewhere'; readonly programId: number; readonly ifindex: number };

/** Times that a device is looked at again whose program is replaced meanwhile. */
const mostLooks = 10;

/** Throws LoadError when the pins cannot be read. */
export async function attachmentOf(native: NativeApi, bpffs: string, device: string): Promise<Attachment> {
  if (!holdsPins(bpffs)) return { kind: 'none' };
  const seated = (): Promise<number | null> =>
    explaining(`cannot read the pins of ${device}`, () => seatedProgram(native, bpffs, device));
  // What is seated and what the device runs are asked one after the other. Replaced in between, they are two programs, both of them ours.
  for (let look = 1; ; look++) {
    const before = await seated();
    const attachment = await lookAt(native, bpffs, device);
    if (attachment.kind === 'attached' || look === mostLooks || (await seated()) === before) return attachment;
  }
}

async function lookAt(native: NativeApi, bpffs: string, device: string): Promise<Attachment> {
  const pin = linkPin(bpffs, device);
  if (!hasSeat(bpffs, device)) return { kind: 'none' };
  const chain = findChainPin(bpffs, device);
  if (chain !== null)
    return explaining(`cannot read what is called on ${device}`, () => chained(native, bpffs, device, chain));
  const replaced = findReplacedPin(bpffs, device);
  if (replaced !== null)
    return explaining(`cannot read what is attached to ${device}`, () => withoutLink(native, bpffs, device, replaced));
  const { id, programId, ifindex } = await explaining(`cannot read what is attached to ${device}`, () =>
    withDescriptor(native, native.openPinned(pin), (fd) => native.linkInfo(fd)),
  );
  if (ifindex === 0) return { kind: 'severed' };
  const own = linkState(device);
  // A VLAN device may be covered itself, or through the device it stands on.
  const lower = own !== null && own.lower !== null && own.ifindex !== ifindex ? linkState(own.lower) : null;
  for (const state of [own, lower]) {
    // Ids of programs are unique on the host, ids of devices are not: namespaces have their own.
    if (state?.ifindex !== ifindex || state.xdp?.programId !== programId) continue;
    const { mode } = state.xdp;
    const through = state === lower && own?.lower ? { through: own.lower } : {};
    return { kind: 'attached', programId, ifindex, mode, seat: { kind: 'link', id }, ...through };
  }
  return { kind: 'elsewhere', programId, ifindex };
}

/** Whether link or place hold this program. Errs to no: the pins may be gone by now. */
export function isSeated(native: NativeApi, bpffs: string, device: string, programId: number): boolean {
  try {
    return seatedProgram(native, bpffs, device) === programId;
  } catch (error) {
    if (isNativeError(error)) return false;
    throw error;
  }
}

function withoutLink(native: NativeApi, bpffs: string, device: string, { netns, ifindex }: ReplacedPin): Attachment {
  if (netns !== ownNetns()) return { kind: 'elsewhere', programId: 0, ifindex };
  const state = linkState(device);
  if (state?.ifindex !== ifindex || state.xdp === null) return { kind: 'severed' };
  const { programId, mode } = state.xdp;
  if (!isPinned(native, bpffs, device, programId)) return { kind: 'severed' };
  return { kind: 'attached', programId, ifindex, mode, seat: { kind: 'netlink' } };
}

function chained(native: NativeApi, bpffs: string, device: string, { path, index }: ChainPin): Attachment {
  return withDescriptor(native, native.openPinned(path), (array): Attachment => {
    const programId = programAt(native, array, index);
    const state = linkState(device);
    const caller = state?.xdp ?? null;
    if (programId === null || caller === null || !isPinned(native, bpffs, device, programId))
      return { kind: 'severed' };
    if (!usesArray(native, caller, array)) return { kind: 'severed' };
    const seat: Seat = { kind: 'chain', array: native.mapInfo(array).id, index, caller };
    return { kind: 'attached', programId, ifindex: state?.ifindex ?? 0, mode: caller.mode, seat };
  });
}

/** For which device of ours, if any, this program is pinned and holds its link or place. */
export const holderOf = (native: NativeApi, bpffs: string, programId: number): string | null =>
  pinnedDevices(bpffs).find((device) => isSeated(native, bpffs, device, programId)) ?? null;

/** Names of devices that have pins under this bpffs. */
export function pinnedDevices(bpffs: string): string[] {
  if (!holdsPins(bpffs) || !existsSync(pinsRoot(bpffs))) return [];
  return readdirSync(pinsRoot(bpffs))
    .map((name) => name.replaceAll('%2E', '.').replaceAll('%25', '%'))
    .filter((device) => hasSeat(bpffs, device))
    .sort();
}

export interface OpenedMaps {
  readonly maps: Maps;
  readonly close: () => void;
}

/**
 * Opens the maps of a program of ours on a device: by their pins, else, where these are another program's by now, by their numbers, which takes
 * CAP_SYS_ADMIN. Throws LoadError when it is gone.
 */
export async function openMaps(
  native: NativeApi,
  bpffs: string,
  device: string,
  programId: number,
): Promise<OpenedMaps> {
  return explaining(`cannot open the maps of program ${programId}`, () => {
    const pinned = openPinnedMaps(native, bpffs, device, programId);
    const opened = everyMap((name) => pinned.get(name)) === null ? openById(native, programId) : pinned;
    if (opened !== pinned) pinned.forEach((map) => map.close());
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

function openById(native: NativeApi, programId: number): ReadonlyMap<string, Descriptor> {
  const ids = withDescriptor(native, native.programById(programId), (fd) => native.programInfo(fd).mapIds);
  const opened = new Map<string, Descriptor>();
  for (const id of ids) {
    const map = new Descriptor(native, native.mapById(id));
    // A section's map is named as the section.
    opened.set(native.mapInfo(map.fd).name.replace(/^\.data\./, ''), map);
  }
  return opened;
}
