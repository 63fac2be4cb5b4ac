/**
 * Rules that stand together and differ in one address only, as columns: blocklists have a hundred thousand of them. Stages that need not know
 * one rule from the next take the run as one; the others get each rule, made when it is first asked for.
 */
import type { Span } from '../diagnostic.js';
import type { LineRun, Shape } from '../parse/iptables-tree.js';
import { countersEnd, movedColumn, type Shifts } from '../parse/rule-shape.js';
import { wordsPerAddress, type AddressRanges } from './address.js';
import type { AddressMatch, Part } from './match.js';
import type { Rule, RuleId } from './ruleset.js';

/** What the lines of a shape have in common. */
export interface ShapeParts {
  /** As the first line of the shape has them. */
  readonly parts: readonly Part[];
  /** Which part holds the address. */
  readonly varying: number;
  /** What it was made of. */
  readonly shape: Shape;
  readonly onlyFamily: 'ip' | 'ip6' | null;
}

interface LinePlace extends Shifts {
  readonly line: number;
}

/** The parts of another line of the shape. */
export function partsOf({ parts, varying, shape }: ShapeParts, place: LinePlace, ranges: AddressRanges): Part[] {
  return parts.map((part, i): Part => {
    const { file, column } = part.span;
    const span: Span = { file, line: place.line, column: movedColumn(shape, column, place) };
    if ('statement' in part) return { statement: part.statement, span };
    if (i !== varying) return { match: part.match, span };
    const { field, negate } = part.match as AddressMatch;
    return { match: { kind: 'address', field, ranges, negate }, span };
  });
}

/** Lines of a run that stand together in a chain, and what they were lowered to. */
export interface RunLines {
  readonly lines: LineRun;
  readonly shape: ShapeParts;
  /** Number of the first one in `lines`. */
  readonly from: number;
  /** One range a line. */
  readonly ranges: AddressRanges;
}

/** Where in its chain a run stands. */
export interface RunPlace {
  /** What rule ids begin with: family, table and chain. */
  readonly prefix: string;
  /** Of the first rule. */
  readonly number: number;
}

export class AddressRun {
  readonly count: number;
  /** What the rules ask for: one range each, in their order. */
  readonly ranges: AddressRanges;
  readonly field: AddressMatch['field'];
  /** The first of them, which shows what all of them have in common. */
  readonly first: Rule;
  #rules: readonly Rule[] | null = null;

  constructor(
    private readonly made: RunLines,
    private readonly place: RunPlace,
  ) {
    this.ranges = made.ranges;
    this.count = made.ranges.count;
    this.field = this.#match.field;
    this.first = this.#rule(0);
  }

  /** Each by itself; always the same objects. */
  get rules(): readonly Rule[] {
    return (this.#rules ??= Array.from({ length: this.count }, (_, i) => (i === 0 ? this.first : this.#rule(i))));
  }

  /** The parts of the rules as if they were one rule about all their addresses; sound where the match is not negated. */
  get parts(): readonly Part[] {
    const { span } = this.first.parts[this.made.shape.varying]!;
    const all: Part = { match: { ...this.#match, ranges: this.ranges }, span };
    return this.first.parts.map((part, i) => (i === this.made.shape.varying ? all : part));
  }

  get negated(): boolean {
    return this.#match.negate;
  }

  get #match(): AddressMatch {
    return (this.made.shape.parts[this.made.shape.varying] as { match: AddressMatch }).match;
  }

  number(i: number): number {
    return this.place.number + i;
  }

  id(i: number): RuleId {
    return `${this.place.prefix}${this.place.number + i}` as RuleId;
  }

  /** Which of the rules that is; -1: none. */
  indexOf(id: RuleId): number {
    if (!id.startsWith(this.place.prefix)) return -1;
    const i = Number(id.slice(this.place.prefix.length)) - this.place.number;
    return i >= 0 && i < this.count && this.id(i) === id ? i : -1;
  }

  line(i: number): number {
    return this.made.lines.line + this.made.from + i;
  }

  /** The source line. */
  text(i: number): string {
    return this.source.slice(this.start(i), this.end(i));
  }

  /** The text of which each line is the part from `start(i)` to `end(i)`. */
  get source(): string {
    return this.made.lines.text;
  }

  start(i: number): number {
    return this.made.lines.from[this.made.from + i]!;
  }

  /** Behind the counters, where there are any. */
  commandStart(i: number): number {
    const begin = this.start(i);
    return this.made.lines.shape.counters > 0 ? countersEnd(this.source, begin) : begin;
  }

  end(i: number): number {
    const { end, after } = this.made.lines;
    return end[this.made.from + i]! + after;
  }

  rangeOf(i: number): AddressRanges {
    return rangeAt(this.ranges, i);
  }

  #rule(i: number): Rule {
    const { lines, shape, from } = this.made;
    const at = from + i;
    const line = this.line(i);
    const behind = lines.end[at]! - lines.start[at]! - lines.shape.length;
    const words = this.commandStart(i) - this.start(i) - lines.shape.counters;
    const span: Span = { file: lines.shape.rule.span.file, line, column: 1 };
    const parts = partsOf(shape, { line, words, behind }, this.rangeOf(i));
    return { id: this.id(i), number: this.number(i), span, text: this.text(i), parts };
  }
}

/** One of the ranges. A single address is both its bounds. */
export function rangeAt({ family, lo, hi }: AddressRanges, i: number): AddressRanges {
  const words = wordsPerAddress(family);
  const low = lo.slice(i * words, (i + 1) * words);
  const high = hi.slice(i * words, (i + 1) * words);
  return { family, count: 1, lo: low, hi: low.every((word, w) => word === high[w]) ? low : high };
}
