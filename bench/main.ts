/** `npm run bench`: measures the parts that are asked for, each in a process of its own, and writes what they found. See README.md here. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { repository } from '../test/kernel/namespace.js';
import { installPackages } from './harness/packages.js';
import { readResult } from './harness/result.js';
import { writeResult } from './harness/write-result.js';
import { pages } from './pages.js';
import { partNames, parts, type PartName } from './parts.js';
import { printFindings } from './report/print.js';
import { writePages } from './report/write-pages.js';
import { Interrupted, startPart } from './start-part.js';

interface Options {
  readonly quick?: true;
  readonly rounds?: number;
  readonly only: string;
  readonly against: readonly string[];
  readonly out?: string;
  readonly pages?: true;
}

/** Figures that are told are in docs/; what was only tried is not. */
const [told, tried] = ['docs/benchmarks', 'build/bench/results'].map((path) => join(repository, path)) as [string, string]; // prettier-ignore

const roundsOf = (text: string): number => {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new InvalidArgumentError('a number of rounds is wanted');
  return rounds;
};

const program = new Command('npm run bench --')
  .description('measures offload and what it is compared with; needs root')
  .argument('[part...]', `of ${partNames.join(', ')}; all of them if none is named`)
  .option('--quick', 'small sizes and few rounds, to try the way; writes to build/bench/results')
  .addOption(new Option('--rounds <n>', 'counted rounds (default: 9, quick 3)').argParser(roundsOf))
  .option('--only <regexp>', 'data plane: what this matches, by its name; writes to build/bench/results', '')
  .option('--against <pin...>', 'data plane: measure these pinned XDP programs too', [])
  .option('--out <dir>', 'results, page and charts go here')
  .option('--pages', 'measure nothing: make page and charts anew from the results')
  .action(main);

async function main(asked: readonly string[], options: Options): Promise<void> {
  const names = asked.length === 0 ? partNames : asked.map(partName);
  const directory = options.out ?? (options.quick === true || options.only !== '' ? tried : told);
  if (options.pages !== true) {
    if (process.getuid?.() !== 0) program.error('error: needs root, for network namespaces and XDP');
    build();
    for (const name of names) await measureOrTell(name, directory, options);
  }
  writePages(directory, directory === told ? join(repository, 'README.md') : null);
  process.stdout.write(`${join(directory, 'README.md')} and its charts are written\n`);
}

function partName(text: string): PartName {
  const found = partNames.find((name) => name === text);
  return found ?? program.error(`error: no part ${text}; there are ${partNames.join(', ')}`);
}

/** The command and its program as the sources are, and the programs that are only measured. */
function build(): void {
  for (const [command, args] of [
    [process.execPath, ['scripts/build.mjs', 'grammar', 'dist', 'bpf', 'addon']],
    ['sh', ['bpf/build.sh', 'bench/bpf', 'build/bench/bpf']],
  ] as const) {
    const { status } = spawnSync(command, args, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) program.error('error: the build failed; ./setup installs what it needs');
  }
}

/** A part that fails takes no other with it: its older result stays, and the exit code tells. */
async function measureOrTell(name: PartName, directory: string, options: Options): Promise<void> {
  try {
    await measure(name, directory, options);
  } catch (error) {
    if (error instanceof Interrupted) process.exit(130);
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function measure(name: PartName, directory: string, options: Options): Promise<void> {
  const quick = options.quick === true;
  const tell = (text: string): void => void process.stderr.write(`bench: ${text}\n`);
  const missing = installPackages(parts[name].packages, tell);
  const out = join(directory, `${name}.json`);
  await startPart({
    part: name,
    out,
    rounds: options.rounds ?? (quick ? 3 : 9),
    quick,
    only: options.only,
    against: options.against,
    remarks: missing.map((absent) => `${absent} is not installed`),
  });
  const found = readResult(out);
  const result = { ...found, goals: pages[name]?.goals(found) ?? [] };
  writeResult(out, result);
  process.stdout.write(printFindings(result));
}

await program.parseAsync();
