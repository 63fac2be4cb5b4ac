/** Charts and text of the goodput under a flood. */
import { lineChart } from '../chart/line-chart.js';
import { figures, short, sizeText } from '../chart/number-text.js';
import type { PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { measurementsOf, type Chart, type Page } from '../report/page.js';
import { defended, noDefence, scenarios } from './names.js';

/** The product last, so that it lies on top; colours as in the palette. */
const order = [noDefence, ...defended] as const;
const colours = [7, 1, 3, 2, 5, 0];

function charts(result: PartResult): Chart[] {
  const lines = order.map((name, i) => ({
    name,
    points: measurementsOf(result, name, scenarios.requests),
    colour: colours[i] ?? i,
    dashed: name === noDefence,
  }));
  const title = 'A web server under a flood';
  const svg = lineChart({
    title,
    subtitle:
      'Requests per second that legitimate clients get, over the rate of a flood that the server’s core has to deal with',
    x: 'packets per second of the flood',
    y: 'requests per second',
    lines,
    linearX: true,
    linearY: true,
  });
  return [{ file: 'goodput.svg', alt: `${title}: requests per second over the rate of the flood, by defence`, svg }];
}

function findings(result: PartResult): string {
  const rates = [...new Set(result.measurements.map(({ size }) => size ?? 0))].sort((a, b) => a - b);
  const cell = (name: string, rate: number): string => {
    const of = (scenario: string): number =>
      measurementsOf(result, name, scenario).find(({ size }) => size === rate)?.median ?? NaN;
    const sent = of(scenarios.sent) * 1e6;
    // What the core could not even take in is not its goodput under that rate.
    const short_ = rate > 0 && sent < 0.95 * rate ? ` (at ${short(sent)})` : '';
    return `${figures(of(scenarios.requests))}${short_}`;
  };
  const rows = order.map((name) => [name, ...rates.map((rate) => cell(name, rate))]);
  return table(['requests/s, under packets/s:', ...rates.map(sizeText)], rows, rates.map((_, i) => i + 1));
} // prettier-ignore

export const goodputPage: Page = {
  title: 'Goodput under a flood',
  goals: () => [],
  charts,
  method: `nginx and the flood share a core, wrk (32 connections) has the other. The flood is live frames at a fixed rate from 1,024 blocked sources, sent
by a process of the highest ordinary priority (nice -20): nearly like a card's interrupts it comes before what the server wants to do, and the
server has what is left of the core. Flood and clients arrive on the same device. Where a defence is so slow that the flood itself could not be sent at its
rate, the rate that was sent stands in parentheses.

Limits: making the frames costs the same core some 50 ns each, which a real flood would not; so all defences look a little slower than they are.
The scheduler leaves the server about one part in ninety even where the flood would take all of the core.
`,
  findings,
};
