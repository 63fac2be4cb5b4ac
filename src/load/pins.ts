/**
 * Pins of one device: `link`, `prog`, `maps/*`. Instead of the link, where somebody else's program calls ours, `chain-INDEX`, the array that it
 * calls from; where ours has taken the place of theirs on the device, `replaced-NETNS-IFINDEX`, their program. Where ours hands on what it
 * passes, `theirs`, the array that it calls from. Link, place in the array, or device alone decide what runs; the others are for people with
 * bpftool. New pins of program and maps stand under `next/` until it has changed, so a run that is killed leaves either state and the next run
 * completes or discards the leftovers by asking it.
 */
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pinsOf } from './bpffs.js';
import { programAt } from './chain.js';
import { Descriptor, withDescriptor } from './descriptor.js';
import { explaining } from './load-error.js';
import { mapNames, theirsMap, type LoadedImage } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { linkState } from './xdp-on-device.js';

export const linkPin = (bpffs: string, device: string): string => join(pinsOf(bpffs, device), 'link');

export interface ChainPin {
  readonly path: string;
  readonly index: number;
}

export const chainPin = (bpffs: string, device: string, index: number): ChainPin => ({
  path: join(pinsOf(bpffs, device), `chain-${index}`),
  index,
});

const namesOf = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

/** Null: nobody calls ours on this device. */
export function findChainPin(bpffs: string, device: string): ChainPin | null {
  const names = namesOf(pinsOf(bpffs, device));
  const [index] = names.flatMap((name) => /^chain-(\d+)$/.exec(name)?.[1] ?? []);
  return index === undefined ? null : chainPin(bpffs, device, Number(index));
}

/** Their program, in whose place ours is on a device without a link; and the device, which a link would tell. */
export interface ReplacedPin {
  readonly path: string;
  /** Inode of its network namespace. */
  readonly netns: number;
  readonly ifindex: number;
}

export const ownNetns = (): number => Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);

export function replacedPin(bpffs: string, device: string, ifindex: number): ReplacedPin {
  const netns = ownNetns();
  return { path: join(pinsOf(bpffs, device), `replaced-${netns}-${ifindex}`), netns, ifindex };
}

/** Null: ours is in nobody's place. */
export function findReplacedPin(bpffs: string, device: string): ReplacedPin | null {
  const directory = pinsOf(bpffs, device);
  for (const name of namesOf(directory)) {
    const [, netns, ifindex] = /^replaced-(\d+)-(\d+)$/.exec(name) ?? [];
    if (netns !== undefined) return { path: join(directory, name), netns: Number(netns), ifindex: Number(ifindex) };
  }
  return null;
}

export const theirsPin = (bpffs: string, device: string): string => join(pinsOf(bpffs, device), theirsMap);

/** The same of a filter whose pins have not been moved to their places yet; null: it hands nothing on. */
export const findTheirsPin = (bpffs: string, device: string): string | null =>
  [theirsPin(bpffs, device), join(nextOf(pinsOf(bpffs, device)), theirsMap)].find((pin) => existsSync(pin)) ?? null;

/** Whether something may run there. */
export const hasSeat = (bpffs: string, device: string): boolean =>
  existsSync(linkPin(bpffs, device)) || findChainPin(bpffs, device) !== null || findReplacedPin(bpffs, device) !== null;

/** Id of the program that link, place or device hold now, without asking whether it is ours. Null: none. */
export function seatedProgram(native: NativeApi, bpffs: string, device: string): number | null {
  const link = linkPin(bpffs, device);
  if (existsSync(link)) return withDescriptor(native, native.openPinned(link), (fd) => native.linkInfo(fd).programId);
  const chain = findChainPin(bpffs, device);
  if (chain === null)
    return findReplacedPin(bpffs, device) === null ? null : (linkState(device)?.xdp?.programId ?? null);
  return withDescriptor(native, native.openPinned(chain.path), (fd) => programAt(native, fd, chain.index));
}

/** Whether a program is the one that was pinned, or is about to be: in somebody else's array there may be others. */
export const isPinned = (native: NativeApi, bpffs: string, device: string, programId: number): boolean =>
  findPinned(native, bpffs, device, programId, () => true) ?? false;

/** Where the pins of a program stand, and the program, open until `body` returns. Null: it is not pinned for this device. */
function findPinned<T>(
  native: NativeApi,
  bpffs: string,
  device: string,
  programId: number,
  body: (program: number, directory: string) => T,
): T | null {
  // Moved while they are looked at, a pin is found in its new place.
  for (const directory of [nextOf(pinsOf(bpffs, device)), pinsOf(bpffs, device)]) {
    const pin = join(directory, 'prog');
    if (!existsSync(pin)) continue;
    const found = withDescriptor(native, native.openPinned(pin), (fd) =>
      native.programInfo(fd).id === programId ? { result: body(fd, directory) } : null,
    );
    if (found !== null) return found.result;
  }
  return null;
}

/** A program of ours that runs on a device. By its number, where it is not pinned, the kernel opens it for CAP_SYS_ADMIN only. */
export function openProgram(native: NativeApi, bpffs: string, device: string, programId: number): Descriptor {
  const open = (_: number, directory: string): number => native.openPinned(join(directory, 'prog'));
  const fd = findPinned(native, bpffs, device, programId, open) ?? native.programById(programId);
  return new Descriptor(native, fd);
}

/** Its maps by name, of those that are pinned with it; the kernel is asked whether they are its own. */
export function openPinnedMaps(
  native: NativeApi,
  bpffs: string,
  device: string,
  programId: number,
): ReadonlyMap<string, Descriptor> {
  const opened = new Map<string, Descriptor>();
  findPinned(native, bpffs, device, programId, (program, directory) => {
    const { mapIds } = native.programInfo(program);
    for (const name of mapNames) {
      const pin = join(directory, 'maps', name);
      if (!existsSync(pin)) continue;
      const map = new Descriptor(native, native.openPinned(pin));
      if (mapIds.includes(native.mapInfo(map.fd).id)) opened.set(name, map);
      else map.close();
    }
  });
  return opened;
}

const nextOf = (directory: string): string => join(directory, 'next');
/** Relative paths of all pins but the link. */
const pinNames = ['prog', theirsMap, ...mapNames.map((name) => `maps/${name}`)];

/** Pins program and maps under `next/`. `theirs`: null where nothing is handed on. */
export async function pinNext(
  native: NativeApi,
  bpffs: string,
  device: string,
  program: number,
  maps: LoadedImage['maps'],
  theirs: Descriptor | null,
): Promise<void> {
  const next = nextOf(pinsOf(bpffs, device));
  mkdirSync(join(next, 'maps'), { recursive: true, mode: 0o700 });
  await explaining(`cannot pin the prefilter of ${device}`, () => {
    native.pin(program, join(next, 'prog'));
    if (theirs !== null) native.pin(theirs.fd, join(next, theirsMap));
    for (const name of mapNames) native.pin(maps[name].fd, join(next, 'maps', name));
  });
}

/** Moves the pins under `next/` to their places; each by one rename, the program last, so that a half-done move is seen as such. */
export function promoteNext(bpffs: string, device: string): void {
  const directory = pinsOf(bpffs, device);
  mkdirSync(join(directory, 'maps'), { recursive: true, mode: 0o700 });
  for (const name of pinNames.toReversed()) {
    const from = join(nextOf(directory), name);
    if (existsSync(from)) renameSync(from, join(directory, name));
  }
  removeDirectories(nextOf(directory));
}

export function discardNext(bpffs: string, device: string): void {
  const next = nextOf(pinsOf(bpffs, device));
  for (const name of pinNames) unlinkIfThere(join(next, name));
  removeDirectories(next);
  // A device that never had a filter leaves nothing behind.
  const directory = pinsOf(bpffs, device);
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}

/** Completes or discards what a killed run left under `next/`. */
export function settlePins(native: NativeApi, bpffs: string, device: string): void {
  const directory = pinsOf(bpffs, device);
  if (!existsSync(nextOf(directory))) return;
  const replaced = findReplacedPin(bpffs, device);
  // Not to be told from here.
  if (replaced !== null && replaced.netns !== ownNetns()) return;
  const program = join(nextOf(directory), 'prog');
  const runsNext =
    existsSync(program) &&
    withDescriptor(native, native.openPinned(program), (fd) => native.programInfo(fd).id) ===
      seatedProgram(native, bpffs, device);
  if (runsNext) promoteNext(bpffs, device);
  else discardNext(bpffs, device);
}

/** Removes every pin of a device, the link's first: without another holder of the link the program is detached by that. */
export function removePins(bpffs: string, device: string): void {
  const directory = pinsOf(bpffs, device);
  unlinkIfThere(join(directory, 'link'));
  discardNext(bpffs, device);
  for (const name of pinNames) unlinkIfThere(join(directory, name));
  removeSeat(bpffs, device);
  removeDirectories(directory);
}

/** What held a filter that is gone: the new one under `next/` stays. */
export function removeSeat(bpffs: string, device: string): void {
  const seats = [findChainPin(bpffs, device)?.path, findReplacedPin(bpffs, device)?.path];
  for (const path of [linkPin(bpffs, device), theirsPin(bpffs, device), ...seats])
    if (path !== undefined) unlinkIfThere(path);
}

function unlinkIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

function removeDirectories(directory: string): void {
  for (const path of [join(directory, 'maps'), directory]) if (existsSync(path)) rmdirSync(path);
}
