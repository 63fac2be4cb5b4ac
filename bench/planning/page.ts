/** Goals, charts and text of planning. */
import { barChart } from '../chart/bar-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, Measurement, PartResult, Unit } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { compared, goalOf, ratio, type Chart, type Page } from '../report/page.js';

const of = (result: PartResult, scenario: string, subject: string, unit: Unit): Measurement | undefined =>
  result.measurements.find((one) => one.scenario === scenario && one.subject === subject && one.unit === unit);

function goals(result: PartResult): Goal[] {
  const times = (scenario: string, rival: string): (number | null)[] => [
    compared(of(result, scenario, 'offload', 's'), of(result, scenario, rival, 's'), ratio),
  ];
  const memory = (scenario: string): (number | null)[] => [of(result, scenario, 'offload', 'MB')?.median ?? null];
  const interval = 'elements of an nft interval set';
  const ipv6 = 'IPv6 elements of an nft set';
  return [
    ...goalOf('planning iptables rules against iptables-nft-restore', '×', 'at most', 2, times('iptables rules', 'iptables-nft-restore')),
    ...goalOf('planning an nft set against nft -f', '×', 'at most', 1, times(interval, 'nft -f')),
    ...goalOf('planning an nft set of IPv6 addresses against nft -f', '×', 'at most', 1, times(ipv6, 'nft -f')),
    ...goalOf('memory for 1 M elements', 'MB', 'at most', 1000, [interval, ipv6, 'ipset elements'].flatMap(memory)),
    ...goalOf('memory for 10 M elements (stretch)', 'MB', 'at most', 1000, memory('elements of one nft set')),
    ...goalOf('planning an ipset against nft -f of as many elements', '×', 'at most', 1, [
      compared(of(result, 'ipset elements', 'offload', 's'), of(result, interval, 'nft -f', 's'), ratio),
    ]),
  ];
} // prettier-ignore

function charts(result: PartResult): Chart[] {
  const bars = result.measurements
    .filter(({ unit }) => unit === 's')
    .map((value) => ({ name: `${value.subject}: ${sizeText(value.size ?? 0)} ${value.scenario}`, value }));
  const title = 'Reading and planning, beside the tools that load the same file';
  const subtitle = 'Seconds on the clock; medians, the middle half of the samples as a line';
  const svg = barChart({ title, subtitle, x: 'seconds', bars, ours: (name) => name.startsWith('offload') });
  return [{ file: 'planning.svg', alt: title, svg }];
}

function findings(result: PartResult): string {
  const rows = result.measurements
    .filter(({ unit }) => unit === 's')
    .map((one) => [
      `${sizeText(one.size ?? 0)} ${one.scenario}`,
      one.subject,
      figures(one.median),
      `${figures(one.low)}–${figures(one.high)}`,
      figures(of(result, one.scenario, one.subject, 'MB')?.median ?? NaN),
    ]);
  return table(['ruleset', 'program', 's', 'middle half', 'MB'], rows, [2, 3, 4]);
}

export const planningPage: Page = {
  title: 'Planning',
  goals,
  charts,
  method: `\`bin/offload FILE…\` reads, plans, compiles and prints its report; the tools really load the same file, each into a network namespace of its own.
Time on the clock of the whole command, and the most memory resident in the process; what the kernel holds is not counted.
`,
  findings,
};
