/** Runs of lines of one shape, found by comparing text: no string and no object is made for each line. A test compares with the grammar. */
import { addressEnd, countersEnd, type Hole } from './rule-shape.js';
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
  const alike: Alike = {
    counted: hole.counters > 0,
    head: line.slice(hole.counters, hole.start),
    tail: line.slice(hole.end),
  };
  const after = alike.tail.length;
  if (lineEnd(text, at + line.length + 1, alike) < 0) return null;
  let [from, start, end] = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)];
  let count = 0;
  for (let begin = at, stop = at + line.length; stop >= 0; begin = stop + 1, stop = lineEnd(text, begin, alike)) {
    if (count === start.length) [from, start, end] = [doubled(from), doubled(start), doubled(end)];
    from[count] = begin;
    start[count] = (alike.counted ? countersEnd(text, begin) : begin) + alike.head.length;
    end[count++] = stop - after;
  }
  const cut = (column: Uint32Array): Uint32Array => column.subarray(0, count);
  return { kind: 'run', line: number, shape, count, text, from: cut(from), start: cut(start), end: cut(end), after };
}

/** What lines of a run have in common. */
interface Alike {
  readonly counted: boolean;
  /** Before the address, without counters. */
  readonly head: string;
  readonly tail: string;
}

/** Where the line that begins at `begin` ends, if it is of that kind; -1 if not. */
function lineEnd(text: string, begin: number, { counted, head, tail }: Alike): number {
  const words = counted ? countersEnd(text, begin) : begin;
  if (counted && words === begin) return -1;
  if (!text.startsWith(head, words)) return -1;
  const address = addressEnd(text, words + head.length);
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
  counters: text.slice(0, hole.counters),
});

/** A line of a run by itself. */
export function variantAt({ line, shape, text, from, start, end }: LineRun, i: number): VariantLine {
  const address = text.slice(start[i], end[i]);
  const counters = text.slice(from[i], shape.counters > 0 ? countersEnd(text, from[i]!) : from[i]);
  return { kind: 'variant', line: line + i, shape, address, counters };
}

export const textAt = ({ text, from, end, after }: LineRun, i: number): string => text.slice(from[i], end[i]! + after);

export const variantsOf = (run: LineRun): VariantLine[] =>
  Array.from({ length: run.count }, (_, i) => variantAt(run, i));
