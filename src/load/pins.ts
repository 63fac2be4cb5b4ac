/**
 * Pins of one device: `link`, `prog`, `maps/*`. The link alone decides what runs; the others are for people
 * with bpftool. New pins of program and maps stand under `next/` until the link has changed, so a run that is killed leaves either
 * state and the next run completes or discards the leftovers by asking the link.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pinsOf } from './bpffs.js';
import { withDescriptor } from './descriptor.js';
import { explaining } from './load-error.js';
import { mapNames, type LoadedImage } from './load-image.js';
import type { NativeApi } from './native-api.js';

export const linkPin = (bpffs: string, device: string): string => join(pinsOf(bpffs, device), 'link');

const nextOf = (directory: string): string => join(directory, 'next');
/** Relative paths of all pins but the link. */
const pinNames = ['prog', ...mapNames.map((name) => `maps/${name}`)];

/** Pins program and maps under `next/`. */
export async function pinNext(
  native: NativeApi,
  bpffs: string,
  device: string,
  program: number,
  maps: LoadedImage['maps'],
): Promise<void> {
  const next = nextOf(pinsOf(bpffs, device));
  mkdirSync(join(next, 'maps'), { recursive: true, mode: 0o700 });
  await explaining(`cannot pin the prefilter of ${device}`, () => {
    native.pin(program, join(next, 'prog'));
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
  const program = join(nextOf(directory), 'prog');
  const link = join(directory, 'link');
  const runsNext =
    existsSync(program) &&
    existsSync(link) &&
    withDescriptor(native, native.openPinned(link), (fd) => native.linkInfo(fd).programId) ===
      withDescriptor(native, native.openPinned(program), (fd) => native.programInfo(fd).id);
  if (runsNext) promoteNext(bpffs, device);
  else discardNext(bpffs, device);
}

/** Removes every pin of a device, the link's first: without another holder of the link the program is detached by that. */
export function removePins(bpffs: string, device: string): void {
  const directory = pinsOf(bpffs, device);
  unlinkIfThere(join(directory, 'link'));
  discardNext(bpffs, device);
  for (const name of pinNames) unlinkIfThere(join(directory, name));
  removeDirectories(directory);
}

function unlinkIfThere(path: string): void {
  if (existsSync(path)) unlinkSync(path);
}

function removeDirectories(directory: string): void {
  for (const path of [join(directory, 'maps'), directory]) if (existsSync(path)) rmdirSync(path);
}
