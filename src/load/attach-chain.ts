/** Puts a loaded program where somebody else's program on the device calls it; the counterpart of attach.ts, where ours is attached itself. */
import type { Before } from './attach.js';
import { type Attachment, attachmentOf } from './attachment.js';
import { type Chain, openChain, programAt, putProgram, takeOut, usesArray } from './chain.js';
import { withDescriptor } from './descriptor.js';
import { LoadError, explaining } from './load-error.js';
import type { LoadedDevice } from './load-image.js';
import type { NativeApi } from './native-api.js';
import { nameOfProgram } from './program-name.js';
import { chainPin, findChainPin, openProgram, removeSeat, removePins } from './pins.js';
import { linkState } from './xdp-on-device.js';

const refusal = (message: string, hint: string): LoadError =>
  new LoadError({ errno: 16, step: 'check place', message, hint });

/** Throws LoadError, having changed nothing, where ours cannot be put there: the place is taken, or nobody on the device can call it. */
export async function checkChain(native: NativeApi, bpffs: string, device: string, chain: Chain): Promise<Attachment> {
  const attachment = await attachmentOf(native, bpffs, device);
  const array = await openChain(native, chain);
  try {
    switch (attachment.kind) {
      case 'elsewhere':
        throw refusal(
          `the pins of ${device} under ${bpffs} belong to another device`,
          `run \`offload detach --dev ${device}\` first`,
        );
      case 'attached':
        requireSamePlace(native, device, attachment.seat, array.fd, chain);
        return attachment;
      case 'none':
      case 'severed':
        requireCaller(native, device, array.fd, chain);
        requireEmpty(native, array.fd, chain);
        return attachment;
    }
  } finally {
    array.close();
  }
}

type Seat = Extract<Attachment, { kind: 'attached' }>['seat'];

function requireSamePlace(native: NativeApi, device: string, seat: Seat, array: number, { pin, index }: Chain): void {
  if (seat.kind === 'chain' && seat.array === native.mapInfo(array).id && seat.index === index) return;
  const where = seat.kind === 'chain' ? `stands in array ${seat.array}, place ${seat.index}` : 'is attached itself';
  throw refusal(
    `the filter on ${device} ${where}: it does not move to ${pin}, place ${index}, while it runs`,
    `run \`offload detach --dev ${device}\` first`,
  );
}

function requireCaller(native: NativeApi, device: string, array: number, { pin }: Chain): void {
  const state = linkState(device);
  if (state === null) throw new LoadError({ errno: 19, step: 'find device', message: `there is no device ${device}` });
  if (state.xdp === null)
    throw refusal(
      `no XDP program runs on ${device} that could call from ${pin}`,
      'attach without --chain, or start the other program first',
    );
  if (usesArray(native, state.xdp, array)) return;
  const { programId, programName } = state.xdp;
  throw refusal(
    `XDP program ${programId} "${programName}" on ${device} does not use ${pin}: nothing would call the filter`,
    `\`bpftool prog show id ${programId}\` tells which maps it uses`,
  );
}

function requireEmpty(native: NativeApi, array: number, { pin, index }: Chain): void {
  const there = programAt(native, array, index);
  if (there === null) return;
  throw refusal(
    `place ${index} of ${pin} holds program ${there} "${nameOfProgram(native, there)}" already: it is never replaced`,
    'name an empty place that the other program calls: --chain PIN:INDEX',
  );
}

/** One atomic step, as attaching itself is. Throws LoadError; EINVAL: the array is of programs of another kind. */
export async function attachChained(
  native: NativeApi,
  bpffs: string,
  loaded: LoadedDevice,
  chain: Chain,
): Promise<Before> {
  const { device, program } = loaded;
  const attachment = await checkChain(native, bpffs, device.name, chain);
  const replaced =
    attachment.kind === 'attached' ? openProgram(native, bpffs, device.name, attachment.programId) : null;
  const array = await openChain(native, chain);
  try {
    if (replaced === null) {
      removeSeat(bpffs, device.name);
      // First the pin: whoever is killed behind it leaves a place that is known.
      native.pin(array.fd, chainPin(bpffs, device.name, chain.index).path);
    }
    await explaining(`cannot put the filter of ${device.name} into place ${chain.index} of ${chain.pin}`, () =>
      putProgram(native, array.fd, chain.index, program.fd),
    );
    return replaced === null ? { kind: 'none' } : { kind: 'program', program: replaced };
  } catch (error) {
    replaced?.close();
    if (replaced === null) removeSeat(bpffs, device.name);
    throw error;
  } finally {
    array.close();
  }
}

export async function undoChained(native: NativeApi, bpffs: string, device: string, before: Before): Promise<void> {
  const chain = findChainPin(bpffs, device);
  if (chain === null) return;
  await explaining(`cannot undo the change on ${device}`, () =>
    withDescriptor(native, native.openPinned(chain.path), (array) => {
      if (before.kind === 'program') putProgram(native, array, chain.index, before.program.fd);
      else takeOut(native, array, chain.index);
    }),
  );
  if (before.kind === 'none') removePins(bpffs, device);
}
