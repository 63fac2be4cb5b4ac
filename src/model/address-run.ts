/**
 * Rules that stand together and differ in an address, or in one and in a second or ports besides, or in ports alone, as columns: blocklists have a hundred thousand
 * of them. Stages that need not know one rule from the next take the run as one; the others get each rule, made when it is first asked
 * for.
 */
import type { Span } from '../diagnostic.js';
import { unquote } from '../parse/iptables-lexer.js';
import type { LineRun, Shape } from '../parse/iptables-tree.js';
import { printText } from '../parse/print-iptables.js';
import { endAt, lineAt } from '../parse/line-run.js';
import { countersEnd, movedColumn, type Shifts } from '../parse/rule-shape.js';
import type { AddressFamily } from './address.js';
import { portHeaders } from './lower-ports.js';
import type { Cut } from './nft-text.js';
import type { AddressMatch, MacMatch, Part, PortMatch, ProtocolMatch, Ranges, Statement } from './match.js';
import type { Rule, RuleId } from './ruleset.js';
import {
  allAddresses,
  allPorts,
  isAddressColumn,
  isPortColumn,
  otherPorts,
  rangesAt,
  ruleRow,
  type RuleColumn,
} from './rule-columns.js';
import type { TupleField } from './tuples.js';

/** What the lines of a shape have in common. */
export interface ShapeParts {
  /** As the first line of the shape has them. */
  readonly parts: readonly Part[];
  /** Which part holds each value that a packet is asked for, in the order of the holes. */
  readonly holding: readonly number[];
  /** Words that are asked of no packet, in the order of the holes. */
  readonly texts: readonly TextHole[];
  /** What it was made of. */
  readonly shape: Shape;
  readonly onlyFamily: 'ip' | 'ip6' | null;
  /** Of the table. */
  readonly family: AddressFamily;
}

/** A word that stands in the text of a part, in which lines may differ. */
export interface TextHole {
  readonly hole: number;
  readonly part: number;
  /** What stands before and behind it; of a comment nothing does. */
  readonly around: readonly [string, string] | null;
}

interface LinePlace extends Shifts {
  readonly line: number;
  /** As the line has them, quotes and escapes too. */
  readonly texts: readonly string[];
}

/** The parts of another line of the shape, which has these values. */
export function partsOf(
  { parts, holding, texts, shape }: ShapeParts,
  place: LinePlace,
  values: readonly RuleColumn[],
): Part[] {
  const protocol = values.find(({ field }) => field === 'protocol');
  return parts.map((part, i): Part => {
    const { file, column } = part.span;
    const span: Span = { file, line: place.line, column: movedColumn(shape, column, place) };
    const text = texts.findIndex((one) => one.part === i);
    if (text >= 0) return { ...withText(part, texts[text]!, place.texts[text]!), span };
    if ('statement' in part) return { statement: part.statement, span };
    const value = values[holding.indexOf(i)];
    return { match: value ? ofProtocol(holdingValue(part.match as VaryingMatch, value), protocol) : part.match, span };
  });
}

export type ObserveStatement = Extract<Statement, { readonly kind: 'observe' }>;

function withText(part: Part, { around }: TextHole, written: string): Part {
  const text = unquote(written);
  if (around === null) return { match: { kind: 'comment', text }, span: part.span };
  const { statement } = part as { statement: ObserveStatement };
  return { statement: { ...statement, text: around.join(printText(text)) }, span: part.span };
}

/** What rules of a run may differ in. */
export type VaryingMatch = AddressMatch | MacMatch | PortMatch | ProtocolMatch;

/** A match of ports reads the header of the rule's protocol. */
export function ofProtocol(match: VaryingMatch, protocol: RuleColumn | undefined): VaryingMatch {
  if (match.kind !== 'port' || !protocol || !('lo' in protocol)) return match;
  const { bytes } = Object.values(portHeaders).find((one) => one.protocol === protocol.lo[0]) ?? bug();
  return { ...match, headerBytes: bytes };
}

/** The same match about that value. */
export function holdingValue(match: VaryingMatch, value: RuleColumn): VaryingMatch {
  if (match.kind === 'protocol' && 'lo' in value) return { ...match, protocols: [[value.lo[0]!, value.hi[0]!]] };
  if (match.kind === 'address' && isAddressColumn(value)) return { ...match, ranges: allAddresses(value) };
  if (match.kind === 'mac' && 'addresses' in value) return { ...match, addresses: value.addresses };
  if (match.kind === 'port' && isPortColumn(value)) return { ...match, ranges: rangesAt(value, 0) };
  throw new Error('bug: a value of a line is of another kind than its match');
}

/** What packets must have for a rule with that part, of which the column has the values. */
export function askedBy(part: Part, column: RuleColumn, count: number): RuleColumn {
  const { match } = part as { match: VaryingMatch };
  return match.kind === 'port' && match.negate && isPortColumn(column) ? otherPorts(column, count) : column;
}

/** Lines of a run that stand together in a chain, and what they were lowered to. */
export interface RunLines {
  readonly lines: LineRun;
  readonly shape: ShapeParts;
  /** Number of the first one in `lines`. */
  readonly from: number;
  readonly count: number;
  /** What is written in each line, as `holding` has it: an entry, or a list, a line. */
  readonly values: readonly RuleColumn[];
  /** Of them, those in which these lines differ. */
  readonly varying: readonly number[];
}

/** Where in its chain a run stands. */
export interface RunPlace {
  /** What rule ids begin with: family, table and chain. */
  readonly prefix: string;
  /** Of the first rule. */
  readonly number: number;
  /** Of each, ascending, where rules of other kinds stand between them. */
  readonly numbers?: Uint32Array;
}

/** Of rules of these numbers, ascending, where the first of the list has number `first`. */
export function placeOf(rows: Uint32Array, first: number): Omit<RunPlace, 'prefix'> {
  const number = rows[0]! + first;
  const isTogether = rows[rows.length - 1] === rows[0]! + rows.length - 1;
  return isTogether ? { number } : { number, numbers: rows.map((row) => row + first) };
}

/** Of ascending numbers, which is the first that is at least that one; all are less: how many there are. */
export function rowFrom(numbers: Uint32Array, least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the text of each rule stands in one text. */
export interface RunSource {
  readonly text: string;
  readonly start: (i: number) => number;
  /** Behind the counters, where there are any. */
  readonly commandStart: (i: number) => number;
  readonly end: (i: number) => number;
}

/** What the rules of a run are, but for where they stand. */
export type RunRows = Pick<AddressRun, 'count' | 'family' | 'columns' | 'varying'>;

export abstract class AddressRun {
  readonly count: number;
  /** They match no packet of the other one; null: they may match packets of both. */
  readonly family: AddressFamily | null;
  /** What packets must have in the fields that the rules differ in: entry i, or list i, is that of rule i. */
  readonly columns: readonly RuleColumn[];
  readonly fields: readonly TupleField[];
  /** Parts of the first rule that hold what the rules differ in, in the order of `columns`. */
  readonly varying: readonly number[];
  readonly #made: Rule[] = [];
  #rules: readonly Rule[] | null = null;
  #ports: Ranges | null = null;

  constructor(
    rows: RunRows,
    protected readonly place: RunPlace,
  ) {
    this.count = rows.count;
    this.columns = rows.columns;
    this.fields = rows.columns.map(({ field }) => field);
    this.family = rows.family;
    this.varying = rows.varying;
  }

  /** The first of them, which shows what all of them have in common. */
  abstract readonly first: Rule;
  /** Null: each has a text of its own. */
  abstract readonly source: RunSource | null;
  abstract line(i: number): number;
  /** The source line. */
  abstract text(i: number): string;
  /** As of the rule. */
  abstract cut(i: number): Cut | undefined;
  protected abstract rule(i: number): Rule;

  /** Packets of the family may match. */
  mayMatch(family: AddressFamily): boolean {
    return this.family === null || this.family === family;
  }

  /** Each by itself; always the same objects. */
  get rules(): readonly Rule[] {
    return (this.#rules ??= Array.from({ length: this.count }, (_, i) => this.ruleAt(i)));
  }

  /** One of them; always the same object. */
  ruleAt(i: number): Rule {
    return (this.#made[i] ??= i === 0 ? this.first : this.rule(i));
  }

  /** What the rules ask for one after the other, where they differ in ports alone; null: they differ in something else. Always the same object. */
  get ports(): Ranges | null {
    const [column, more] = this.columns;
    return column && !more && isPortColumn(column) ? (this.#ports ??= allPorts(column)) : null;
  }

  /** The parts of the rules as if they were one rule about all their addresses, or ports; sound where they differ in one of them and no match is negated. */
  get parts(): readonly Part[] {
    const [column] = this.columns;
    const [at] = this.varying;
    return this.first.parts.map((part, i) =>
      i === at && column
        ? { match: this.#held((part as { match: VaryingMatch }).match, column), span: part.span }
        : part,
    );
  }

  #held(match: VaryingMatch, column: RuleColumn): VaryingMatch {
    return match.kind === 'port' && this.ports
      ? { ...match, ranges: this.ports, negate: false }
      : holdingValue(match, column);
  }

  /** An address, or a protocol, that packets must not have. */
  get negated(): boolean {
    return this.varying.some((at) => {
      const { match } = this.first.parts[at] as { match: VaryingMatch };
      return match.negate && match.kind !== 'port';
    });
  }

  number(i: number): number {
    const { number, numbers } = this.place;
    return numbers?.[i] ?? number + i;
  }

  id(i: number): RuleId {
    return `${this.place.prefix}${this.number(i)}` as RuleId;
  }

  /** Which of the rules that is; -1: none. */
  indexOf(id: RuleId): number {
    if (!id.startsWith(this.place.prefix)) return -1;
    const number = Number(id.slice(this.place.prefix.length));
    const i = this.#rowOf(number);
    return i >= 0 && i < this.count && this.id(i) === id ? i : -1;
  }

  #rowOf(number: number): number {
    const { numbers } = this.place;
    return numbers === undefined ? number - this.place.number : rowFrom(numbers, number);
  }

  /** What that rule asks for. */
  row(i: number): readonly RuleColumn[] {
    return ruleRow(this.columns, i);
  }
}

/** Rules that are lines one below the other, of which no rule is made before it is asked for. */
export class LineRules extends AddressRun {
  readonly first: Rule;
  readonly source: RunSource;

  constructor(
    private readonly made: RunLines,
    place: RunPlace,
  ) {
    const { lines, from, count, values, varying, shape } = made;
    super(
      {
        count,
        family: shape.family,
        columns: varying.map((hole) => askedBy(shape.parts[shape.holding[hole]!]!, values[hole]!, count)),
        varying: varying.map((hole) => shape.holding[hole]!),
      },
      place,
    );
    const start = (i: number): number => lines.from[from + i]!;
    const commandStart = (i: number): number =>
      lines.shape.counters > 0 ? countersEnd(lines.text, start(i)) : start(i);
    this.source = { text: lines.text, start, commandStart, end: (i) => endAt(lines, from + i) };
    this.first = this.rule(0);
  }

  line(i: number): number {
    return lineAt(this.made.lines, this.made.from + i);
  }

  cut(): undefined {
    return undefined;
  }

  text(i: number): string {
    return this.source.text.slice(this.source.start(i), this.source.end(i));
  }

  protected rule(i: number): Rule {
    return this.ruleNumbered(i, this.number(i));
  }

  /** That rule, wherever it stands. */
  ruleNumbered(i: number, number: number): Rule {
    const { lines, shape, from, values } = this.made;
    const line = this.line(i);
    const behind = lines.values.map(
      ({ start, end }, h) => end[from + i]! - start[from + i]! - shape.shape.holes[h]!.length,
    );
    const words = this.source.commandStart(i) - this.source.start(i) - lines.shape.counters;
    const span: Span = { file: lines.shape.rule.span.file, line, column: 1 };
    const texts = shape.texts.map(({ hole }) => {
      const { start, end } = lines.values[hole]!;
      return lines.text.slice(start[from + i], end[from + i]);
    });
    const parts = partsOf(shape, { line, words, behind, texts }, ruleRow(values, i));
    const id = `${this.place.prefix}${number}` as RuleId;
    return { id, number, span, text: this.text(i), parts };
  }
}

/** Of the IP addresses among them. */
export function familyOf(values: readonly RuleColumn[]): AddressFamily {
  for (const column of values) if (isAddressColumn(column)) return allAddresses(column).family;
  throw new Error('bug: a run of rules of a table of any family without an address');
}

function bug(): never {
  throw new Error('bug: a run of rules of a protocol without ports');
}
