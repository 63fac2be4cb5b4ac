/** Runs of lines of one shape, found by comparing text: no string and no object is made for each line. A test compares with the grammar. */
import { addressEnd, type Hole } from './rule-shape.js';
import type { LineRun, Shape, VariantLine } from './iptables-tree.js';

const newline = 10;

/** A line with its number, and where it begins in the text. */
export interface FirstLine {
  readonly number: number;
  readonly at: number;
  readonly text: string;
}

/** The lines from this one on that are the same but for the address; null where the next one is not. `text` is the whole text. */
export function scanRun(text: string, { number, at, text: line }: FirstLine, hole: Hole, shape: Shape): LineRun | null {
  const head = line.slice(0, hole.start);
  const tail = line.slice(hole.end);
  const next = lineEnd(text, at + line.length, head, tail);
  if (next < 0) return null;
  let start = new Uint32Array(256);
  let end = new Uint32Array(256);
  let count = 0;
  let behind = at + line.length;
  for (let from = at; behind >= 0; from = behind + 1, behind = lineEnd(text, behind, head, tail)) {
    if (count === start.length) [start, end] = [doubled(start), doubled(end)];
    start[count] = from + head.length;
    end[count++] = behind - tail.length;
  }
  const columns = { start: start.subarray(0, count), end: end.subarray(0, count) };
  return { kind: 'run', line: number, shape, count, text, ...columns, before: head.length, after: tail.length };
}

/** Where the line behind `newlineAt` ends if it is `head`, an address and `tail`; -1 if not. */
function lineEnd(text: string, newlineAt: number, head: string, tail: string): number {
  if (!text.startsWith(head, newlineAt + 1)) return -1;
  const address = addressEnd(text, newlineAt + 1 + head.length);
  if (address < 0 || !text.startsWith(tail, address)) return -1;
  const end = address + tail.length;
  return end === text.length || text.charCodeAt(end) === newline ? end : -1;
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wide = new Uint32Array(column.length * 2);
  wide.set(column);
  return wide;
}

/** Where the last line ends. */
export const endOf = ({ count, end, after }: LineRun): number => end[count - 1]! + after;

/** A line that stands by itself. */
export const variantOf = ({ number, text }: FirstLine, hole: Hole, shape: Shape): VariantLine => ({
  kind: 'variant',
  line: number,
  shape,
  address: text.slice(hole.start, hole.end),
});

/** A line of a run by itself. */
export const variantAt = ({ line, shape, text, start, end }: LineRun, i: number): VariantLine => ({
  kind: 'variant',
  line: line + i,
  shape,
  address: text.slice(start[i], end[i]),
});

export const variantsOf = (run: LineRun): VariantLine[] =>
  Array.from({ length: run.count }, (_, i) => variantAt(run, i));
