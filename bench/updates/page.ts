/** Goals, charts and text of updates. */
import { lineChart } from '../chart/line-chart.js';
import { barChart } from '../chart/bar-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { goalOf, measurementsOf, type Chart, type Page } from '../report/page.js';
import { inPlace, library, reading, replaced, replacing, scenarios } from './names.js';

function goals(result: PartResult): Goal[] {
  const at = (subject: string, scenario: string, size: number): (number | null)[] =>
    measurementsOf(result, subject, scenario)
      .filter((one) => one.size === size)
      .map(({ median }) => median);
  const seconds = (...what: Parameters<typeof at>): (number | null)[] =>
    at(...what).map((ms) => (ms === null ? null : ms / 1000));
  return [
    ...goalOf('one element more in a set of 1 M, in process', 'ms', 'at most', 1, at(inPlace, scenarios.one, 1_000_000)),
    ...goalOf('10,000 elements more in a set of 1 M, in process', 'ms', 'at most', 50, at(inPlace, scenarios.many, 1_000_000)),
    ...Object.values(replaced).flatMap((list) =>
      goalOf(`100,000 ${list} replaced`, 's', 'at most', 1, seconds(library, replacing(list), 100_000)),
    ),
    ...goalOf('1,000,000 counters read, in process', 's', 'at most', 1, seconds(reading, scenarios.counters, 1_000_000)),
  ];
} // prettier-ignore

const subjectsOf = (result: PartResult, scenario: string): string[] => [
  ...new Set(result.measurements.filter((one) => one.scenario === scenario).map(({ subject }) => subject)),
];

function charts(result: PartResult): Chart[] {
  const colours = [1, 4, 3, 2, 5, 0];
  const lines = subjectsOf(result, scenarios.one).map((name, i) => ({
    name,
    points: measurementsOf(result, name, scenarios.one),
    colour: colours[i] ?? i,
  }));
  const title = 'Adding one source to a list';
  const subtitle = 'Milliseconds of the command, or of the call of the library; medians, and the middle half of the samples';
  const line = lineChart({ title, subtitle, x: 'sources in the list', y: 'ms', lines });
  const found = result.measurements.filter(({ scenario }) => scenario === scenarios.mitigation);
  const size = found[0]?.size ?? 0;
  const bars = found.map((value) => ({ name: value.subject, value }));
  const until = `Time to mitigation, a list of ${sizeText(size)}`;
  const bar = barChart({
    title: until,
    subtitle: 'Milliseconds from the start of the change to the last packet of the source; medians, the middle half as a line',
    x: 'ms',
    bars,
    ours: (name) => name.startsWith('offload'),
  });
  return [
    ...(lines.length === 0 ? [] : [{ file: 'updates-one.svg', alt: `${title}, over its length`, svg: line }]),
    ...(bars.length === 0 ? [] : [{ file: 'updates-mitigation.svg', alt: until, svg: bar }]),
  ];
} // prettier-ignore

function findings(result: PartResult): string {
  const rows = result.measurements.map(({ scenario, size, subject, median, low, high }) => [
    scenario,
    sizeText(size ?? 0),
    subject,
    figures(median),
    `${figures(low)}–${figures(high)}`,
  ]);
  return table(['what', 'size', 'by', 'ms', 'middle half'], rows, [1, 3, 4]);
}

export const updatesPage: Page = {
  title: 'Updates',
  goals,
  charts,
  method: `A list of sources is blocked; then one source, or ten thousand, are added, and removed again before the next turn. Commands are timed from
their start to their end, with what it takes to start them, as a script pays it.

- _offload, in place_: a process that holds the plan stores into the tables of the running program by the library (\`src/update\`); the time is
  that of the call. What reads the change from the kernel's set comes on top.
- _offload, run again_: the command on the changed dump: it reads, plans, loads, verifies with some thousands of frames, and replaces the program.
- _offload, whole replacement_: the same of iptables lines, or nft rules, in a process that has the library loaded, without verification.
- _Time to mitigation_: a sender sends a datagram each millisecond from one source; the time is from the start of the change to the last
  datagram that arrived, so it is right to about a millisecond and may be 0.
`,
  findings,
};
