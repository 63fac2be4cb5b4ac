// Every ava test, five files at a time, the long ones first; those of the kernel in namespaces of their own.
// A skipped or to-do test counts as failed. Last line: "N passed, N failed".
// Options: --unit (no kernel tests), --kernel (only them), --check (before them: what `npm run check` does).
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundleTests } from './bundle-tests.mjs';
import { check } from './check.mjs';
import { tellTap } from './tap.mjs';

const options = new Set(process.argv.slice(2));
const unit = !options.has('--kernel');
const kernel = !options.has('--unit');

// Where it names certificates, node reads all of them when it starts, which takes longer than the rest of its start: two thousand times here.
// No test speaks TLS.
delete process.env.NODE_EXTRA_CA_CERTS;

/** Runs ava; how many passed and failed. */
async function ava(files) {
  const child = spawn(join('node_modules/.bin', 'ava'), ['--config=scripts/suite.config.mjs', '--tap', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Tests start the command, and scripts of their own, as they were built for this run; nothing looks again whether it is stale.
    env: { ...process.env, OFFLOAD_SUITE: '1' },
  });
  const count = await tellTap(createInterface({ input: child.stdout }));
  const status = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  if (status !== 0 && count.failed === 0) {
    console.log(`not ok - ava ended with ${String(status)}`);
    count.failed = 1;
  }
  return [count.passed, count.failed];
}

const testFiles = readdirSync('test', { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
  .sort();
const isKernel = (file) => file.startsWith(join('test', 'kernel'));

const chosen = testFiles.filter((file) => (isKernel(file) ? kernel : unit));

const totals = [];
if (options.has('--check')) totals.push(await check());
// What cannot be built is told by it, and by the tests that need it.
spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
rmSync('build/test', { recursive: true, force: true });
const bundles = await bundleTests(chosen).catch(() => null); // esbuild has printed why
totals.push(bundles === null ? [0, 1] : await ava(bundles));
const passed = totals.reduce((sum, [ok]) => sum + ok, 0);
const failed = totals.reduce((sum, [, bad]) => sum + bad, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
