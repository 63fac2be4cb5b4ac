/** What planning costs: `bin/offload FILE…` beside the tool that loads the same file into the kernel; time and most memory used. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository, withNamespaces, type Net } from '../../test/kernel/namespace.js';
import { interleave, type Subject } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import type { Measurement } from '../harness/result.js';
import { planningCases, type PlanningCase } from './inputs.js';

/** npm puts a package of the name of nft first. */
const path = (process.env['PATH'] ?? '')
  .split(':')
  .filter((part) => !part.includes('node_modules'))
  .join(':');

interface Cost {
  /** On the clock. */
  readonly seconds: number;
  /** Most memory resident. */
  readonly megabytes: number;
}

/** GNU time's own words. */
function costOf(command: readonly string[], directory: string): Cost {
  const report = join(directory, 'cost');
  const done = spawnSync('time', ['--quiet', '-f', '%e %M', '-o', report, ...command], {
    cwd: directory,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    timeout: 300_000,
  });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command.join(' ')} failed: ${done.stderr.slice(0, 500)}`);
  const [seconds = NaN, kilobytes = NaN] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  return { seconds, megabytes: (kilobytes * 1024) / 1e6 };
}

function subjectOf(one: PlanningCase, name: string, command: readonly string[], directory: string): Subject {
  const what = { subject: name, scenario: one.name, size: one.size };
  let megabytes = NaN;
  const measure = (): number => {
    const cost = costOf(command, directory);
    megabytes = cost.megabytes;
    return cost.seconds;
  };
  return { ...what, unit: 's', measure, beside: [{ ...what, unit: 'MB', take: () => megabytes }] };
}

function subjectsOf(net: Net, one: PlanningCase, number: number): Subject[] {
  const directory = join(net.directory(), String(number));
  mkdirSync(directory);
  for (const [name, text] of Object.entries(one.files)) writeFileSync(join(directory, name), text);
  const offload = [join(repository, 'bin/offload'), ...Object.keys(one.files)];
  return [
    subjectOf(one, 'offload', offload, directory),
    ...Object.entries(one.rivals).map(([name, command]) => {
      // Each tool has a namespace of its own: what one has loaded is not another's to replace.
      const inside = ['nsenter', `--net=/run/netns/${net.namespace('plan')}`, ...command];
      return subjectOf(one, name, inside, directory);
    }),
  ];
}

async function measure(net: Net, context: Context): Promise<Measurement[]> {
  const sizes = context.quick
    ? { elements: 20_000, most: 100_000, rules: 2000 }
    : { elements: 1_000_000, most: 10_000_000, rules: 100_000 };
  const found: Measurement[] = [];
  const cases = planningCases(sizes);
  for (const [number, one] of cases.entries()) {
    const observe = (round: number, rounds: number): void =>
      context.tell(`${one.size} ${one.name}: round ${Math.max(0, round)} of ${rounds}`);
    // Programs that begin anew each time have nothing to warm up but the file cache, which the writing of the files has filled.
    const turns = { rounds: Math.min(5, context.rounds), seconds: context.seconds / cases.length, observe, warmUp: 0 };
    found.push(...(await interleave(subjectsOf(net, one, number), turns)));
  }
  return found;
}

async function run(context: Context): Promise<Outcome> {
  const log = { log: (...lines: string[]) => lines.forEach(context.tell) };
  const measurements = await withNamespaces(log, (net) => measure(net, context));
  return { settings: { rounds: Math.max(...measurements.map(({ samples }) => samples.length)) }, measurements };
}

export const planning: Part = {
  title: 'Planning',
  packages: ['iptables', 'ipset', 'nftables', 'time'],
  seconds: 260,
  run,
};
