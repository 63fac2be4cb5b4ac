/**
 * What planning costs: `bin/offload FILE…` against the tool that reads the same file without loading it, CPU time and most memory used.
 * `npx tsx bench/planning.ts [--elements 1000000] [--rules 100000] [--rounds 5] [--json FILE]`. Needs root: the tools run in a namespace.
 *
 * Both take turns, so that a noisy minute hits both; the table gives medians and their ratio.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { repository, withNamespaces } from '../test/kernel/namespace.js';
import { planningCases, type PlanningCase } from './planning-inputs.js';

const { values: options } = parseArgs({
  options: {
    elements: { type: 'string', default: '1000000' },
    rules: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});

interface Cost {
  /** User and system. */
  readonly seconds: number;
  /** Most memory resident. */
  readonly megabytes: number;
}

interface Result {
  readonly name: string;
  readonly offload: readonly Cost[];
  /** Empty where nothing else does the same. */
  readonly rival: readonly Cost[];
  readonly rivalCommand: string | null;
}

/** npm puts a package of the name of nft first. */
const path = (process.env['PATH'] ?? '')
  .split(':')
  .filter((part) => !part.includes('node_modules'))
  .join(':');

/** GNU time's own words, for the child's resource usage. */
function costOf(command: readonly string[], directory: string): Cost {
  const done = spawnSync('time', ['--quiet', '-f', '%U %S %M', '-o', join(directory, 'cost'), ...command], {
    cwd: directory,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (done.status !== 0) throw new Error(`${command.join(' ')} failed: ${done.stderr.slice(0, 500)}`);
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(join(directory, 'cost'), 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return { seconds: user + system, megabytes: kilobytes / 1024 };
}

function measure(one: PlanningCase, namespace: string, directory: string, rounds: number): Result {
  for (const [name, text] of Object.entries(one.files)) writeFileSync(join(directory, name), text);
  const [offload, rival]: [Cost[], Cost[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    if (one.rival) rival.push(costOf(['ip', 'netns', 'exec', namespace, ...one.rival], directory));
    offload.push(costOf([join(repository, 'bin/offload'), ...Object.keys(one.files)], directory));
  }
  return { name: one.name, offload, rival, rivalCommand: one.rival?.join(' ') ?? null };
}

const median = (costs: readonly Cost[], of: keyof Cost): number =>
  costs.map((cost) => cost[of]).sort((a, b) => a - b)[costs.length >> 1] ?? NaN;

function show(results: readonly Result[]): string {
  const table = new Table({ head: ['ruleset', 'offload', 'tool', 'time', 'memory', 'against'] });
  const cost = (costs: readonly Cost[]): string =>
    `${median(costs, 'seconds').toFixed(2)} s ${median(costs, 'megabytes').toFixed(0)} MB`;
  for (const { name, offload, rival, rivalCommand } of results) {
    const ratio = (of: keyof Cost): string => `${(median(offload, of) / median(rival, of)).toFixed(2)}×`;
    const against = rival.length > 0 ? [cost(rival), ratio('seconds'), ratio('megabytes')] : ['', '', ''];
    table.push([name, cost(offload), ...against, rivalCommand ?? '']);
  }
  return table.toString();
}

await withNamespaces(
  {
    log: (...lines) => {
      console.error(...lines);
    },
  },
  async (net) => {
    const directory = mkdtempSync(join(tmpdir(), 'offload-planning-'));
    try {
      const cases = planningCases(Number(options.elements), Number(options.rules));
      const results = cases.map((one) => measure(one, net.namespace('plan'), directory, Number(options.rounds)));
      console.log(show(results));
      if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, null, 2));
    } finally {
      rmSync(directory, { recursive: true });
    }
    await Promise.resolve();
  },
);
