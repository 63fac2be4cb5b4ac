/** Runs of lines of one shape, found by comparing text: no string and no object is made for each line. A test compares with the grammar. */
import { around, countersEnd, protocolAt, valueEnd, wordsOf, type Holes } from './rule-shape.js';
import type { LineRun, Shape, VariantLine } from './iptables-tree.js';

const newline = 10;

/** A line with its number, and where it begins in the text. */
export interface FirstLine {
  readonly number: number;
  readonly at: number;
  readonly text: string;
}

/** The lines from this one on that are the same but for the values; null where the next one is not. `text` is the whole text. */
export function scanRun(
  text: string,
  { number, at, text: line }: FirstLine,
  holes: Holes,
  shape: Shape,
): LineRun | null {
  const lines = new LineColumns(text, around(line, holes), holes.counters > 0);
  if (lines.end(at + line.length + 1) < 0) return null;
  let begin = at;
  for (let end = lines.add(begin); end >= 0; end = lines.add(begin)) begin = end + 1;
  return lines.run(number, shape);
}

const none = new Uint32Array(0);

/** Offsets of lines that have these words in common. */
export class LineColumns {
  count = 0;
  #from = none;
  /** Start and end of one value after the other. */
  #values: Uint32Array<ArrayBuffer>[] = [];
  readonly #ends: ReturnType<typeof valueEnd>[] = [];
  readonly #bounds: number[] = [];
  /** Hole that holds the name of a protocol; -1: none does. */
  readonly #protocol: number;
  readonly #tcp: readonly string[];
  readonly #udp: readonly string[];

  /** `words`: before, between and after the values; without counters. */
  constructor(
    private readonly text: string,
    private readonly words: readonly string[],
    private readonly counted: boolean,
  ) {
    for (let i = 0; i < words.length - 1; i++) this.#ends.push(valueEnd(words[i]!));
    this.#protocol = protocolAt(words);
    this.#tcp = this.#protocol < 0 ? words : wordsOf(words, this.#protocol, 'tcp');
    this.#udp = this.#protocol < 0 ? words : wordsOf(words, this.#protocol, 'udp');
  }

  /** Takes the line that begins at `begin`, and says where it ends; -1 if it is not of that kind. */
  add(begin: number): number {
    const end = this.end(begin);
    if (end < 0) return -1;
    if (this.count === this.#from.length) {
      this.#from = doubled(this.#from);
      this.#values = this.#bounds.map((_, i) => doubled(this.#values[i] ?? none));
    }
    this.#from[this.count] = begin;
    for (let i = 0; i < this.#bounds.length; i++) this.#values[i]![this.count] = this.#bounds[i]!;
    this.count++;
    return end;
  }

  /** Where the line that begins at `begin` ends, if it is of that kind; -1 if not. */
  end(begin: number): number {
    const { text } = this;
    let { words } = this;
    let at = this.counted ? countersEnd(text, begin) : begin;
    if (this.counted && at === begin) return -1;
    for (let i = 0; i < this.#ends.length; i++) {
      if (!text.startsWith(words[i]!, at)) return -1;
      const start = at + words[i]!.length;
      at = this.#ends[i]!(text, start);
      if (at < 0) return -1;
      if (i === this.#protocol) words = text.startsWith('tcp', start) ? this.#tcp : this.#udp;
      this.#bounds[i * 2] = start;
      this.#bounds[i * 2 + 1] = at;
    }
    const tail = words[words.length - 1]!;
    if (!text.startsWith(tail, at)) return -1;
    const end = at + tail.length;
    return end === text.length || text.charCodeAt(end) === newline ? end : -1;
  }

  run(line: number, shape: Shape, below: Uint32Array | null = null): LineRun {
    const { count, text, words } = this;
    const cut = (column: Uint32Array): Uint32Array => column.slice(0, count);
    const values = this.#ends.map((_, i) => ({
      start: cut(this.#values[i * 2]!),
      end: cut(this.#values[i * 2 + 1]!),
    }));
    return {
      kind: 'run',
      line,
      below,
      shape,
      count,
      text,
      from: cut(this.#from),
      values,
      after: words[words.length - 1]!.length,
    };
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wide = new Uint32Array(Math.max(16, column.length * 2));
  wide.set(column);
  return wide;
}

/** Where a line ends. */
export function endAt(run: LineRun, i: number): number {
  const last = run.values[run.values.length - 1];
  return (last ? last.end[i]! : wordsAt(run, i)) + run.after;
}

/** Where its words begin, behind counters. */
const wordsAt = ({ shape, text, from }: LineRun, i: number): number =>
  shape.counters > 0 ? countersEnd(text, from[i]!) : from[i]!;

/** Where the last line ends. */
export const endOf = (run: LineRun): number => endAt(run, run.count - 1);

/** A line that stands by itself. */
export const variantOf = ({ number, text }: FirstLine, { values, counters }: Holes, shape: Shape): VariantLine => ({
  kind: 'variant',
  line: number,
  shape,
  values: values.map(({ start, end }) => text.slice(start, end)),
  counters: text.slice(0, counters),
});

/** Number of a line of a run. */
export const lineAt = ({ line, below }: LineRun, i: number): number => line + (below ? below[i]! : i);

/** A line of a run by itself. */
export function variantAt(run: LineRun, i: number): VariantLine {
  const { shape, text, from, values } = run;
  const counters = text.slice(from[i], wordsAt(run, i));
  const words = values.map(({ start, end }) => text.slice(start[i], end[i]));
  return { kind: 'variant', line: lineAt(run, i), shape, values: words, counters };
}

export const textAt = (run: LineRun, i: number): string => run.text.slice(run.from[i], endAt(run, i));

export const variantsOf = (run: LineRun): VariantLine[] =>
  Array.from({ length: run.count }, (_, i) => variantAt(run, i));
