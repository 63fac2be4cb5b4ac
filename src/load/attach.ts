/** Puts a loaded program on its device: by updating the pinned link where ours is there already, else by a new link. */
import { unlinkSync } from 'node:fs';
import { Descriptor, withDescriptor } from './descriptor.js';
import { LoadError, explaining, isNativeError } from './load-error.js';
import type { LoadedDevice } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { attachmentOf, type Attachment } from './attachment.js';
import { linkPin, openProgram, removePins } from './pins.js';
import { linkState } from './xdp-on-device.js';

export type Mode = 'native' | 'generic';

/** XDP_FLAGS_DRV_MODE and XDP_FLAGS_SKB_MODE, linux/if_link.h. */
const flagsOf = { native: 4, generic: 2 } as const satisfies Record<Mode, number>;

/** What the device had before, kept open so that it can be put back. */
export type Before = { readonly kind: 'none' } | { readonly kind: 'program'; readonly program: Descriptor };

/**
 * Throws LoadError, having changed nothing, when the device cannot be taken: somebody else's program, another mode, a pin that
 * belongs to another device.
 */
export async function checkDevice(native: NativeApi, bpffs: string, device: string, mode: Mode): Promise<Attachment> {
  const attachment = await attachmentOf(native, bpffs, device);
  switch (attachment.kind) {
    case 'none':
    case 'severed': {
      const state = linkState(device);
      if (state === null)
        throw new LoadError({ errno: 19, step: 'find device', message: `there is no device ${device}` });
      if (state.xdp !== null) throw foreignProgram(device);
      return attachment;
    }
    case 'elsewhere':
      throw new LoadError({
        errno: 16,
        step: 'read pins',
        message:
          `the pins of ${device} under ${bpffs} belong to another device (index ${attachment.ifindex}), renamed or of another` +
          ' network namespace; it is left alone',
        hint: `run \`offload detach --dev ${device}\` to remove that filter, or keep pins apart with --bpffs`,
      });
    case 'attached':
      if (attachment.seat.kind === 'chain')
        throw new LoadError({
          errno: 16,
          step: 'compare places',
          message: `the filter on ${device} is called by "${attachment.seat.caller.programName}": it does not move while it runs`,
          hint: `name its place with --chain, or run \`offload detach --dev ${device}\` first`,
        });
      if (attachment.mode === mode) return attachment;
      throw new LoadError({
        errno: 17,
        step: 'compare modes',
        message: `the filter on ${device} runs in ${attachment.mode} mode: a link cannot change to ${mode} mode while it runs`,
        hint: `add \`--mode ${attachment.mode}\`, or run \`offload detach --dev ${device}\` first`,
      });
  }
}

/** One atomic step: before it the device has what it had, after it the new program. Returns what to put back on undo. */
export async function attachLoaded(
  native: NativeApi,
  bpffs: string,
  loaded: LoadedDevice,
  mode: Mode,
): Promise<Before> {
  const { device } = loaded;
  const attachment = await checkDevice(native, bpffs, device.name, mode);
  if (attachment.kind === 'attached') return replaceProgram(native, bpffs, loaded, attachment.programId);
  // The stale link only: the new program is pinned under next/ already.
  if (attachment.kind === 'severed') unlinkSync(linkPin(bpffs, device.name));
  const link = new Descriptor(native, await createLink(native, loaded, mode));
  try {
    // Until the link is pinned it dies with this process, which is the old state again.
    await explaining(`cannot pin the link of ${device.name}`, () => native.pin(link.fd, linkPin(bpffs, device.name)));
  } finally {
    link.close();
  }
  return { kind: 'none' };
}

async function replaceProgram(
  native: NativeApi,
  bpffs: string,
  { device, program }: LoadedDevice,
  oldId: number,
): Promise<Before> {
  return explaining(`cannot replace the filter on ${device.name}`, () => {
    const old = openProgram(native, bpffs, device.name, oldId);
    try {
      withDescriptor(native, native.openPinned(linkPin(bpffs, device.name)), (link) =>
        native.linkUpdate(link, program.fd, old.fd),
      );
    } catch (error) {
      old.close();
      throw error;
    }
    return { kind: 'program', program: old };
  });
}

async function createLink(native: NativeApi, { device, program }: LoadedDevice, mode: Mode): Promise<number> {
  try {
    return await explaining(`cannot attach to ${device.name} in ${mode} mode`, () =>
      native.linkCreate(program.fd, device.ifindex, flagsOf[mode]),
    );
  } catch (error) {
    // EBUSY: same mode, EEXIST: the other mode. It came after the check.
    if (error instanceof LoadError && isNativeError(error.cause) && ['EBUSY', 'EEXIST'].includes(error.cause.code)) {
      throw foreignProgram(device.name);
    }
    throw error;
  }
}

export function foreignProgram(device: string): LoadError {
  const xdp = linkState(device)?.xdp ?? null;
  const named =
    xdp === null ? 'an XDP program' : `XDP program ${xdp.programId} "${xdp.programName}" (${xdp.mode} mode)`;
  return new LoadError({
    errno: 16,
    step: 'create link',
    message: `${named} runs on ${device} already and is not pinned by offload here: it is never replaced`,
    hint: `remove it with its own tool, or name the bpffs where offload pinned it with --bpffs (see \`bpftool net show dev ${device}\`)`,
  });
}

/** Puts back what was there before `attachLoaded`. */
export async function undoAttach(
  native: NativeApi,
  bpffs: string,
  { device }: LoadedDevice,
  before: Before,
): Promise<void> {
  await explaining(`cannot undo the change on ${device.name}`, () => {
    withDescriptor(native, native.openPinned(linkPin(bpffs, device.name)), (link) => {
      if (before.kind === 'program') native.linkUpdate(link, before.program.fd, -1);
      else native.linkDetach(link);
    });
    if (before.kind === 'none') removePins(bpffs, device.name);
  });
}
