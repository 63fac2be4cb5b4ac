/**
 * Lines that differ from an earlier one in the address of one `-s` or `-d`, and in leading counters, are not parsed again: the grammar would make the same of
 * them. The address must stand alone between blanks and consist of characters that mean nothing to the lexer, and no quote may
 * stand before it, so that the words around it are the same words. A test compares with the grammar.
 */
import type { Counters, Option, RuleLine, Shape, VariantLine } from './iptables-tree.js';

/** Shapes remembered per file; beyond it lines are simply parsed. */
const shapeLimit = 4096;

/** Where the address of the first ` -s ` or ` -d ` of a line stands. */
export interface Hole {
  /** Length of `[packets:bytes] ` at the beginning of the line, 0 without. */
  readonly counters: number;
  readonly start: number;
  readonly end: number;
}

/** Null where there is none. */
export function findHole(line: string): Hole | null {
  const s = line.indexOf(' -s ');
  const d = line.indexOf(' -d ');
  const at = s < 0 || (d >= 0 && d < s) ? d : s;
  if (at < 0) return null;
  const quote = line.indexOf('"');
  if (quote >= 0 && quote < at) return null;
  const start = at + 4;
  const blank = line.indexOf(' ', start);
  const end = blank < 0 ? line.length : blank;
  return isAddressText(line, start, end) ? { counters: countersEnd(line, 0), start, end } : null;
}

/** Digits, dots, slash, colons and hex letters, beginning with a digit or hex letter: an option or `!` never looks like it. */
const isAddressText = (line: string, start: number, end: number): boolean => addressEnd(line, start) === end;

const longestAddress = 64;

/** End of the characters of addresses that begin at `start`; -1 where they are none, or too many. */
export function addressEnd(text: string, start: number): number {
  let end = start;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    const fine = (c >= 46 && c <= 58) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);
    if (!fine) break;
  }
  return end === start || end - start > longestAddress ? -1 : end;
}

/** Where the words of a line begin: behind `[packets:bytes] `, or where the line itself does. */
export function countersEnd(text: string, line: number): number {
  if (text.charCodeAt(line) !== 91) return line;
  const colon = digitsEnd(text, line + 1);
  if (colon === line + 1 || text.charCodeAt(colon) !== 58) return line;
  const bracket = digitsEnd(text, colon + 1);
  return bracket > colon + 1 && text.startsWith('] ', bracket) ? bracket + 2 : line;
}

function digitsEnd(text: string, start: number): number {
  let end = start;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c < 48 || c > 57) break;
  }
  return end;
}

export class ShapeCache {
  readonly #shapes = new Map<string, Shape>();

  #key(line: string, hole: Hole): string {
    return `${hole.counters > 0 ? '[]' : ''}\n${line.slice(hole.counters, hole.start)}\n${line.slice(hole.end)}`;
  }

  /** What the line is a variant of; undefined when it must be parsed. */
  find(line: string, hole: Hole): Shape | undefined {
    return this.#shapes.get(this.#key(line, hole));
  }

  /** Remembers a parsed line; returns its shape when the hole is indeed the only value of an address option. */
  learn(line: string, hole: Hole, rule: RuleLine): Shape | null {
    if (this.#shapes.size >= shapeLimit) return null;
    const index = rule.options.findIndex((option) => isHole(option, hole));
    const option = rule.options[index];
    if (!option) return null;
    const shape: Shape = { rule, option: index, length: hole.end - hole.start, counters: hole.counters };
    this.#shapes.set(this.#key(line, hole), shape);
    return shape;
  }
}

function isHole(option: Option, hole: Hole): boolean {
  const [value] = option.values;
  if (value?.span.column !== hole.start + 1 || option.values.length !== 1) return false;
  return (option.name === '-s' || option.name === '-d') && value.text.length === hole.end - hole.start;
}

/** How much further right words stand than in the first line of the shape: all of them, and again those behind the address. */
export interface Shifts {
  readonly words: number;
  readonly behind: number;
}

/** Where what stands in that column of the shape's first line, from 1, stands in another. */
export function movedColumn({ rule, option, counters }: Shape, column: number, { words, behind }: Shifts): number {
  const address = rule.options[option]!.values[0]!.span.column;
  return column + (column > counters ? words : 0) + (column > address ? behind : 0);
}

function countersOf(text: string): Counters {
  const [packets = '', bytes = ''] = text.slice(1, -2).split(':');
  return { packets, bytes };
}

/** What the grammar would have made of the line. */
export function expandVariant(variant: VariantLine): RuleLine {
  const { rule, option, length, counters } = variant.shape;
  const shifts = { words: variant.counters.length - counters, behind: variant.address.length - length };
  const move = (span: RuleLine['span']): RuleLine['span'] => ({
    file: span.file,
    line: variant.line,
    column: movedColumn(variant.shape, span.column, shifts),
  });
  return {
    kind: 'rule',
    span: move(rule.span),
    counters: rule.counters && countersOf(variant.counters),
    command: {
      name: rule.command.name,
      values: rule.command.values.map((word) => ({ text: word.text, span: move(word.span) })),
      span: move(rule.command.span),
    },
    options: rule.options.map((old, i) => ({
      name: old.name,
      negated: old.negated,
      values: old.values.map((word) => ({ text: i === option ? variant.address : word.text, span: move(word.span) })),
      span: move(old.span),
    })),
  };
}
