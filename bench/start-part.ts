/** Starts a part in a process of its own, with mounts and a network that vanish with it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../test/kernel/namespace.js';
import { endProgress } from './harness/progress.js';
import { parts } from './parts.js';
import type { Order } from './run-part.js';

/** MiB of the part's own heap; a leak ends the part and not the machine. */
const heap = 4096;
/** Times what a part is to take, with loading, after which it is ended. */
const patience = 3;

/** Somebody ended the run. */
export class Interrupted extends Error {}

/** Throws when the part fails. What it made is gone then too: it cleans up at SIGTERM, and its namespaces live in its mounts. */
export function startPart(order: Order): Promise<void> {
  const node = [process.execPath, `--max-old-space-size=${heap}`, '--import=tsx', 'bench/run-part.ts'];
  const alone = ['setpriv', '--pdeathsig', 'TERM', 'unshare', '--mount', '--net'];
  const [command, ...args] = [...alone, ...node, JSON.stringify(order)];
  const child = spawn(command, args, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'] });
  let interrupted = false;
  const end = (): void => void child.kill('SIGTERM');
  const interrupt = (): void => {
    interrupted = true;
    end();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((signal) => process.on(signal, interrupt));
  const timer = setTimeout(end, (parts[order.part].seconds * patience + 120) * 1000);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      signals.forEach((name) => process.off(name, interrupt));
      endProgress();
      if (interrupted) fail(new Interrupted());
      else if (code === 0) done();
      else fail(new Error(`${join('bench', order.part)} failed (${signal ?? code}); nothing of it is kept`));
    });
  });
}
