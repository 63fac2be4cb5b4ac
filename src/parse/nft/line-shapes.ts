/** What lines of nft's text have in common with others of their chain. */
import { enter, newContext, type Context } from './context.js';
import { addressPatterns, type Token } from './lexer.js';
import { place } from './place.js';
import { skipToItem } from './read-line.js';
import { readRule } from './read-rule.js';
import {
  isAsked,
  patternOf,
  RuleShapes,
  shapeFrom,
  type Hole,
  type RuleShape,
  type RuleSyntax,
} from './rule-variants.js';
import type { Rule } from './tree.js';

const syntax: RuleSyntax = {
  isText: true,
  read(text, { start, line, column }, file) {
    const before = place.file;
    const context = newContext(text, file, { diagnostics: [], includes: null, depth: 1 });
    enter(context);
    context.reader.skipTo(start, line - 1, column);
    const found = skipToItem(context) ? readRule(context, 0) : null;
    place.file = before;
    if (!found) throw new Error('bug: a rule that is like another cannot be read');
    return found;
  },
  plain: (value) => value,
  written: (plain) => plain,
};

export class LineShapes {
  #shapes = new RuleShapes('');

  /** What follows the rule that was read last, as long as it is like it or like others before it; nothing where too little is. */
  readFollowing({ text, reader }: Context, rule: Rule, tokens: readonly Token[]): readonly Rule[] {
    // Lines of an included file are another text.
    if (text !== this.#shapes.text) this.#shapes = new RuleShapes(text);
    this.#shapes.learn(rule, rule.extent.start - rule.span.column + 1, () => shapeOf(text, rule, tokens));
    const newline = reader.peek();
    if (newline.type !== 'newline') return [];
    const { rules, end } = this.#shapes.following(newline.end, (start, i) => ({
      line: newline.line + 1 + i,
      column: start - text.lastIndexOf('\n', start - 1),
    }));
    if (rules.length > 0) reader.skipTo(end, rules.length + 1, 1);
    return rules;
  }
}

const ports = '(?:0|[1-9][0-9]{0,4})(?:-[1-9][0-9]{0,4})?';

const addresses = {
  4: `${addressPatterns[4]}(?:/[0-9]{1,2}|-${addressPatterns[4]})?`,
  6: `(?:${addressPatterns[6]})(?:/[0-9]{1,3}|-(?:${addressPatterns[6]}))?`,
} as const;

const orListed = (value: string): string => `${value}|\\{ ${value}(?:, ${value})* \\}`;

const patterns = {
  4: orListed(addresses[4]),
  6: orListed(addresses[6]),
  mac: addressPatterns.mac,
  port: orListed(ports),
  protocol: 'tcp|udp',
  count: '[0-9]+',
  quoted: '"[^"\\n]*"',
} as const;

/** Null: no value of it may be another. */
function shapeOf(source: string, rule: Rule, tokens: readonly Token[]): RuleShape | null {
  const { text, extent } = rule;
  if (/[\n#\\]/.test(text) || rule.statements.some(({ kind }) => kind === 'opaque' || kind === 'chainBlock'))
    return null;
  const holes = holesIn(tokens, extent.start, text);
  if (!holes.some(isAsked)) return null;
  const whole = new RegExp(`([ \\t]*)${patternOf(text, holes)}(?:[ \\t]*# handle ([0-9]+))?[ \\t]*\\n`, 'y');
  return shapeFrom({ rule, source, text, holes, whole, handleGroup: holes.length + 2, syntax });
}

const portProtocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite', 'th']);

const eitherProtocol: ReadonlySet<string> = new Set(['tcp', 'udp']);

const onlyMac = new RegExp(`^(?:${patterns.mac})$`);

const whole = {
  4: new RegExp(`^(?:${patterns[4]})$`),
  6: new RegExp(`^(?:${patterns[6]})$`),
  port: new RegExp(`^(?:${patterns.port})$`),
} as const;

/** Number of the last token of a value: of a network or a range the third; what stands in braces is one. */
function lastOf(tokens: readonly Token[], first: number, types: Readonly<Record<string, Token['type']>>): number {
  const [sign, second] = [tokens[first + 1], tokens[first + 2]];
  return sign && second && second.type === types[sign.text] ? first + 2 : first;
}

/** What stands behind a sign. */
const secondOfPorts = { '-': 'number' } as const;
const secondOfAddresses = { '/': 'number', '-': 'address' } as const;

/** Values that stand alone between blanks, behind the words that say what they are. */
function holesIn(tokens: readonly Token[], start: number, rule: string): Hole[] {
  const holes: Hole[] = [];
  const text = (i: number): string => tokens[i]?.text ?? '';
  const add = (from: number, to: number, hole: Omit<Hole, 'start' | 'end'>): void => {
    const [before, first, last, next] = [tokens[from - 1], tokens[from], tokens[to], tokens[to + 1]];
    if (!before || !first || !last || first.start === before.end) return;
    if (next && (next.start === last.end || next.type === 'op')) return;
    holes.push({ ...hole, start: first.start - start, end: last.end - start });
  };
  const written = (from: number, to: number): string =>
    rule.slice((tokens[from]?.start ?? 0) - start, (tokens[to]?.end ?? 0) - start);
  for (let i = 2; i < tokens.length; i++) {
    const [object, field, token] = [text(i - 2), text(i - 1), tokens[i]!];
    const first = token.text === '!=' ? i + 1 : i;
    const isAlone = tokens[i - 3]?.type !== 'op';
    if ((object === 'ip' || object === 'ip6') && isAlone && (field === 'saddr' || field === 'daddr')) {
      const family = object === 'ip' ? 4 : 6;
      const last = lastOf(tokens, first, secondOfAddresses);
      if (whole[family].test(written(first, last))) add(first, last, { field, family, pattern: patterns[family] });
    } else if (object === 'ether' && isAlone && field === 'saddr') {
      if (onlyMac.test(text(first))) add(first, first, { field: 'smac', family: null, pattern: patterns.mac });
    } else if (portProtocols.has(object) && isAlone && (field === 'sport' || field === 'dport')) {
      const last = lastOf(tokens, first, secondOfPorts);
      if (!whole.port.test(written(first, last))) continue;
      // Where nothing else asks of the protocol it may be the other one, whose ports stand in the same place.
      if (tokens.filter((one) => eitherProtocol.has(one.text)).length === 1 && eitherProtocol.has(object))
        add(i - 2, i - 2, { field: 'protocol', family: null, pattern: patterns.protocol });
      add(first, last, { field, family: null, pattern: patterns.port });
    } else if (object === 'counter' && field === 'packets' && text(i + 1) === 'bytes') {
      for (const at of [i, i + 2])
        if (tokens[at]?.type === 'number') add(at, at, { field: null, family: null, pattern: patterns.count });
    } else if (field === 'prefix' && object === 'log' && token.type === 'quoted')
      add(i, i, { field: null, family: null, isLogged: true, pattern: patterns.quoted });
    else if (field === 'comment' && token.type === 'quoted' && i === tokens.length - 1)
      add(i, i, { field: null, family: null, pattern: patterns.quoted });
  }
  return holes;
}
