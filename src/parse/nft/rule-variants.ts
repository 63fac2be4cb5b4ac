/**
 * Rules whose line is that of an earlier one of their chain but for addresses, ports or lists of them, TCP or UDP, counts and comments. They are found by comparing text, and
 * parsed when somebody asks for their statements: the grammar makes the same of them, for the words around the values are the same, and
 * the values are of a kind. A test compares with the grammar.
 */
import { enter, newContext, type Context } from './context.js';
import { addressPatterns, type Token } from './lexer.js';
import { place } from './place.js';
import { readRule } from './read-rule.js';
import { skipToItem } from './read-line.js';
import type { Extent, Rule } from './tree.js';

export type HoleField = 'saddr' | 'daddr' | 'protocol' | 'sport' | 'dport';

interface Hole {
  /** Null: what stands there says nothing of packets. */
  readonly field: HoleField | null;
  readonly family: 4 | 6 | null;
  /** In the text of the shape's rule: where the value begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** What lines have in common. */
export interface RuleShape {
  readonly rule: Rule;
  readonly source: string;
  readonly holes: readonly Hole[];
  /** Matches a whole line, blanks in front and newline included: blanks, each value, the handle. */
  readonly line: RegExp;
}

/** A rule of a shape; `bounds`: where in `source` each value begins and ends, one after the other. */
export interface RuleVariant {
  readonly shape: RuleShape;
  readonly bounds: readonly number[];
}

const known = new WeakMap<Rule, RuleVariant>();

/** Null: it is like no other, as far as is known. */
export const variantOf = (rule: Rule): RuleVariant | null =>
  rule instanceof VariantRule ? rule : (known.get(rule) ?? null);

/** A rule whose statements are of the same kinds: the same for all of a shape. */
export const likeOf = (rule: Rule): Rule => (rule instanceof VariantRule ? rule.shape.rule : rule);

class VariantRule implements Rule, RuleVariant {
  readonly kind = 'rule';
  #parsed: Rule | null = null;

  constructor(
    readonly shape: RuleShape,
    readonly bounds: readonly number[],
    readonly start: number,
    readonly end: number,
    readonly line: number,
    readonly column: number,
    readonly handle: number | null,
  ) {}

  get extent(): Extent {
    return { start: this.start, end: this.end };
  }

  get text(): string {
    return this.shape.source.slice(this.start, this.end);
  }

  get span(): Rule['span'] {
    return { file: this.shape.rule.span.file, line: this.line, column: this.column };
  }

  get statements(): Rule['statements'] {
    return this.#parse().statements;
  }

  get comment(): string | null {
    return this.#parse().comment;
  }

  #parse(): Rule {
    return (this.#parsed ??= parseAt(this.shape, this.shape.source, this));
  }
}

function parseAt(
  { rule }: RuleShape,
  text: string,
  { start, line, column }: Pick<VariantRule, 'start' | 'line' | 'column'>,
): Rule {
  const before = place.file;
  const context = newContext(text, rule.span.file, { diagnostics: [], includes: null, depth: 1 });
  enter(context);
  context.reader.skipTo(start, line - 1, start - column);
  const found = skipToItem(context) ? readRule(context, 0) : null;
  place.file = before;
  if (!found) throw new Error('bug: a rule that is like another cannot be read');
  return found;
}

/** The rule of the shape that has these values, one for each hole. */
export function ruleWith(shape: RuleShape, values: readonly string[]): Rule {
  const { text } = shape.rule;
  let made = '';
  let from = 0;
  shape.holes.forEach(({ start, end }, i) => {
    made += text.slice(from, start) + values[i]!;
    from = end;
  });
  return parseAt(shape, made + text.slice(from), { start: 0, line: 1, column: 1 });
}

/** Lines that must be alike before the others are read so. */
const fewest = 16;
/** Shapes of a chain that lines are compared with. */
const mostShapes = 8;

export class RuleShapes {
  #shapes: RuleShape[] = [];
  #text = '';

  /** What follows the rule that was read last, as long as it is like it or like others before it; nothing where too little is. */
  readFollowing(context: Context, rule: Rule, tokens: readonly Token[]): readonly Rule[] {
    const { text, reader } = context;
    // Lines of an included file are another text.
    if (text !== this.#text) [this.#text, this.#shapes] = [text, []];
    this.#learn(rule, tokens);
    const newline = reader.peek();
    if (this.#shapes.length === 0 || newline.type !== 'newline') return [];
    const rules: Rule[] = [];
    let [at, { line }] = [newline.end, newline];
    for (let found = this.#match(at, ++line); found; found = this.#match(at, ++line)) {
      rules.push(found.rule);
      at = found.next;
    }
    if (rules.length < fewest) return [];
    reader.skipTo(at, rules.length + 1, at - 1);
    return rules;
  }

  #learn(rule: Rule, tokens: readonly Token[]): void {
    const begin = rule.extent.start - rule.span.column + 1;
    const like = this.#match(begin, rule.span.line)?.rule;
    if (like) {
      if (like.start === rule.extent.start && like.end === rule.extent.end) known.set(rule, like);
    } else if (this.#shapes.length < mostShapes) {
      const learnt = shapeOf(this.#text, rule, tokens);
      if (learnt) this.#shapes.push(learnt);
    }
  }

  #match(at: number, line: number): { readonly rule: VariantRule; readonly next: number } | null {
    for (const shape of this.#shapes) {
      shape.line.lastIndex = at;
      const match = shape.line.exec(this.#text);
      if (match) return { rule: variantAt(shape, match, at, line), next: shape.line.lastIndex };
    }
    return null;
  }
}

function variantAt(shape: RuleShape, match: RegExpExecArray, at: number, line: number): VariantRule {
  const { rule, holes } = shape;
  const indent = match[1]!.length;
  const start = at + indent;
  const bounds: number[] = [];
  let shift = start;
  for (let i = 0; i < holes.length; i++) {
    const { start: from, end: to } = holes[i]!;
    const { length } = match[i + 2]!;
    bounds.push(from + shift, from + shift + length);
    shift += length - (to - from);
  }
  const handle = match[holes.length + 2];
  const end = rule.text.length + shift;
  return new VariantRule(shape, bounds, start, end, line, indent + 1, handle === undefined ? null : Number(handle));
}

const ports = '(?:0|[1-9][0-9]{0,4})(?:-[1-9][0-9]{0,4})?';

const patterns = {
  4: `${addressPatterns[4]}(?:/[0-9]{1,2})?`,
  6: `(?:${addressPatterns[6]})(?:/[0-9]{1,3})?`,
  port: `${ports}|\\{ ${ports}(?:, ${ports})* \\}`,
  protocol: 'tcp|udp',
  count: '[0-9]+',
  quoted: '"[^"\\n]*"',
} as const;

interface FoundHole extends Hole {
  readonly pattern: string;
}

/** Null: no value of it may be another. */
function shapeOf(source: string, rule: Rule, tokens: readonly Token[]): RuleShape | null {
  const { text, extent } = rule;
  if (/[\n#\\]/.test(text) || rule.statements.some(({ kind }) => kind === 'opaque' || kind === 'chainBlock'))
    return null;
  const holes = holesIn(tokens, extent.start, text);
  if (!holes.some(({ family }) => family !== null)) return null;
  let line = '([ \\t]*)';
  let from = 0;
  for (const { start, end, pattern } of holes) {
    line += `${escaped(text.slice(from, start))}(${pattern})`;
    from = end;
  }
  line += `${escaped(text.slice(from))}(?:[ \\t]*# handle ([0-9]+))?[ \\t]*\\n`;
  const shape: RuleShape = { rule, source, holes, line: new RegExp(line, 'y') };
  const bounds = holes.flatMap(({ start, end }) => [extent.start + start, extent.start + end]);
  known.set(rule, { shape, bounds });
  return shape;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

const portProtocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite', 'th']);

const eitherProtocol: ReadonlySet<string> = new Set(['tcp', 'udp']);

const allPorts = new RegExp(`^(?:${patterns.port})$`);

/** Number of the last token of a port, or a range of them; what stands in braces is one. */
function lastOfPorts(tokens: readonly Token[], first: number): number {
  return tokens[first + 1]?.text === '-' && tokens[first + 2]?.type === 'number' ? first + 2 : first;
}

/** Values that stand alone between blanks, behind the words that say what they are. */
function holesIn(tokens: readonly Token[], start: number, rule: string): FoundHole[] {
  const holes: FoundHole[] = [];
  const text = (i: number): string => tokens[i]?.text ?? '';
  const add = (from: number, to: number, hole: Pick<FoundHole, 'field' | 'family' | 'pattern'>): void => {
    const [before, first, last, next] = [tokens[from - 1], tokens[from], tokens[to], tokens[to + 1]];
    if (!before || !first || !last || first.start === before.end) return;
    if (next && (next.start === last.end || next.type === 'op')) return;
    holes.push({ ...hole, start: first.start - start, end: last.end - start });
  };
  for (let i = 2; i < tokens.length; i++) {
    const [object, field, token] = [text(i - 2), text(i - 1), tokens[i]!];
    const isAlone = tokens[i - 3]?.type !== 'op';
    if ((object === 'ip' || object === 'ip6') && isAlone && (field === 'saddr' || field === 'daddr')) {
      if (token.type !== 'address' || token.text !== token.value) continue;
      const family = object === 'ip' ? 4 : 6;
      const isNetwork = text(i + 1) === '/' && tokens[i + 1]!.start === token.end && tokens[i + 2]?.type === 'number';
      if (isNetwork && tokens[i + 2]!.start !== tokens[i + 1]!.end) continue;
      add(i, isNetwork ? i + 2 : i, { field, family, pattern: patterns[family] });
    } else if (portProtocols.has(object) && isAlone && (field === 'sport' || field === 'dport')) {
      const last = lastOfPorts(tokens, i);
      if (!allPorts.test(rule.slice(token.start - start, tokens[last]!.end - start))) continue;
      // Where nothing else asks of the protocol it may be the other one, whose ports stand in the same place.
      if (tokens.filter((one) => eitherProtocol.has(one.text)).length === 1 && eitherProtocol.has(object))
        add(i - 2, i - 2, { field: 'protocol', family: null, pattern: patterns.protocol });
      add(i, last, { field, family: null, pattern: patterns.port });
    } else if (object === 'counter' && field === 'packets' && text(i + 1) === 'bytes') {
      for (const at of [i, i + 2])
        if (tokens[at]?.type === 'number') add(at, at, { field: null, family: null, pattern: patterns.count });
    } else if (field === 'comment' && token.type === 'quoted' && i === tokens.length - 1)
      add(i, i, { field: null, family: null, pattern: patterns.quoted });
  }
  return holes;
}
