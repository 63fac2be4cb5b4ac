/** Puts a loaded program on its device: by updating the pinned link where ours is there already, else by a new link. */
import { Descriptor, withDescriptor } from './descriptor.js';
import { LoadError, explaining, isNativeError } from './load-error.js';
import { type LoadedDevice, placeOf, type TargetDevice } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { attachmentOf, holderOf, type Attachment } from './attachment.js';
import { findReplacedPin, linkPin, openProgram, removePins, removeSeat } from './pins.js';
import { flagsOf, giveBack, replaceWithoutLink, takeOver } from './take-over.js';
import { handsTo, runsOn, type Theirs } from './theirs.js';
import { linkState } from './xdp-on-device.js';

export type Mode = 'native' | 'generic';

/** What the device had of ours before, kept open so that it can be put back. */
export type Before = { readonly kind: 'none' } | { readonly kind: 'program'; readonly program: Descriptor };

/**
 * Throws LoadError, having changed nothing, when the device cannot be taken: somebody else's program, another mode, a pin that
 * belongs to another device.
 *
 * @param theirs Is to get what the filter passes; null: the stack gets it.
 */
export async function checkDevice(
  native: NativeApi,
  bpffs: string,
  target: Pick<TargetDevice, 'name' | 'through'>,
  mode: Mode,
  theirs: Theirs | null,
): Promise<Attachment> {
  const device = target.name;
  const place = target.through?.name ?? device;
  const attachment = await attachmentOf(native, bpffs, device);
  switch (attachment.kind) {
    case 'none':
    case 'severed': {
      const state = linkState(place);
      if (state === null)
        throw new LoadError({ errno: 19, step: 'find device', message: `there is no device ${place}` });
      if (state.xdp === null) return attachment;
      if (state.xdp.programId !== theirs?.id) throw foreignProgram(native, bpffs, place);
      requireMode(
        `"${theirs.name}", whose place the filter would take on ${place},`,
        state.xdp.mode,
        mode,
        'take it off first',
      );
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
      requireMode(`the filter on ${device}`, attachment.mode, mode, `run \`offload detach --dev ${device}\` first`);
      requireHandedOn(device, handsTo(native, bpffs, device), theirs);
      return attachment;
  }
}

function requireMode(whose: string, runs: string, wanted: Mode, otherwise: string): void {
  if (runs === wanted) return;
  throw new LoadError({
    errno: 17,
    step: 'compare modes',
    message: `${whose} runs in ${runs} mode: that cannot change to ${wanted} mode while it runs`,
    hint: `add \`--mode ${runs}\`, or ${otherwise}`,
  });
}

/** Their program would be cut off, and nobody have said so. */
function requireHandedOn(device: string, to: ReturnType<typeof handsTo>, theirs: Theirs | null): void {
  if (to === null || theirs !== null) return;
  const whom = to === 'none' ? "somebody else's program" : `program ${to}`;
  throw new LoadError({
    errno: 16,
    step: 'compare places',
    message: `the filter on ${device} hands what it passes to ${whom}, which would get nothing any more`,
    hint: `name its pin with --before, or run \`offload detach --dev ${device}\` first`,
  });
}

/** One atomic step: before it the device has what it had, after it the new program. Returns what to put back on undo. */
export async function attachLoaded(
  native: NativeApi,
  bpffs: string,
  loaded: LoadedDevice,
  mode: Mode,
  theirs: Theirs | null,
): Promise<Before> {
  const { device } = loaded;
  const attachment = await checkDevice(native, bpffs, device, mode, theirs);
  if (attachment.kind === 'attached') return replaceProgram(native, bpffs, loaded, attachment, mode);
  if (theirs !== null && runsOn(device.name, theirs)) {
    await explaining(`cannot attach to ${device.name} in ${mode} mode`, () =>
      takeOver(native, bpffs, loaded, mode, theirs),
    );
    return { kind: 'none' };
  }
  // Of a filter that is gone: the new program is pinned under next/ already.
  removeSeat(bpffs, device.name);
  const link = new Descriptor(native, await createLink(native, bpffs, loaded, mode));
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
  loaded: LoadedDevice,
  { programId: oldId, seat }: Extract<Attachment, { kind: 'attached' }>,
  mode: Mode,
): Promise<Before> {
  const { device, program } = loaded;
  return explaining(`cannot replace the filter on ${device.name}`, () => {
    if (seat.kind === 'netlink')
      return { kind: 'program', program: replaceWithoutLink(native, bpffs, loaded, { oldId, mode }) };
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

async function createLink(
  native: NativeApi,
  bpffs: string,
  { device, program }: LoadedDevice,
  mode: Mode,
): Promise<number> {
  const place = placeOf(device);
  try {
    return await explaining(`cannot attach to ${place.name} in ${mode} mode`, () =>
      native.linkCreate(program.fd, place.ifindex, flagsOf[mode]),
    );
  } catch (error) {
    // EBUSY: same mode, EEXIST: the other mode. It came after the check.
    if (error instanceof LoadError && isNativeError(error.cause) && ['EBUSY', 'EEXIST'].includes(error.cause.code)) {
      throw foreignProgram(native, bpffs, place.name);
    }
    throw error;
  }
}

function foreignProgram(native: NativeApi, bpffs: string, device: string): LoadError {
  const xdp = linkState(device)?.xdp ?? null;
  const holder = xdp === null ? null : holderOf(native, bpffs, xdp.programId);
  if (holder !== null)
    return new LoadError({
      errno: 16,
      step: 'create link',
      message: `${device} has room for one XDP program, and the filter of ${holder} is there`,
      hint: `cover a VLAN device by itself, with --mode generic; or run \`offload detach --dev ${holder}\` first`,
    });
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
  { device, program }: LoadedDevice,
  before: Before,
  mode: Mode,
): Promise<void> {
  await explaining(`cannot undo the change on ${device.name}`, async () => {
    if (findReplacedPin(bpffs, device.name) === null)
      withDescriptor(native, native.openPinned(linkPin(bpffs, device.name)), (link) => {
        if (before.kind === 'program') native.linkUpdate(link, before.program.fd, -1);
        else native.linkDetach(link);
      });
    else if (before.kind === 'none') await giveBack(native, bpffs, device.name);
    else native.netlinkReplace(device.ifindex, before.program.fd, program.fd, flagsOf[mode]);
    if (before.kind === 'none') removePins(bpffs, device.name);
  });
}
