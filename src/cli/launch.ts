/**
 * `dist/command/main.js`: the command as one script. Half of the time of a short run was V8's, compiling it; what V8 has compiled when the
 * command was built lies beside it. V8 refuses that, and compiles as ever, when it is another version or has other options.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function compiled(): Uint8Array | undefined {
  try {
    return readFileSync(beside('command.cache'));
  } catch {
    return undefined;
  }
}

const filename = beside('command.cjs');
const cachedData = compiled();
// All of its letters are ASCII.
const script = new Script(readFileSync(filename, 'latin1'), { filename, ...(cachedData && { cachedData }) });
// A run of a second is over before most of what V8 optimizes has paid: it took a quarter of all the work of an attach. So it begins later;
// told behind the script, whose cache is refused under other flags. Another version may have no such flag, or mean something else by it.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=300000');
/** As scripts/build.mjs wraps it. Modules within take `main.js`, which starts them again, for their own place. */
type Wrapped = (require: NodeJS.Require, module: object, ownUrl: string) => void;
const module = { exports: {} as { readonly start: () => Promise<void> } };
(script.runInThisContext() as Wrapped)(createRequire(import.meta.url), module, import.meta.url);
await module.exports.start();
