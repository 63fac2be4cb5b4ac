/**
 * What a run has changed and may have to undo, in `install.json` of the state directory: written before the first change, removed after
 * the last is undone. It is there while a run installs, while a change waits to be confirmed, and as long as a residual is in netfilter.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveName } from '../host/live/read-live.js';
import type { TableFormat } from '../host/live/table-texts.js';
import type { Encoding } from '../host/text-encoding.js';
import { LoadError } from '../load/load-error.js';
import type { ProcessId } from './process-id.js';
import { writeFileAtomically } from './write-file.js';

/** One table of netfilter, before and after. */
export interface Swap {
  readonly name: LiveName;
  readonly format: TableFormat;
  readonly encoding: Encoding;
  readonly table: string;
  readonly original: string;
  readonly residual: string;
}

export interface Confirmation {
  /** Tells this change from a later one. */
  readonly token: string;
  readonly seconds: number;
  /** Milliseconds since the epoch; null while it is being installed. */
  readonly deadline: number | null;
  /** The process that undoes it. */
  readonly guardian: ProcessId | null;
}

export interface Install {
  readonly version: 1;
  readonly bpffs: string;
  /** Each with the program that it had before; null: none of ours. */
  readonly devices: readonly { readonly name: string; readonly before: number | null }[];
  /** Who is changing things right now; null: nobody. Somebody who is dead did not finish. */
  readonly owner: ProcessId | null;
  readonly confirm: Confirmation | null;
  /** In the order they are made. */
  readonly swaps: readonly Swap[];
}

const fileOf = (state: string): string => join(state, 'install.json');

/** Null: nothing is to be undone. Throws LoadError when that cannot be told. */
export function readInstall(state: string): Install | null {
  try {
    const install = JSON.parse(readFileSync(fileOf(state), 'utf8')) as Install;
    if ((install.version as number) === 1) return install;
    throw new Error(`is of version ${String(install.version)}`);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new LoadError({
      errno: 5,
      step: 'read state',
      message: `what an earlier run has changed cannot be read: ${fileOf(state)}: ${message}`,
      hint: code === 'EACCES' ? 'run it as root' : 'see what is in the file; it holds the original tables',
      cause,
    });
  }
}

/** Throws LoadError: then nothing may be changed, for it could not be undone. */
export function writeInstall(state: string, install: Install): void {
  try {
    prepareState(state);
    writeFileAtomically(fileOf(state), `${JSON.stringify(install)}\n`);
  } catch (cause) {
    const { message } = cause as NodeJS.ErrnoException;
    throw new LoadError({
      errno: 28,
      step: 'keep state',
      message: `what would have to be undone cannot be kept in ${state}: ${message}`,
      hint: 'free some space or name another directory with --state',
      cause,
    });
  }
}

export const forgetInstall = (state: string): void => rmSync(fileOf(state), { force: true });

/** Makes the directory, mode 0700. */
export const prepareState = (state: string): void => void mkdirSync(state, { recursive: true, mode: 0o700 });
