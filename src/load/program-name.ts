/** What a program is called, for people. */
import { withDescriptor } from './descriptor.js';
import { isNativeError } from './load-error.js';
import type { NativeApi } from './native-api.js';

/** `?`: it is gone, or may not be looked at, for the kernel opens a program by its number for CAP_SYS_ADMIN only. */
export function nameOfProgram(native: NativeApi, id: number): string {
  try {
    return withDescriptor(native, native.programById(id), (fd) => native.programInfo(fd).name);
  } catch (error) {
    if (isNativeError(error)) return '?';
    throw error;
  }
}
