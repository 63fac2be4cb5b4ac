/**
 * `--confirm`: a process of its own session undoes the change unless it is confirmed. It outlives the terminal and the run that started it; if
 * the run dies in the middle of the change, it undoes that at once. If it dies itself, the next run of offload does its work.
 */
import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { LoadError } from '../load/load-error.js';
import { packageRoot } from '../load/package-root.js';
import { lockDirectory } from '../load/lock.js';
import { loadNative } from '../load/native.js';
import { type Confirmation, readInstall } from '../state/install.js';
import { isAlive, processId, type ProcessId } from '../state/process-id.js';
import { undo } from '../state/undo.js';
import { stateOption } from './option.js';

/** Milliseconds between looks at the state directory. */
const interval = 200;

/** Throws LoadError: then nothing is changed, for nobody would undo it. */
export function startGuard(state: string): ProcessId {
  const main = fileURLToPath(new URL(`./main${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  // `detached` is setsid(2): a terminal that is closed takes its session with it, and this is another one.
  const child = spawn(process.execPath, [...process.execArgv, main, 'guard', '--state', state], {
    detached: true,
    stdio: 'ignore',
    cwd: packageRoot(),
  });
  child.on('error', () => undefined);
  child.unref();
  const id = child.pid === undefined ? null : processId(child.pid);
  if (id !== null) return id;
  throw new LoadError({
    errno: 11,
    step: 'start guard',
    message: 'the process that would undo the change cannot be started, so nothing was changed',
  });
}

export function addGuardCommand(program: Command): void {
  program
    .command('guard', { hidden: true })
    .description('undo the change unless it is confirmed (started by --confirm)')
    .addOption(stateOption())
    .action(({ state }: { readonly state: string }) => guard(state));
}

async function guard(state: string): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  const token = readInstall(state)?.confirm?.token;
  /** Monotonic, so that setting the clock neither shortens nor lengthens the time. */
  let until: number | null = null;
  for (;;) {
    const install = readInstall(state);
    if (!install?.confirm || install.confirm.token !== token) return;
    const died = install.owner !== null && !isAlive(install.owner);
    if (install.owner === null) until ??= performance.now() + remaining(install.confirm);
    if (died || (until !== null && performance.now() >= until)) return undoUnconfirmed(state, token);
    await setTimeout(interval);
  }
}

const remaining = ({ deadline, seconds }: Confirmation): number =>
  Math.min(seconds * 1000, Math.max(0, (deadline ?? 0) - Date.now()));

async function undoUnconfirmed(state: string, token: string | undefined): Promise<void> {
  const native = loadNative();
  const lock = await lockDirectory(native, state, Number.POSITIVE_INFINITY);
  try {
    const install = readInstall(state);
    // Confirmed, or undone by another run, while this one waited for the lock.
    if (!install?.confirm || install.confirm.token !== token) return;
    await undo(install, { native, state, force: true });
  } finally {
    lock.close();
  }
}
