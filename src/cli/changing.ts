/** Commands that change something: one at a time, and each begins by finishing or undoing what an earlier one left. */
import { LoadError } from '../load/load-error.js';
import { lockDirectory } from '../load/lock.js';
import { loadNative } from '../load/native.js';
import type { NativeApi } from '../load/native-api.js';
import { type Install, prepareState } from '../state/install.js';
import { recover } from '../state/recover.js';
import { startGuard } from './guard-command.js';
import { complain } from './output.js';

/** `install` is what is in force and would have to be undone. Throws LoadError when another run goes on for too long. */
export async function changing<T>(
  state: string,
  body: (native: NativeApi, install: Install | null) => Promise<T>,
): Promise<T> {
  const native = loadNative();
  try {
    prepareState(state);
  } catch (cause) {
    const { message } = cause as NodeJS.ErrnoException;
    throw new LoadError({
      errno: 13,
      step: 'prepare state',
      message: `the state directory cannot be made: ${message}`,
      hint: process.getuid?.() === 0 ? 'name another directory with --state' : 'run it as root',
      cause,
    });
  }
  const lock = await lockDirectory(native, state);
  try {
    return await body(native, await recover({ native, state, tell: complain, guard: () => startGuard(state) }));
  } finally {
    lock.close();
  }
}
