/** One process follows what a state directory is about. The kernel releases the lock when it ends, however it ends. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Descriptor } from '../load/descriptor.js';
import { explainNative, isNativeError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { readWatchRecord } from '../state/watch-record.js';
import { CommandError, exitCodes } from './exit-code.js';

/** Throws CommandError (exit 3) that names the other one. */
export function lockWatch(native: NativeApi, state: string): Descriptor {
  const file = join(state, 'watch.lock');
  closeSync(openSync(file, 'a', 0o600));
  try {
    return new Descriptor(native, native.lock(file));
  } catch (error) {
    if (!isNativeError(error) || error.code !== 'EAGAIN') throw explainNative(error, `cannot lock ${file}`);
    const record = readWatchRecord(state);
    const who =
      record === null ? 'another process' : `process ${record.process.pid}, for ${record.devices.join(', ')},`;
    throw new CommandError(
      exitCodes.host,
      `${who} follows this host already (state in ${state}): stop it first, or name all devices to one of them`,
    );
  }
}
