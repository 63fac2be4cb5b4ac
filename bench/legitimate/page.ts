/** Goals, charts and text of legitimate traffic. */
import { lineChart } from '../chart/line-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, Measurement, PartResult } from '../harness/result.js';
import { median } from '../harness/statistics.js';
import { table } from '../report/markdown.js';
import { compared, difference, goalOf, measurementsOf, ratio, type Chart, type Page } from '../report/page.js';
import { moved, noRules, original, scenarios } from './names.js';

const at = (result: PartResult, subject: string, scenario: string, size: number): Measurement | undefined =>
  measurementsOf(result, subject, scenario).find((one) => one.size === size);

/** How many times as fast behind the prefilter, at so many rules. */
function times(result: PartResult, scenario: string, size: number): number | null {
  const [before, after] = [original, moved].map((subject) => at(result, subject, scenario, size));
  return scenario === scenarios.requests ? compared(after, before, ratio) : compared(before, after, ratio);
}

export interface BreakEven {
  /** What the prefilter adds to a packet that it passes, in ns: the median over all numbers of rules, for it does not depend on them. */
  readonly added: number;
  /** What a rule adds to a packet that walks it, in ns. */
  readonly perRule: number;
  /** Rules from which on the prefilter pays for traffic that passes. */
  readonly rules: number;
}

/** Rules of which the cost of one is taken. */
const sample = 1000;

export function breakEven(result: PartResult): BreakEven | null {
  const floor = at(result, noRules, scenarios.packets, 0);
  const perThousand = compared(at(result, original, scenarios.packets, sample), floor, difference);
  const over = measurementsOf(result, moved, scenarios.packets).map((one) => compared(one, floor, difference));
  const known = over.filter((each): each is number => each !== null);
  if (perThousand === null || perThousand <= 0 || known.length === 0) return null;
  const [added, perRule] = [median(known), perThousand / sample];
  return { added, perRule, rules: Math.max(1, Math.ceil(added / perRule)) };
}

function goals(result: PartResult): Goal[] {
  const goal = (what: string, scenario: string): Goal[] =>
    goalOf(`${what} behind 10 k rules against the original ruleset`, '×', 'at least', 5, [times(result, scenario, 10_000)]);
  return [...goal('packets that pass', scenarios.packets), ...goal('HTTP requests', scenarios.requests)];
} // prettier-ignore

function chartOf(result: PartResult, file: string, scenario: string, title: string, y: string): Chart[] {
  const floor = measurementsOf(result, noRules, scenario)[0];
  const lines = [
    { name: original, points: measurementsOf(result, original, scenario), colour: 1 },
    { name: moved, points: measurementsOf(result, moved, scenario), colour: 0 },
  ];
  const sizes = lines.flatMap(({ points }) => points.map(({ size }) => size ?? 0));
  if (!floor || sizes.length === 0) return [];
  const ends = [Math.min(...sizes), Math.max(...sizes)];
  const none = { name: noRules, points: ends.map((size) => ({ ...floor, size })), colour: 6, dashed: true };
  const subtitle = 'Medians, and the middle half of the samples';
  const svg = lineChart({ title, subtitle, x: 'rules in INPUT', y, lines: [...lines, none] });
  return [{ file, alt: `${title}, over the number of rules`, svg }];
}

const charts = (result: PartResult): Chart[] => [
  ...chartOf(result, 'legitimate-packets.svg', scenarios.packets, 'What a packet costs that the firewall lets through', 'ns per packet'),
  ...chartOf(result, 'legitimate-requests.svg', scenarios.requests, 'Requests of legitimate clients', 'requests per second'),
  ...chartOf(result, 'legitimate-latency.svg', scenarios.median, 'Latency of legitimate clients', 'ms, half of the requests'),
]; // prettier-ignore

function breakEvenText(result: PartResult): string {
  const found = breakEven(result);
  if (!found) return '';
  const { added, perRule, rules } = found;
  if (added <= 0) return `Break-even: here the prefilter adds nothing that shows to a packet that passes, so one rule is enough.\n\n`;
  return (
    `Break-even: the prefilter adds ${figures(added)} ns to a packet that it passes, and a rule that it walks adds ${figures(perRule)} ns. So for traffic ` +
    `that passes it pays from ${sizeText(rules)} rules on, and with fewer it costs more than it saves, as long as nothing is dropped.\n\n`
  );
} // prettier-ignore

function findings(result: PartResult): string {
  const rows = result.measurements.map((one) => {
    const factor = one.subject === moved ? times(result, one.scenario, one.size ?? 0) : null;
    const range = `${figures(one.low)}–${figures(one.high)}`;
    return [one.scenario, sizeText(one.size ?? 0), one.subject, `${figures(one.median)} ${one.unit}`, range, factor === null ? '' : `${figures(factor)}×`];
  });
  return breakEvenText(result) + table(['traffic', 'rules', 'firewall', 'median', 'middle half', 'better by'], rows, [1, 3, 4, 5]);
} // prettier-ignore

export const legitimatePage: Page = {
  title: 'Legitimate traffic',
  goals,
  charts,
  method: `A blocklist of so many \`-A INPUT -s A -j DROP\` lines, in three states: not there, in iptables (legacy, whose walk over rules is the faster
one here), and attached by \`offload … --dev eth0 --residual\`, with the residual loaded. No client is on the list.

- _Packets_: live frames as in [drop capacity](#drop-capacity), from sources that nobody blocks; UDP to a closed port, where the stack counts them.
- _HTTP_: nginx, one process on one core, answers 512 bytes from memory; wrk in another namespace on the other core keeps connections open.
  Throughput with 32 connections, latency with one.

Limits: over a veth, a program costs TCP more than on a card: packets from a socket have to be copied for XDP. With an accept of tracked
connections above the blocklist (\`--ctstate ESTABLISHED -j ACCEPT\`) only new connections walk the rules, and there is less to gain.
`,
  findings,
};
