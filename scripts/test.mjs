// Every ava test, two files at a time: first those without kernel side effects, then those in namespaces of their own.
// A skipped or to-do test counts as failed. Last line: "N passed, N failed".
// Options: --unit (no kernel tests), --kernel (only them), --check (before them: what `npm run check` does).
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { check } from './check.mjs';

const options = new Set(process.argv.slice(2));
const unit = !options.has('--kernel');
const kernel = !options.has('--unit');

/** Runs ava with TAP output; quiet about what passes, verbatim about what does not. */
async function ava(files) {
  const child = spawn(join('node_modules/.bin', 'ava'), ['--tap', '--concurrency=2', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const count = { passed: 0, failed: 0 };
  let telling = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const result = /^(not )?ok \d+/.exec(line);
    if (result) {
      const bad = result[1] !== undefined || /# (SKIP|TODO)/i.test(line);
      count[bad ? 'failed' : 'passed']++;
      telling = bad;
      console.log(bad && result[1] === undefined ? `not ${line} (a skip is a failure)` : line);
    } else if (telling && !/^(#|1\.\.)/.test(line)) {
      console.log(line);
    }
  }
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

const totals = [];
if (options.has('--check')) totals.push(await check());
if (unit) totals.push(await ava(testFiles.filter((file) => !isKernel(file))));
if (kernel) totals.push(await ava(testFiles.filter(isKernel)));
const passed = totals.reduce((sum, [ok]) => sum + ok, 0);
const failed = totals.reduce((sum, [, bad]) => sum + bad, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
