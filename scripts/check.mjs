// The gate: format, lint (with import direction), types, and the C sources' format. Runs every check, side by side, and says which failed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Of a failed check's output; the rest repeats it. */
const shownLines = 150;

const bin = (name) => join('node_modules/.bin', name);

function cSources() {
  return ['bpf', 'src/load/native', 'bench', 'test']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((path) => /\.(c|h|cc)$/.test(path) && !/\/(build|generated)\//.test(path) && !path.endsWith('vmlinux.h'));
}

const checks = [
  ['format (prettier)', bin('prettier'), ['--check', '--log-level=warn', '.']],
  ['types (tsc)', bin('tsc'), ['-p', 'tsconfig.json']],
  [
    'lint and import direction (eslint)',
    bin('eslint'),
    ['--max-warnings=0', '--no-error-on-unmatched-pattern', 'src', 'test', 'bench'],
  ],
  ['C format (clang-format)', 'clang-format', ['--dry-run', '-Werror', ...cSources()]],
];

/** What it printed, and whether it passed. */
function run(program, args) {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => done({ ok: false, output: String(error) }));
    child.on('close', (status) => done({ ok: status === 0, output: output.trimEnd() }));
  });
}

/** [passed, failed] */
export async function check() {
  let failed = 0;
  const results = checks.map(([, program, args]) => run(program, args));
  for (const [i, [name]] of checks.entries()) {
    const { ok, output } = await results[i];
    console.log(`${ok ? 'ok' : 'not ok'} - check: ${name}`);
    if (ok) continue;
    failed++;
    const lines = output.split('\n');
    console.log(lines.slice(0, shownLines).join('\n'));
    if (lines.length > shownLines) console.log(`… and ${lines.length - shownLines} more lines`);
  }
  return [checks.length - failed, failed];
}

if (process.argv[1]?.endsWith('check.mjs')) process.exit((await check())[1] === 0 ? 0 : 1);
