/**
 * Somebody else's program that is given what ours passes (bpf_tail_call from an array of one place). It runs where it would have run first: on
 * the packet as it came. Each version of ours has an array of its own, so that both change in one step.
 */
import { readFileSync } from 'node:fs';
import { programAt, putProgram, takeOut } from './chain.js';
import { Descriptor, withDescriptor } from './descriptor.js';
import { explaining, isNativeError, LoadError } from './load-error.js';
import type { NativeApi } from './native-api.js';
import { findReplacedPin, findTheirsPin } from './pins.js';
import { linkState } from './xdp-on-device.js';

/** As it stands at its pin. */
export interface Theirs {
  readonly pin: string;
  readonly program: Descriptor;
  readonly id: number;
  readonly name: string;
}

/** BPF_PROG_TYPE_XDP, linux/bpf.h, as /proc tells it of a program; other objects have none. */
const isXdpProgram = (fd: number): boolean => /^prog_type:\s*6$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));

/** Throws LoadError where there is no such program. */
export async function openTheirs(native: NativeApi, pin: string): Promise<Theirs> {
  const program = await explaining(
    `cannot open ${pin}, which --before names`,
    () => new Descriptor(native, native.openPinned(pin)),
  );
  if (isXdpProgram(program.fd)) {
    const { id, name } = native.programInfo(program.fd);
    return { pin, program, id, name };
  }
  program.close();
  throw new LoadError({
    errno: 22,
    step: 'open program',
    message: `--before ${pin}: that is no XDP program`,
    hint: 'name the pin of the program that is to get what the filter passes: `bpftool prog show`; `bpftool prog pin id ID PIN` makes one',
  });
}

/** Puts it in, and leaves it there. Throws LoadError that says why the kernel does not let ours call it. */
export const putTheirs = (native: NativeApi, array: Descriptor, { program, id, name, pin }: Theirs): Promise<void> =>
  explaining(`the filter cannot hand packets to program ${id} "${name}" of ${pin}`, () => {
    try {
      putProgram(native, array.fd, 0, program.fd);
    } catch (error) {
      const hint = isNativeError(error) ? hints[error.code] : undefined;
      if (hint === undefined || !isNativeError(error)) throw error;
      const message = `the filter cannot hand packets to program ${id} "${name}" of ${pin}: ${error.message}`;
      throw new LoadError({ errno: error.errno, step: error.step, message, hint, cause: error });
    }
  });

/** bpf_prog_map_compatible() and prog_fd_array_get_ptr(), Linux 6.18; the second since 6.13. */
const hints: Readonly<Record<string, string>> = {
  EINVAL:
    'it is of a kind that this kernel lets no other program call: made for one device (offloaded or dev-bound), not compiled as the others ' +
    'are, or loaded for another place than a device (expected_attach_type)',
  EBUSY:
    'functions of it are replaced by other programs, as the dispatcher of libxdp is made: the kernel lets nobody call such a program. Pin and ' +
    'name the one program behind the dispatcher, without it',
};

/** Whether ours may call it. It stands there for a moment, while nothing runs. Throws what `putTheirs` throws. */
export async function tryTheirs(native: NativeApi, array: Descriptor, theirs: Theirs): Promise<void> {
  await putTheirs(native, array, theirs);
  takeOut(native, array.fd, 0);
}

/** Id of the program that the filter of a device hands packets to. `none`: nobody is there any more; null: it hands nothing on. */
export function handsTo(native: NativeApi, bpffs: string, device: string): number | 'none' | null {
  const pin = findTheirsPin(bpffs, device);
  if (pin === null) return null;
  return withDescriptor(native, native.openPinned(pin), (array) => programAt(native, array, 0)) ?? 'none';
}

/**
 * Opens the program that ours hands packets to, as it is now. Where that is not the one that ours has replaced, it is opened by its number, which
 * takes CAP_SYS_ADMIN. Null: nobody is there any more.
 */
export function openHandedTo(native: NativeApi, bpffs: string, device: string): Descriptor | null {
  const id = handsTo(native, bpffs, device);
  if (id === null || id === 'none') return null;
  const replaced = findReplacedPin(bpffs, device);
  if (replaced !== null) {
    const program = new Descriptor(native, native.openPinned(replaced.path));
    if (native.programInfo(program.fd).id === id) return program;
    program.close();
  }
  return new Descriptor(native, native.programById(id));
}

/** Whether it runs on the device itself. */
export const runsOn = (device: string, { id }: Theirs): boolean => linkState(device)?.xdp?.programId === id;
