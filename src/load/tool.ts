/** The system's own tools: where they are looked for, what they are told of their surroundings, and how they are run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isNativeError } from './load-error.js';
import type { NativeApi } from './native-api.js';
import { nativeIfLoaded } from './native.js';

/** Largest output taken, bytes: what a string can hold. */
export const mostOutput = 512 * 1024 * 1024 - 1024;

/** Administration tools are not in every user's PATH. */
const path = (): string => `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** What is printed is read: in no language but the program's own. */
export const toolEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C', PATH: path() });

export const environmentLines = (): readonly string[] =>
  Object.entries(toolEnvironment()).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));

/** Files that `command` may be, in the order of preference. */
export const placesOf = (command: string): readonly string[] =>
  command.includes('/')
    ? [command]
    : path()
        .split(':')
        .map((directory) => join(directory === '' ? '.' : directory, command));

export interface Ended {
  /** It was not run, or not to its end; ENOENT: there is none. */
  readonly error: NodeJS.ErrnoException | null;
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Milliseconds; none takes so long. */
const timeout = 600_000;

/** No shell is involved. Whoever has loaded the addon has much memory, of which Node's own way would copy the page tables. */
export function runTool(command: string, args: readonly string[], input: Uint8Array = new Uint8Array()): Ended {
  const native = nativeIfLoaded();
  return native === null ? byNode(command, args, input) : byAddon(native, command, args, input);
}

function byNode(command: string, args: readonly string[], input: Uint8Array): Ended {
  const options = { input, maxBuffer: mostOutput, timeout, env: toolEnvironment() };
  const { error, status, stdout, stderr } = spawnSync(command, args, options);
  return { error: error ?? null, code: status, stdout, stderr };
}

function byAddon(native: NativeApi, command: string, args: readonly string[], input: Uint8Array): Ended {
  try {
    const words = [command, ...args];
    return { error: null, ...native.runTool(placesOf(command), words, environmentLines(), input, timeout, mostOutput) };
  } catch (error) {
    if (!isNativeError(error)) throw error;
    return { error, code: null, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  }
}
