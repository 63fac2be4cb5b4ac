/** The command as users run it: one file, built from the sources as they are. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

// A stale build must not pass, and starting from the sources each time takes seconds. The suite has built it before its first test.
if (process.env['OFFLOAD_SUITE'] === undefined)
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), 'grammar', 'dist'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });

/** For node. */
export const command = join(root, 'dist/command/main.js');
