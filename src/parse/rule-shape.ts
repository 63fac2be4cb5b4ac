/**
 * Lines that differ from an earlier one in an address, a range of them, a MAC address or the name of a set, in a second one, ports, lists of them, a comment, what is logged or TCP and UDP behind
 * it, and in leading counters, are not parsed again: the grammar would make the same of them. The values must stand alone between blanks and consist of
 * characters that mean nothing to the lexer, or be one quoted word, and no other quote may stand before them, so that the words around them
 * are the same words. A test compares with the grammar.
 */
import { unquote } from './iptables-lexer.js';
import type { Counters, Option, RuleLine, Shape, VariantLine } from './iptables-tree.js';

/** Shapes remembered per file; beyond it lines are simply parsed. */
const shapeLimit = 4096;

/** What lines of a shape differ in. */
export interface Holes {
  /** Length of `[packets:bytes] ` at the beginning of the line, 0 without. */
  readonly counters: number;
  readonly values: readonly Extent[];
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

/** A line has at most so many. */
const mostHoles = 6;

/** Null where there is none. */
export function findHoles(line: string): Holes | null {
  const quote = line.indexOf('"');
  const limit = quote < 0 ? line.length : quote;
  const option = optionFrom(leading, line, 0) ?? optionFrom(leadingOthers, line, 0);
  if (option === null || option.value > limit) return null;
  const first = valueAt(line, option.value, endOfValue(option.name));
  return first && { counters: countersEnd(line, 0), values: [first, ...furtherValues(line, first, limit)] };
}

/** Options of which a line needs one: lists differ in their values. */
const leading = /(?<= )(?:-s|-d|--src-range|--dst-range|--mac-source)(?= )/g;
const leadingOthers = /(?<= )(?:--match-set|--sports?|--dports?)(?= )/g;
/** Options whose values may differ besides, each behind the one before. */
const further =
  /(?<= )(?:-d|-p|--match-set|--sports?|--dports?|--src-range|--dst-range|--mac-source|--comment|--(?:nf)?log-prefix)(?= )/g;

/** The next one of them, and where its value begins. */
function optionFrom(
  options: RegExp,
  line: string,
  from: number,
): { readonly name: string; readonly value: number } | null {
  options.lastIndex = from;
  const match = options.exec(line);
  return match && { name: match[0], value: options.lastIndex + 1 };
}

function furtherValues(line: string, first: Extent, limit: number): Extent[] {
  const found: Extent[] = [];
  let end = limit;
  const texts = new Set<string>();
  let named = line.endsWith(` ${setOption} `, first.start);
  let at = first.end;
  for (
    let option = optionFrom(further, line, at);
    option && option.value <= end;
    option = optionFrom(further, line, at)
  ) {
    const { name } = option;
    const value = valueAt(line, option.value, endOfValue(name));
    at = option.value;
    if (isTextOption(name)) {
      if (texts.has(name) || !value) break;
      texts.add(name);
      const quote = line.indexOf('"', value.end);
      end = quote < 0 ? line.length : quote;
      at = value.end;
    }
    if (name === setOption && named) continue;
    if (value && (name !== '-p' || mayBeOther(line, value))) found.push(value);
    named ||= name === setOption;
    if (found.length === mostHoles - 1) break;
  }
  return found;
}

function endOfValue(option: string): typeof addressEnd {
  if (option === '-p') return protocolEnd;
  if (isTextOption(option)) return textEnd;
  if (option === setOption) return wordEnd;
  if (option.endsWith('-range')) return rangeEnd;
  if (option.endsWith('ports')) return portListEnd;
  return option.endsWith('port') ? portsEnd : addressEnd;
}

/** What stands behind it is asked of no packet. */
export const isTextOption = (option: string): boolean => textOptions.has(option);

const textOptions: ReadonlySet<string> = new Set(['--comment', '--log-prefix', '--nflog-prefix']);

/** The one option whose value, a name, others follow. A line's first one is a hole, no other. */
export const setOption = '--match-set';

/** Which values may stand behind such words. */
export const valueEnd = (before: string): typeof addressEnd =>
  endOfValue(before.slice(before.lastIndexOf(' ', before.length - 2) + 1, -1));

const protocolEnd = (text: string, start: number): number =>
  text.startsWith('tcp ', start) || text.startsWith('udp ', start) ? start + 3 : -1;

/** What the line asks of the protocol behind its name: both have it. */
const portsOnly =
  /^(?: -m (tcp|udp))?(?: --[sd]port [0-9:]+){1,2}(?: -m comment --comment (?:"[^"\\]*"|[^ "\\!-][^ "\\]*))? -j [A-Z]+$/;

function mayBeOther(line: string, { start, end }: Extent): boolean {
  const match = portsOnly.exec(line.slice(end));
  return match !== null && (match[1] === undefined || line.startsWith(match[1], start));
}

/** The words of a line where the protocol whose name stands behind the first `at` + 1 of them is that one. */
export const wordsOf = (words: readonly string[], at: number, protocol: 'tcp' | 'udp'): string[] =>
  words.map((word, i) => (i === at + 1 ? word.replace(/^ -m (?:tcp|udp) /, ` -m ${protocol} `) : word));

/** Behind which of the words the name of a protocol stands; -1: behind none. */
export const protocolAt = (words: readonly string[]): number =>
  words.findIndex((word, i) => i < words.length - 1 && word.endsWith(' -p '));

/** Null where the word is not of that kind. */
function valueAt(line: string, start: number, scan: typeof addressEnd): Extent | null {
  const end = scan(line, start);
  return end > start && (end === line.length || line.charCodeAt(end) === 32) ? { start, end } : null;
}

/** End of a port, or of two with a colon between, the lower one first; -1 where it is neither. */
function portsEnd(text: string, start: number): number {
  const colon = portEnd(text, start);
  if (colon < 0 || text.charCodeAt(colon) !== 58) return colon;
  const end = portEnd(text, colon + 1);
  return end >= 0 && Number(text.slice(start, colon)) > Number(text.slice(colon + 1, end)) ? -1 : end;
}

/** Ports that `-m multiport` takes; a range counts as two. */
const mostPorts = 15;

/** End of ports and ranges with commas between; -1 where something else stands, or they are too many. */
function portListEnd(text: string, start: number): number {
  let ports = 0;
  for (let at = start; ; at++) {
    const end = portsEnd(text, at);
    if (end < 0) return -1;
    ports += text.charCodeAt(portEnd(text, at)) === 58 ? 2 : 1;
    if (ports > mostPorts) return -1;
    if (text.charCodeAt(end) !== 44) return end;
    at = end;
  }
}

/** End of the decimal digits of a port, written without a zero in front of others; -1 where it is none. */
function portEnd(text: string, start: number): number {
  const end = digitsEnd(text, start);
  const length = end - start;
  if (length === 0 || length > 5 || (length > 1 && text.charCodeAt(start) === 48)) return -1;
  return length === 5 && Number(text.slice(start, end)) > 65535 ? -1 : end;
}

/** End of a word as `wordEnd` has it, or of one in quotes from its first character on; -1 where it is none. */
const textEnd = (text: string, start: number): number =>
  text.charCodeAt(start) === quoteSign ? quotedEnd(text, start) : wordEnd(text, start);

/** End of a word of letters, digits and signs that mean nothing to the lexer; -1 where it is none. */
function wordEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === dash || first === bang) return -1;
  let end = start;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c === backslash || c === quoteSign || c === delete_) return -1;
    if (c <= blank) break;
  }
  return end === start ? -1 : end;
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    let c = text.charCodeAt(at);
    if (c === quoteSign) return at + 1;
    if (c === backslash) c = text.charCodeAt(++at);
    if (Number.isNaN(c) || c < blank) return -1;
  }
  return -1;
}

const [blank, bang, quoteSign, dash, backslash, delete_] = [32, 33, 34, 45, 92, 127];

const longestAddress = 64;

/**
 * End of the characters of addresses that begin at `start`, of MAC addresses too: digits, dots, slash, colons and hex letters, so that an option or `!` never looks like it.
 * -1 where they are none, or too many.
 */
function addressEnd(text: string, start: number): number {
  let end = start;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    const fine = (c >= 46 && c <= 58) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);
    if (!fine) break;
  }
  return end === start || end - start > longestAddress ? -1 : end;
}

/** End of an address, or of two with a dash between; -1 where it is neither. */
function rangeEnd(text: string, start: number): number {
  const end = addressEnd(text, start);
  return end >= 0 && text.charCodeAt(end) === dash ? addressEnd(text, end + 1) : end;
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

/** The words around the values. */
export const around = (line: string, { counters, values }: Holes): string[] =>
  [...values, { start: line.length, end: 0 }].map(({ start }, i) => line.slice(values[i - 1]?.end ?? counters, start));

export class ShapeCache {
  readonly #shapes = new Map<string, Shape>();

  /** The same for TCP and UDP, where the name of the protocol is a value. */
  #key(line: string, holes: Holes): string {
    const words = around(line, holes);
    const protocol = protocolAt(words);
    return `${holes.counters > 0 ? '[]' : ''}\n${(protocol < 0 ? words : wordsOf(words, protocol, 'tcp')).join('\n')}`;
  }

  /** What the line is a variant of; undefined when it must be parsed. */
  find(line: string, holes: Holes): Shape | undefined {
    return this.#shapes.get(this.#key(line, holes));
  }

  /** Remembers a parsed line; returns its shape when each hole is indeed the only value of such an option. */
  learn(line: string, holes: Holes, rule: RuleLine): Shape | null {
    if (this.#shapes.size >= shapeLimit) return null;
    const options = holes.values.map((extent) => rule.options.findIndex((option) => isValue(option, extent, line)));
    if (options.includes(-1)) return null;
    const found = holes.values.map(({ start, end }, i) => ({
      option: options[i]!,
      length: end - start,
      echo: echoOf(rule, options[i]!),
    }));
    const shape: Shape = { rule, holes: found, counters: holes.counters };
    this.#shapes.set(this.#key(line, holes), shape);
    return shape;
  }
}

const optionNames: ReadonlySet<string> = new Set([
  ...['-s', '-d', '-p', '--sport', '--dport', '--sports', '--dports'],
  ...['--src-range', '--dst-range', '--mac-source', setOption, ...textOptions],
]);

/** `-m tcp` behind `-p tcp`. */
function echoOf({ options }: RuleLine, at: number): number | null {
  const { name, values } = options[at]!;
  const echo =
    name === '-p' ? options.findIndex((one) => one.name === '-m' && one.values[0]?.text === values[0]?.text) : -1;
  return echo < 0 ? null : echo;
}

function isValue(option: Option, { start, end }: Extent, line: string): boolean {
  const [value] = option.values;
  if (value?.span.column !== start + 1 || option.values.length !== (option.name === setOption ? 2 : 1)) return false;
  return optionNames.has(option.name) && value.text === unquote(line.slice(start, end));
}

/** How much further right words stand than in the first line of the shape: all of them, and again those behind each value. */
export interface Shifts {
  readonly words: number;
  readonly behind: readonly number[];
}

/** Where what stands in that column of the shape's first line, from 1, stands in another. */
export function movedColumn({ rule, holes, counters }: Shape, column: number, { words, behind }: Shifts): number {
  let moved = column + (column > counters ? words : 0);
  holes.forEach(({ option }, i) => {
    if (column > rule.options[option]!.values[0]!.span.column) moved += behind[i]!;
  });
  return moved;
}

export const shiftsOf = ({ shape, values, counters }: VariantLine): Shifts => ({
  words: counters.length - shape.counters,
  behind: values.map((value, i) => value.length - shape.holes[i]!.length),
});

function countersOf(text: string): Counters {
  const [packets = '', bytes = ''] = text.slice(1, -2).split(':');
  return { packets, bytes };
}

/** What the grammar would have made of the line. */
export function expandVariant(variant: VariantLine): RuleLine {
  const { rule, holes } = variant.shape;
  const shifts = shiftsOf(variant);
  const move = (span: RuleLine['span']): RuleLine['span'] => ({
    file: span.file,
    line: variant.line,
    column: movedColumn(variant.shape, span.column, shifts),
  });
  const values = variant.values.map(unquote);
  const valueOf = (option: number): string | undefined =>
    values[holes.findIndex((one) => one.option === option || one.echo === option)];
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
      values: old.values.map((word, w) => ({
        text: (w === 0 ? valueOf(i) : undefined) ?? word.text,
        span: move(word.span),
      })),
      span: move(old.span),
    })),
  };
}
