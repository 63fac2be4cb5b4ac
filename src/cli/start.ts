/** Turns the command line of this process into an exit code. In a thread it plans for one that watches. */
import { isMainThread } from 'node:worker_threads';
import { servePlanning } from './planning-thread.js';
import { run } from './run.js';

export async function start(): Promise<void> {
  if (isMainThread) process.exitCode = await run(process.argv.slice(2));
  else servePlanning();
}
