/**
 * Lines that differ from an earlier one in the address of one `-s` or `-d` are not parsed again: the grammar would make the same of
 * them. The address must stand alone between blanks and consist of characters that mean nothing to the lexer, and no quote may
 * stand before it, so that the words around it are the same words. A test compares with the grammar.
 */
import type { Option, RuleLine, Shape, VariantLine } from './iptables-tree.js';

/** Shapes remembered per file; beyond it lines are simply parsed. */
const shapeLimit = 4096;

/** Where the address of the first ` -s ` or ` -d ` of a line stands; null where there is none. */
export interface Hole {
  readonly start: number;
  readonly end: number;
}

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
  return isAddressText(line, start, end) ? { start, end } : null;
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

export class ShapeCache {
  readonly #shapes = new Map<string, Shape>();

  #key(line: string, hole: Hole): string {
    return `${line.slice(0, hole.start)}\n${line.slice(hole.end)}`;
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
    const shape: Shape = { rule, option: index, length: hole.end - hole.start };
    this.#shapes.set(this.#key(line, hole), shape);
    return shape;
  }
}

function isHole(option: Option, hole: Hole): boolean {
  const [value] = option.values;
  if (value?.span.column !== hole.start + 1 || option.values.length !== 1) return false;
  return (option.name === '-s' || option.name === '-d') && value.text.length === hole.end - hole.start;
}

/** What the grammar would have made of the line. */
export function expandVariant(variant: VariantLine): RuleLine {
  const { rule, option, length } = variant.shape;
  const from = rule.options[option]!.values[0]!.span.column;
  const shift = variant.address.length - length;
  const move = (span: RuleLine['span']): RuleLine['span'] => ({
    file: span.file,
    line: variant.line,
    column: span.column > from ? span.column + shift : span.column,
  });
  return {
    kind: 'rule',
    span: move(rule.span),
    counters: rule.counters,
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
