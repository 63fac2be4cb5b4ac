/**
 * A place in somebody else's array of programs, from which their program on the device calls ours (bpf_tail_call). What ours says is then the
 * verdict. It sees the packet as the stack would see it; that they would have passed it to the stack is theirs to keep.
 */
import { Descriptor, withDescriptor } from './descriptor.js';
import { LoadError, explaining, isNativeError } from './load-error.js';
import type { NativeApi } from './native-api.js';
import type { XdpOnDevice } from './xdp-on-device.js';

export interface Chain {
  /** Path of the array's pin. */
  readonly pin: string;
  readonly index: number;
}

/** BPF_MAP_TYPE_PROG_ARRAY, linux/bpf.h. */
const programArray = 3;

const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

/** Null: the place is empty. */
export function programAt(native: NativeApi, array: number, index: number): number | null {
  const value = native.lookupElement(array, u32(index));
  return value === null ? null : (new Uint32Array(value.slice().buffer)[0] ?? null);
}

/** One atomic step. */
export const putProgram = (native: NativeApi, array: number, index: number, program: number): void =>
  native.updateElement(array, u32(index), u32(program));

/** Whoever calls an empty place goes on behind its call. */
export const takeOut = (native: NativeApi, array: number, index: number): void =>
  native.deleteElement(array, u32(index));

/** Throws LoadError where there is no such place. */
export async function openChain(native: NativeApi, { pin, index }: Chain): Promise<Descriptor> {
  const array = await explaining(
    `cannot open ${pin}, which --chain names`,
    () => new Descriptor(native, native.openPinned(pin)),
  );
  const problem = placeProblem(native, array.fd, index);
  if (problem === null) return array;
  array.close();
  throw new LoadError({
    errno: 22,
    step: 'open program array',
    message: `--chain ${pin}: ${problem}`,
    hint: 'name the pin of the array that the other program calls from: `bpftool map show`',
  });
}

function placeProblem(native: NativeApi, fd: number, index: number): string | null {
  try {
    const { type, maxEntries } = native.mapInfo(fd);
    // Of a program the kernel tells the type at the same place, but looks nothing up in it.
    if (type !== programArray) return 'that is no array of programs';
    programAt(native, fd, 0);
    return index < maxEntries ? null : `it has ${maxEntries} places, the last one is ${maxEntries - 1}`;
  } catch (error) {
    if (isNativeError(error)) return 'that is no array of programs';
    throw error;
  }
}

/** Whether the program has anything to do with the array, without which it cannot call from it. */
export function usesArray(native: NativeApi, caller: XdpOnDevice, array: number): boolean {
  const { id } = native.mapInfo(array);
  return withDescriptor(native, native.programById(caller.programId), (fd) =>
    native.programInfo(fd).mapIds.includes(id),
  );
}
