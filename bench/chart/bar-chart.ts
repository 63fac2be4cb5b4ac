/** Horizontal bars: medians, the middle half of the samples as a whisker, and the figure beside it. */
import * as Plot from '@observablehq/plot';
import type { Measurement } from '../harness/result.js';
import { figure, palette, width } from './figure.js';
import { figures, short } from './number-text.js';

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly bars: readonly { readonly name: string; readonly value: Measurement }[];
  /** Bars of the product stand out. */
  readonly ours: (name: string) => boolean;
}

const barHeight = 34;

export function barChart({ title, subtitle, x, bars, ours }: BarChart): string {
  const rows = bars.map(({ name, value: { median, low, high } }) => ({ name, median, low, high }));
  const most = Math.max(...rows.map(({ high }) => high));
  const left = 24 + 7 * Math.max(...rows.map(({ name }) => name.length));
  return figure({
    title,
    subtitle,
    legend: [],
    options: {
      width,
      height: 60 + barHeight * rows.length,
      marginLeft: left,
      marginRight: 70,
      marginBottom: 44,
      marginTop: 6,
      x: { label: x, labelAnchor: 'center', labelArrow: false, grid: true, domain: [0, most * 1.04], tickFormat: short },
      y: { label: null, domain: rows.map(({ name }) => name), padding: 0.25, tickSize: 0 },
      marks: [
        Plot.barX(rows, { y: 'name', x: 'median', fill: ({ name }: { name: string }) => (ours(name) ? palette[0] : '#b9bec4') }),
        Plot.ruleY(rows, { y: 'name', x1: 'low', x2: 'high', stroke: '#333', strokeWidth: 1.5 }),
        Plot.text(rows, { y: 'name', x: 'high', text: ({ median }: { median: number }) => figures(median), dx: 6, textAnchor: 'start', fill: '#222' }),
        Plot.ruleX([0]),
      ],
    },
  }); // prettier-ignore
}
