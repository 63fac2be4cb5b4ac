/**
 * Scripts that tests run in namespaces, as one file of JavaScript each: a node that begins with it is ready in a third of the time that
 * it takes with TypeScript, and a run of many rulesets begins thousands.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const made = new Map<string, string>();

/**
 * Path of the bundle of a script, made when first asked for in this process, or in the suite, which begins without any. Beneath the
 * repository: the addon is found from there.
 */
export function bundled(repository: string, script: string): string {
  const known = made.get(script);
  if (known !== undefined) return known;
  const directory = join(repository, 'build/test');
  const path = join(directory, script.replaceAll('/', '-').replace(/\.ts$/, '.mjs'));
  mkdirSync(directory, { recursive: true });
  if (process.env['OFFLOAD_SUITE'] === undefined || !existsSync(path)) bundle(resolve(repository, script), path);
  made.set(script, path);
  return path;
}

function bundle(script: string, path: string): void {
  const own = `${path}.${process.pid}`;
  buildSync({
    entryPoints: [script],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: own,
    logLevel: 'error',
    // What is CommonJS within (nearley, ajv) asks for Node's modules by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  // At once, for test files run beside each other.
  renameSync(own, path);
}
