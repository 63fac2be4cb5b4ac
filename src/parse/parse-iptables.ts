/** Text of iptables-save, ip6tables-save or a hand-written rules file to its syntax tree. */
import type { Diagnostic } from '../diagnostic.js';
import compiled from './generated/iptables-save.js';
import { iptablesLexer, iptablesTokenNames } from './iptables-lexer.js';
import type { IptablesDump, IptablesLine, LineRun, LineTurns, RuleLine, VariantLine } from './iptables-tree.js';
import { LinesBySet } from './lines-by-set.js';
import { lineParser, type LineResult } from './line-parser.js';
import { endOf, scanRun, variantOf, type FirstLine } from './line-run.js';
import { fewestInTurn, scanTurns, type ShapedLine } from './line-turns.js';
import { findHoles, ShapeCache } from './rule-shape.js';
import { readRuleLine } from './read-rule-line.js';
import { plainText, sourceLines } from './source-text.js';
import { errorLimit } from './syntax-error.js';

type SingleLine = Exclude<IptablesLine, VariantLine | LineRun | LineTurns>;

const parseLine = lineParser<SingleLine>(compiled, iptablesLexer, iptablesTokenNames);

/** As `parseLine`; of a rule the tokens are read at once. */
function readLine(text: string, file: string, line: number): LineResult<SingleLine> {
  Object.assign(iptablesLexer.place, { file, line });
  iptablesLexer.reset(text);
  const node = readRuleLine(iptablesLexer.tokens);
  return node ? { node } : parseLine(text, file, line);
}

export interface ParseSettings {
  /** Parse every line by the grammar: the tests compare both ways. */
  readonly grammarOnly?: boolean;
}

/** Never throws on bad input: errors are collected in the dump, the first ten of a file. */
export function parseIptables(
  text: string,
  file: string,
  family: 'ip' | 'ip6',
  settings: ParseSettings = {},
): IptablesDump {
  const whole = plainText(text);
  const lines: IptablesLine[] = [];
  const texts: string[] = [];
  const errors: Diagnostic[] = [];
  const reader = settings.grammarOnly ? null : new AlikeLines(whole, file);
  let number = 1;
  for (let at = 0; at < whole.length && errors.length < errorLimit;) {
    const first: FirstLine = { number, at, text: lineAt(whole, at) };
    const result = reader ? reader.read(first) : parseLine(first.text, file, number);
    if ('error' in result) errors.push(result.error);
    else {
      lines.push(result.node);
      texts.push(first.text);
    }
    at = ('node' in result ? endOfNode(result.node, first) : at + first.text.length) + 1;
    number += 'node' in result ? linesIn(result.node) : 1;
  }
  let source: readonly string[] | null = null;
  return {
    file,
    family,
    lines,
    texts,
    get source() {
      return (source ??= sourceLines(whole));
    },
    errors,
  };
}

function lineAt(whole: string, at: number): string {
  const newline = whole.indexOf('\n', at);
  return whole.slice(at, newline < 0 ? whole.length : newline);
}

function endOfNode(node: IptablesLine, { at, text }: FirstLine): number {
  if (node.kind === 'run') return endOf(node);
  return node.kind === 'turns' ? node.end : at + text.length;
}

function linesIn(node: IptablesLine): number {
  if (node.kind === 'run') return node.count;
  return node.kind === 'turns' ? node.kinds.length : 1;
}

/** Reads a line and those behind it that are the same, or the same in turn, but for a few values. */
class AlikeLines {
  readonly #shapes = new ShapeCache();
  readonly #bySet = new LinesBySet();
  /** Up to this offset no lines are alike in turn. */
  #calmTo = 0;

  constructor(
    private readonly whole: string,
    private readonly file: string,
  ) {}

  read(first: FirstLine): LineResult<IptablesLine> {
    const shaped = this.#shapeOf(first);
    if (!('shape' in shaped)) return shaped;
    const { holes, shape } = shaped;
    const run = scanRun(this.whole, first, holes, shape);
    const node = run ? this.#bySet.split(run) : single(first, shaped);
    if ((run?.count ?? 1) >= fewestInTurn || first.at < this.#calmTo) return { node };
    const found = scanTurns(this.whole, first, (at, number) => this.#shapeAt(at, number));
    if ('turns' in found) return { node: this.#bySet.split(found.turns) };
    this.#calmTo = found.calmTo;
    return { node };
  }

  #shapeAt(at: number, number: number): ShapedLine | null {
    const shaped = this.#shapeOf({ number, at, text: lineAt(this.whole, at) });
    return 'shape' in shaped ? shaped : null;
  }

  /** What the line is like; of one that is like none, what the grammar makes of it. */
  #shapeOf({ number, text }: FirstLine): Shaped | LineResult<SingleLine> {
    const holes = findHoles(text);
    if (!holes) return readLine(text, this.file, number);
    const known = this.#shapes.find(text, holes);
    if (known) return { shape: known, holes, text, rule: null };
    const result = readLine(text, this.file, number);
    if ('error' in result || result.node.kind !== 'rule') return result;
    const shape = this.#shapes.learn(text, holes, result.node);
    return shape ? { shape, holes, text, rule: result.node } : result;
  }
}

interface Shaped extends ShapedLine {
  /** What the grammar made of the line; null: it was not asked. */
  readonly rule: RuleLine | null;
}

const single = (first: FirstLine, { rule, holes, shape }: Shaped): RuleLine | VariantLine =>
  rule ?? variantOf(first, holes, shape);
