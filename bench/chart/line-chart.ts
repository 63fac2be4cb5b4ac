/** Lines over a size: medians, and the middle half of the samples as a band. */
import * as Plot from '@observablehq/plot';
import type { Measurement } from '../harness/result.js';
import { figure, palette, width } from './figure.js';
import { short } from './number-text.js';

export interface Line {
  readonly name: string;
  readonly points: readonly Measurement[];
  /** Of the palette; two lines of one colour are told apart by `dashed`. */
  readonly colour: number;
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** Both axes are logarithmic unless said otherwise. */
  readonly linearY?: boolean;
  readonly linearX?: boolean;
}

export function lineChart({ title, subtitle, x, y, lines, linearY, linearX }: LineChart): string {
  const colourOf = (line: Line): string => palette[line.colour % palette.length]!;
  const used = lines.filter(({ points }) => points.length > 0);
  const sizes = [...new Set(used.flatMap(({ points }) => points.map(({ size }) => size ?? 0)))].sort((a, b) => a - b);
  const marks = used.flatMap((line) => {
    const at = { x: (m: Measurement) => m.size ?? 0, stroke: colourOf(line) };
    const dash = line.dashed === true ? { strokeDasharray: '6 4' } : {};
    return [
      Plot.ruleX(line.points, { ...at, y1: 'low', y2: 'high', strokeWidth: 5, strokeOpacity: 0.25 }),
      Plot.line(line.points, { ...at, y: 'median', strokeWidth: 2, ...dash }),
      Plot.dot(line.points, { ...at, y: 'median', fill: line.dashed === true ? '#fff' : colourOf(line), r: 3.5 }),
    ];
  });
  return figure({
    title,
    subtitle,
    legend: used.map((line) => ({ name: line.name, colour: colourOf(line), dashed: line.dashed === true })),
    options: {
      height: 400,
      marginLeft: 64,
      marginRight: 24,
      marginBottom: 46,
      marginTop: 26,
      x: {
        type: linearX === true ? 'linear' : 'log',
        label: x,
        labelAnchor: 'center',
        labelArrow: false,
        ticks: sizes,
        tickFormat: short,
      },
      y: {
        ...(linearY === true ? { type: 'linear', zero: true, nice: true } : logScale(used)),
        label: y,
        labelArrow: false,
        labelOffset: 48,
        grid: true,
        tickFormat: short,
      },
      marks: [...marks, Plot.frame({ stroke: '#ccc', anchor: 'bottom' })],
      width,
    },
  });
}

/** A little more than what is there; fewer ticks of each decade the more decades there are. */
function logScale(lines: readonly Line[]): Plot.ScaleOptions {
  const values = lines.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high])).filter((v) => v > 0);
  const [least, most] = [Math.min(...values) * 0.9, Math.max(...values) * 1.1];
  const decades = Math.log10(most / least);
  const steps = decades > 3.5 ? [1] : decades > 1.3 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++)
    for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(2)));
  return { type: 'log', domain: [least, most], ticks: ticks.filter((tick) => tick >= least && tick <= most) };
}
