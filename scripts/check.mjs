// The gate: format, lint (with import direction), types, and the C sources' format. Runs every check and says which failed.
import { spawnSync } from 'node:child_process';
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

/** [passed, failed] */
export function check() {
  let failed = 0;
  for (const [name, program, args] of checks) {
    const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
    const ok = result.status === 0;
    console.log(`${ok ? 'ok' : 'not ok'} - check: ${name}`);
    if (!ok) {
      failed++;
      const lines = result.error ? [String(result.error)] : `${result.stdout}${result.stderr}`.trimEnd().split('\n');
      console.log(lines.slice(0, shownLines).join('\n'));
      if (lines.length > shownLines) console.log(`… and ${lines.length - shownLines} more lines`);
    }
  }
  return [checks.length - failed, failed];
}

if (process.argv[1]?.endsWith('check.mjs')) process.exit(check()[1] === 0 ? 0 : 1);
