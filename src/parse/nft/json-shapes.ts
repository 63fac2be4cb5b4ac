/** What rules of nft's JSON have in common with others of their listing. */
import { isArray, isObject, nameOf, numberOf } from './json-context.js';
import { readJsonRule } from './json-item.js';
import { parseJson, type Json, type JsonItem, type JsonSource } from './json-source.js';
import { addressPatterns } from './lexer.js';
import {
  isAsked,
  patternOf,
  RuleShapes,
  shapeFrom,
  type Hole,
  type RuleShape,
  type RuleSyntax,
} from './rule-variants.js';
import type { Extent, Rule } from './tree.js';

const syntax: RuleSyntax = {
  isText: false,
  read(text, { start, end, line, column }, file) {
    const item = parseJson(text.slice(start, end));
    const rule = isObject(item) ? item.rule : undefined;
    if (!isObject(rule)) throw new Error('bug: a rule that is like another cannot be read');
    return readJsonRule(rule, { file, span: { file, line, column }, diagnostics: [] }, { start, end });
  },
  plain(value) {
    const { text, start, end } = value;
    if (text.startsWith('"', start)) return { text, start: start + 1, end: end - 1 };
    if (!text.startsWith('{', start)) return value;
    const plain = plainOf(parseJson(text.slice(start, end)));
    return { text: plain, start: 0, end: plain.length };
  },
  written(plain) {
    if (plain.startsWith('{')) return `{"set": [${plain.slice(2, -2).split(', ').map(writtenOne).join(', ')}]}`;
    return writtenOne(plain);
  },
};

function writtenOne(plain: string): string {
  const [address = '', length] = plain.split('/');
  if (length !== undefined) return `{"prefix": {"addr": "${address}", "len": ${length}}}`;
  const [low = '', high] = plain.split('-').map((value) => (/^[0-9]+$/.test(value) ? value : `"${value}"`));
  return high === undefined ? low : `{"range": [${low}, ${high}]}`;
}

function plainOf(json: Json): string {
  if (typeof json === 'string' || typeof json === 'number') return String(json);
  if (!isObject(json)) return '';
  const { prefix, range, set } = json;
  if (isObject(prefix)) return `${nameOf(prefix.addr)}/${numberOf(prefix.len) ?? ''}`;
  if (isArray(set)) return `{ ${set.map(plainOf).join(', ')} }`;
  return isArray(range) ? range.map(plainOf).join('-') : '';
}

/** For a whole listing: the words of a rule say of which chain it is. */
export class ItemShapes {
  readonly #shapes: RuleShapes;
  /** Behind the item before. */
  #begin = 0;

  constructor(private readonly source: JsonSource) {
    this.#shapes = new RuleShapes(source.text);
  }

  /** As of lines. Null: of the rule that was read last nothing is to be concluded; or it was none. */
  readFollowing({ extent }: JsonItem, rule: Rule | null): readonly Rule[] {
    const { source } = this;
    if (rule) this.#shapes.learn(rule, this.#begin, () => shapeOf(source, rule));
    this.#begin = extent.end;
    if (!rule) return [];
    const { rules, end } = this.#shapes.following(extent.end, (start) => source.span(start));
    source.skipTo(end);
    this.#begin = end;
    return rules;
  }
}

/** Null: no value of it may be another. */
function shapeOf(source: JsonSource, rule: Rule): RuleShape | null {
  const { start, end } = rule.extent;
  if (rule.statements.some(({ kind }) => kind === 'opaque' || kind === 'chainBlock')) return null;
  const holes = new ItemHoles(source, rule.extent);
  if (holes.hasText || !holes.found.some(isAsked)) return null;
  const text = source.text.slice(start, end);
  return shapeFrom({
    ...{ rule, source: source.text, text, holes: holes.found, syntax },
    whole: new RegExp(`(\\s*,\\s*)${patternOf(text, holes.found)}`, 'y'),
    handleGroup: holes.found.findIndex((hole) => hole.start === holes.handle) + 2,
  });
}

const number = '(?:0|[1-9][0-9]*)';
const addressValue = (address: string, length: string): string =>
  [
    `"(?:${address})"`,
    `\\{ ?"prefix": ?\\{ ?"addr": ?"(?:${address})", ?"len": ?${length} ?\\} ?\\}`,
    `\\{ ?"range": ?\\[ ?"(?:${address})", ?"(?:${address})" ?\\] ?\\}`,
  ].join('|');

const ports = '(?:0|[1-9][0-9]{0,4})|\\{ ?"range": ?\\[ ?[1-9][0-9]{0,4}, ?[1-9][0-9]{0,4} ?\\] ?\\}';

const orListed = (value: string): string => `${value}|\\{ ?"set": ?\\[ ?(?:${value})(?:, ?(?:${value}))* ?\\] ?\\}`;

const patterns = {
  4: orListed(addressValue(addressPatterns[4], '[1-9][0-9]?')),
  6: orListed(addressValue(addressPatterns[6], '[1-9][0-9]{0,2}')),
  mac: `"(?:${addressPatterns.mac})"`,
  port: orListed(ports),
  protocol: '"(?:tcp|udp)"',
  number,
  string: '"[^"\\\\\\u0000-\\u001f]*"',
} as const;

const portProtocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite', 'th']);

/** Values of a rule's item that may be others. */
class ItemHoles {
  readonly #found: Hole[] = [];
  /** Where the number of the handle begins; -1: there is none. */
  readonly handle: number;
  /** A statement is text, which has places of its own. */
  readonly hasText: boolean;

  constructor(
    private readonly source: JsonSource,
    private readonly item: Extent,
  ) {
    const rule = this.#member(item, 'rule');
    const handle = this.#member(rule, 'handle');
    this.handle = handle ? handle.start - item.start : -1;
    this.#add(handle, patterns.number);
    this.#add(this.#member(rule, 'comment'), patterns.string);
    const expr = this.#member(rule, 'expr');
    const statements = expr ? source.elements(expr.start) : [];
    this.hasText = statements.some(({ start }) => source.text.startsWith('"', start));
    for (const statement of statements) {
      this.#addMatch(this.#member(statement, 'match'));
      const counter = this.#member(statement, 'counter');
      for (const name of ['packets', 'bytes']) this.#add(this.#member(counter, name), patterns.number);
      this.#add(this.#member(this.#member(statement, 'log'), 'prefix'), patterns.string, { isLogged: true });
    }
  }

  /** In the order in which they stand. */
  get found(): readonly Hole[] {
    return this.#found.toSorted((a, b) => a.start - b.start);
  }

  #member(of: Extent | null, name: string): Extent | null {
    return of && this.source.member(of.start, name);
  }

  #text(of: Extent | null): string {
    return of ? this.source.text.slice(of.start, of.end) : '';
  }

  #addMatch(match: Extent | null): void {
    const payload = this.#member(this.#member(match, 'left'), 'payload');
    const asked = this.#member(payload, 'protocol');
    const [protocol, field] = [asked, this.#member(payload, 'field')].map((one) => this.#text(one).slice(1, -1));
    const value = this.#member(match, 'right');
    if ((protocol === 'ip' || protocol === 'ip6') && (field === 'saddr' || field === 'daddr')) {
      const family = protocol === 'ip' ? 4 : 6;
      this.#add(value, patterns[family], { field, family });
    } else if (protocol === 'ether' && field === 'saddr') {
      this.#add(value, patterns.mac, { field: 'smac' });
    } else if (portProtocols.has(protocol ?? '') && (field === 'sport' || field === 'dport')) {
      // Where nothing else asks of the protocol it may be the other one, whose ports stand in the same place.
      if (this.#text(this.item).match(/"(?:tcp|udp)"/g)?.length === 1)
        this.#add(asked, patterns.protocol, { field: 'protocol' });
      this.#add(value, patterns.port, { field });
    }
  }

  #add(value: Extent | null, pattern: string, about: Partial<Pick<Hole, 'field' | 'family' | 'isLogged'>> = {}): void {
    if (!value || !new RegExp(`^(?:${pattern})$`).test(this.#text(value))) return;
    const { start } = this.item;
    this.#found.push({
      field: null,
      family: null,
      ...about,
      start: value.start - start,
      end: value.end - start,
      pattern,
    });
  }
}
