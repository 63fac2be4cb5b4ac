/** SVG of a plot, without a browser: a title, a legend that wraps, and the plot on a white ground, so that any page may show it. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export const width = 820;
const margin = 16;
const rowHeight = 20;
/** About, of a 13-pixel sans-serif letter; a legend that wraps a little early does no harm. */
const letterWidth = 7;

/** Colours that are told apart also with the common weaknesses of sight (Okabe and Ito, 2008), the product's first. */
export const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f', '#000000'];

const { document } = parseHTML('<!doctype html><html><body></body></html>');

export interface Swatch {
  readonly name: string;
  readonly colour: string;
  readonly dashed: boolean;
}

interface Frame {
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly Swatch[];
  readonly options: Plot.PlotOptions;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export function figure({ title, subtitle, legend, options }: Frame): string {
  const rows = wrap(legend);
  const top = margin + 46 + rows.length * rowHeight + 6;
  const style = { fontSize: '12px', fontFamily: 'sans-serif', color: '#333' };
  const plot = Plot.plot({
    document: document,
    width,
    style,
    ...options,
  });
  const height = Number(plot.getAttribute('height'));
  plot.setAttribute('y', String(top));
  const text = (x: number, y: number, size: number, words: string, weight = 'normal', fill = '#222'): string =>
    `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escaped(words)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + height}" width="${width}" height="${top + height}" font-family="sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="6" fill="#fff"/>`,
    text(margin, margin + 14, 17, title, 'bold'),
    text(margin, margin + 34, 12, subtitle, 'normal', '#666'),
    ...rows.flatMap((row, i) => row.map(({ x, swatch }) => legendEntry(x, margin + 46 + i * rowHeight, swatch))),
    // A chart stands in a file: what changes without reason makes a difference to read.
    plot.outerHTML.replaceAll(/plot-[0-9a-f]+/g, 'plot').replace('<svg ', '<svg xmlns:xlink="http://www.w3.org/1999/xlink" '),
    '</svg>\n',
  ].join('\n'); // prettier-ignore
}

function legendEntry(x: number, y: number, { name, colour, dashed }: Swatch): string {
  const dashes = dashed ? ' stroke-dasharray="5 3"' : '';
  return (
    `<line x1="${x}" x2="${x + 22}" y1="${y + 8}" y2="${y + 8}" stroke="${colour}" stroke-width="3"${dashes}/>` +
    `<text x="${x + 28}" y="${y + 12}" font-size="13" fill="#222">${escaped(name)}</text>`
  );
}

function wrap(legend: readonly Swatch[]): { readonly x: number; readonly swatch: Swatch }[][] {
  const rows: { x: number; swatch: Swatch }[][] = [];
  let x = Infinity;
  for (const swatch of legend) {
    const wide = 28 + swatch.name.length * letterWidth + 18;
    if (x + wide > width - margin) {
      rows.push([]);
      x = margin;
    }
    rows.at(-1)?.push({ x, swatch });
    x += wide;
  }
  return rows;
}
