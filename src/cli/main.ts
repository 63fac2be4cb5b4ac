/** `offload`: turns a command line into a command, and what a command throws into an exit code. */
import { run } from './run.js';

process.exitCode = await run(process.argv.slice(2));
