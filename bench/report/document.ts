/** Results -> the pages that tell them: docs/benchmarks/README.md, the charts beside it, and the part of the README that is about them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { figures } from '../chart/number-text.js';
import { readResult, type Goal, type PartResult } from '../harness/result.js';
import { pages } from '../pages.js';
import { table } from './markdown.js';
import type { Chart, Page } from './page.js';

interface Told {
  readonly page: Page;
  readonly result: PartResult;
  readonly charts: readonly Chart[];
}

/** Results in a directory, in the order of the pages. */
export function readResults(directory: string): PartResult[] {
  const files = existsSync(directory) ? new Set(readdirSync(directory)) : new Set<string>();
  return Object.keys(pages).flatMap((part) =>
    files.has(`${part}.json`) ? [readResult(join(directory, `${part}.json`))] : [],
  );
}

const tellOf = (result: PartResult): Told => {
  const page = pages[result.part];
  if (!page) throw new Error(`bug: no page for ${result.part}`);
  return { page, result, charts: page.charts(result) };
};

export const goalText = ({ figure, unit, sense, bound }: Goal): readonly [string, string] => {
  const number = (value: number): string => (unit === '×' ? `${figures(value)}×` : `${figures(value)} ${unit}`);
  return [`${sense === 'at most' ? '≤' : '≥'} ${number(bound)}`, number(figure)];
};

function goalsText(told: readonly Told[]): string {
  const rows = told.flatMap(({ result, page }) =>
    result.goals.map((goal) => [page.title, goal.goal, ...goalText(goal), goal.met ? 'met' : '**missed**']),
  );
  const met = told.flatMap(({ result }) => result.goals).filter((goal) => goal.met).length;
  if (rows.length === 0) return '';
  return `## Goals\n\n${met} of ${rows.length} met. Each is a ratio or a difference within one run; the worst case decides.\n\n${table(['part', 'goal', 'bound', 'found', ''], rows, [2, 3])}\n`;
}

function machineText({ result }: Told): string {
  const { machine, recorded, commit, seconds, settings } = result;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const set = Object.entries(settings).map(([name, value]) => `${name} ${value.toLocaleString('en-US')}`);
  return [
    `Measured ${recorded.slice(0, 10)} at commit ${commit} in ${seconds} s on ${machine.processors} × ${machine.processor} (${machine.caches}), ` +
      `${machine.memory} GiB, Linux ${machine.kernel}, ${machine.system}; load before it ${machine.load}. ${versions.join(', ')}. ` +
      `${set.join(', ')}.`,
    ...(result.full ? [] : ['**A short run, to try the benchmark: its figures say nothing.**']),
    ...result.remarks.map((remark) => `Left out: ${remark}.`),
  ].join('\n\n');
}

function partText(told: Told): string {
  const { page, result, charts } = told;
  const images = charts.map(({ file, alt }) => `![${alt}](${file})\n\n`).join('');
  return `## ${page.title}\n\n${page.method}\n${images}${page.findings(result).trimEnd()}\n\n${machineText(told)}\n`;
}

/** The text of docs/benchmarks/README.md. */
export function benchmarksText(results: readonly PartResult[]): string {
  const told = results.map(tellOf);
  const missing = Object.keys(pages).filter((part) => !results.some((result) => result.part === part));
  const still = missing.length === 0 ? '' : `Not measured yet: ${missing.join(', ')}.\n\n`;
  return `# Benchmarks

This page and its charts are made from the JSON files beside it ([schema](../../bench/harness/result.schema.json)); a test compares them.
\`npm run bench\` measures all of it again, as root on Debian 12, and \`npm run bench -- dataplane capacity\` parts of it
([how it works](../../bench/README.md)). Whatever is compared takes turns, round by round, so that a noisy minute hits all of it. Figures
are medians; the middle half of the samples lies in the range beside them.

${still}${goalsText(told)}${told.map(partText).join('\n')}`.replace(/\n{3,}/g, '\n\n').trimEnd() + '\n'; // prettier-ignore
}

export const chartsOf = (results: readonly PartResult[]): Chart[] => results.flatMap((result) => tellOf(result).charts);
