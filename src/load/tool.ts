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
  /** Instead of `stdout` it went to the file that was given for that. */
  readonly isWritten: boolean;
}

/** Where an output goes that is more bytes than `held`. */
export interface Overflow {
  readonly held: number;
  readonly descriptor: number;
}

/** Milliseconds; none takes so long. */
const timeout = 600_000;

/** No shell is involved. Whoever has loaded the addon has much memory, of which Node's own way would copy the page tables. `long`: for the addon. */
export function runTool(
  command: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
  long: Overflow | null = null,
): Ended {
  const native = nativeIfLoaded();
  return native === null ? byNode(command, args, input) : byAddon(native, [command, ...args], input, long);
}

function byNode(command: string, args: readonly string[], input: Uint8Array): Ended {
  const options = { input, maxBuffer: mostOutput, timeout, env: toolEnvironment() };
  const { error, status, stdout, stderr } = spawnSync(command, args, options);
  return { error: error ?? null, code: status, stdout, stderr, isWritten: false };
}

function byAddon(native: NativeApi, words: readonly string[], input: Uint8Array, long: Overflow | null): Ended {
  const file = long === null ? ([] as const) : ([long.held, long.descriptor] as const);
  try {
    const places = placesOf(words[0]!);
    const ended = native.runTool(places, words, environmentLines(), input, timeout, mostOutput, ...file);
    return { error: null, ...ended, isWritten: ended.written > 0 };
  } catch (error) {
    if (!isNativeError(error)) throw error;
    return { error, code: null, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), isWritten: false };
  }
}
