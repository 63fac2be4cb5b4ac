/** Image -> running filter: load, fill, verify, attach, pin. Until the link changes the old state runs; after it the new one does. */
import type { Image } from '../compile/image.js';
import { attachLoaded, checkDevice, undoAttach, type Before, type Mode } from './attach.js';
import { attachChained, checkChain, undoChained } from './attach-chain.js';
import { programName, programNameBefore } from './bpf-object.js';
import { prepareBpffs } from './bpffs.js';
import type { Chain } from './chain.js';
import type { Descriptor } from './descriptor.js';
import { isNativeError, LoadError } from './load-error.js';
import { loadImage, type LoadedDevice, type LoadedImage, type TargetDevice } from './load-image.js';
import { lockPins } from './lock.js';
import type { NativeApi } from './native-api.js';
import { discardNext, pinNext, promoteNext, settlePins } from './pins.js';
import { openTheirs, putTheirs, type Theirs, tryTheirs } from './theirs.js';

export type ApplyStep =
  'locked' | 'loaded' | 'verified' | 'pinned' | 'recorded' | 'attached' | 'promoted' | 'committed';

/** Keeps the record of what is installed in step with the kernel. */
export interface Journal {
  /** Before anything is attached: writes the new record beside the old one. Throws when it cannot be kept. */
  readonly prepare: (installed: readonly Installed[]) => void;
  /** After everything is attached: the new record replaces the old one. */
  readonly commit: () => void;
  /** Nothing was attached in the end. */
  readonly discard: () => void;
}

export interface Installed {
  readonly device: TargetDevice;
  readonly programId: number;
  readonly mode: Mode;
}

export interface ApplyRequest {
  readonly image: Image;
  readonly devices: readonly TargetDevice[];
  readonly mode: Mode;
  readonly bpffs: string;
  /** Somebody else's program on the one device calls ours from here. */
  readonly chain?: Chain;
  /** Path of the pin of somebody else's program, which is to get what ours passes. */
  readonly before?: string;
  /** Runs frames through each loaded program; throws to refuse. Nothing is attached then. The devices share the counters. */
  readonly verify: (program: LoadedDevice, counters: Descriptor) => Promise<void>;
  /**
   * Told when nothing is attached yet and the frames of the verification are forgotten: the place to set the first lease, which else never
   * runs out. What it throws refuses.
   */
  readonly ready?: (image: LoadedImage) => Promise<void>;
  readonly journal?: Journal;
  /** Told when a step is done. */
  readonly observe?: (step: ApplyStep, device?: string) => void;
}

export interface Applied extends Installed {
  /** False: the device had no filter of ours before. */
  readonly replaced: boolean;
}

/** Throws LoadError, or whatever `verify` and `journal` throw; the previous state runs on then. */
export async function apply(native: NativeApi, request: ApplyRequest): Promise<Applied[]> {
  const theirs = request.before === undefined ? null : await openTheirs(native, request.before);
  try {
    return await applyLocked(native, request, true, theirs);
  } catch (error) {
    // Nothing tells whether somebody else's programs take multi-buffer frames: an array refuses those that differ from the first.
    if (request.chain === undefined && theirs === null) throw error;
    if (!(error instanceof LoadError && isNativeError(error.cause) && error.cause.step === 'update element'))
      throw error;
    if (error.errno !== 22) throw error;
    return await applyLocked(native, request, false, theirs);
  } finally {
    theirs?.program.close();
  }
}

async function applyLocked(
  native: NativeApi,
  request: ApplyRequest,
  isMultiBuffer: boolean,
  theirs: Theirs | null,
): Promise<Applied[]> {
  const { bpffs, devices, mode, chain, observe } = request;
  await prepareBpffs(native, bpffs);
  const lock = await lockPins(native, bpffs);
  try {
    observe?.('locked');
    for (const device of devices) {
      settlePins(native, bpffs, device.name);
      if (chain === undefined) await checkDevice(native, bpffs, device, mode, theirs);
      else await checkChain(native, bpffs, device.name, chain);
    }
    const image = await loadImage(native, request.image, devices, {
      program: theirs === null ? programName : programNameBefore,
      isMultiBuffer,
      isCalled: chain !== undefined,
    });
    try {
      if (theirs !== null) await tryTheirs(native, image.theirs, theirs);
      observe?.('loaded');
      for (const loaded of image.devices) await request.verify(loaded, image.maps.counters);
      // The frames of the verification are nobody's traffic.
      native.clearCounters(image.maps.counters.fd);
      native.clearPerCpu(image.maps.stats.fd);
      observe?.('verified');
      // Not before: of the frames of the verification they are to see none.
      if (theirs !== null) await putTheirs(native, image.theirs, theirs);
      await request.ready?.(image);
      return await install(native, request, image, theirs);
    } finally {
      image.close();
    }
  } finally {
    lock.close();
  }
}

async function install(
  native: NativeApi,
  request: ApplyRequest,
  image: LoadedImage,
  theirs: Theirs | null,
): Promise<Applied[]> {
  const { bpffs, mode, chain, journal, observe } = request;
  const done: { readonly loaded: LoadedDevice; readonly before: Before }[] = [];
  try {
    for (const { device, program } of image.devices)
      await pinNext(native, bpffs, device.name, program.fd, image.maps, theirs && image.theirs);
    observe?.('pinned');
    journal?.prepare(image.devices.map(({ device, programId }) => ({ device, programId, mode })));
    observe?.('recorded');
    for (const loaded of image.devices) {
      const before =
        chain === undefined
          ? await attachLoaded(native, bpffs, loaded, mode, theirs)
          : await attachChained(native, bpffs, loaded, chain);
      done.push({ loaded, before });
      observe?.('attached', loaded.device.name);
    }
  } catch (error) {
    for (const { loaded, before } of done.reverse()) {
      if (chain === undefined) await undoAttach(native, bpffs, loaded, before, mode);
      else await undoChained(native, bpffs, loaded.device.name, before);
    }
    if (theirs !== null) native.programsHaveEnded();
    for (const { device } of image.devices) discardNext(bpffs, device.name);
    journal?.discard();
    throw error;
  } finally {
    for (const { before } of done) if (before.kind === 'program') before.program.close();
  }
  // An array without a pin is emptied: those that run still must have handed on what they pass.
  if (theirs !== null) native.programsHaveEnded();
  for (const { device } of image.devices) promoteNext(bpffs, device.name);
  observe?.('promoted');
  journal?.commit();
  observe?.('committed');
  return done.map(({ loaded: { device, programId }, before }) => ({
    device,
    programId,
    mode,
    replaced: before.kind === 'program',
  }));
}
