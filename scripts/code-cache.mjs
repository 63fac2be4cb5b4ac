// code-cache.mjs SCRIPT CACHE: what V8 has compiled of dist/command/command.cjs once it has planned a little, for src/cli/launch.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

const [file, cache] = process.argv.slice(2).map((path) => resolve(path));
const script = new Script(readFileSync(file, 'latin1'), { filename: file });
const module = { exports: {} };
script.runInThisContext()(createRequire(file), module, pathToFileURL(file).href);
for (const args of [['samples/web-server/rules.v4'], ['samples/nft-hand-written/ruleset.nft', '--format', 'json']]) {
  process.argv.splice(2, Infinity, ...args);
  await module.exports.start();
  if (process.exitCode) throw new Error(`offload ${args.join(' ')}: ${process.exitCode}`);
}
writeFileSync(cache, script.createCachedData());
