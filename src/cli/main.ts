/** `offload`: turns a command line into a command, and what a command throws into an exit code. In a thread it plans for one that watches. */
import { isMainThread } from 'node:worker_threads';
import { servePlanning } from './planning-thread.js';
import { run } from './run.js';

if (isMainThread) process.exitCode = await run(process.argv.slice(2));
else servePlanning();
