/** Text of iptables-save, ip6tables-save or a hand-written rules file to its syntax tree. */
import type { Diagnostic } from '../diagnostic.js';
import compiled from './generated/iptables-save.js';
import { iptablesLexer, iptablesTokenNames } from './iptables-lexer.js';
import type { IptablesDump, IptablesLine, LineRun, VariantLine } from './iptables-tree.js';
import { lineParser, type LineResult } from './line-parser.js';
import { endOf, scanRun, variantOf, type FirstLine } from './line-run.js';
import { findHoles, ShapeCache } from './rule-shape.js';
import { plainText, sourceLines } from './source-text.js';
import { errorLimit } from './syntax-error.js';

const parseLine = lineParser<Exclude<IptablesLine, VariantLine | LineRun>>(compiled, iptablesLexer, iptablesTokenNames);

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
  const shapes = settings.grammarOnly ? null : new ShapeCache();
  let number = 1;
  for (let at = 0; at < whole.length && errors.length < errorLimit;) {
    const newline = whole.indexOf('\n', at);
    const first: FirstLine = { number, at, text: whole.slice(at, newline < 0 ? whole.length : newline) };
    const result = readLines(whole, first, file, shapes);
    if ('error' in result) errors.push(result.error);
    else {
      lines.push(result.node);
      texts.push(first.text);
    }
    const run = 'node' in result && result.node.kind === 'run' ? result.node : null;
    at = (run ? endOf(run) : at + first.text.length) + 1;
    number += run?.count ?? 1;
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

/** The line and those behind it that are the same but for a few values. */
function readLines(whole: string, first: FirstLine, file: string, shapes: ShapeCache | null): LineResult<IptablesLine> {
  const holes = shapes && findHoles(first.text);
  if (!holes) return parseLine(first.text, file, first.number);
  const known = shapes.find(first.text, holes);
  if (known) return { node: scanRun(whole, first, holes, known) ?? variantOf(first, holes, known) };
  const result = parseLine(first.text, file, first.number);
  if ('error' in result || result.node.kind !== 'rule') return result;
  const learnt = shapes.learn(first.text, holes, result.node);
  return { node: (learnt && scanRun(whole, first, holes, learnt)) ?? result.node };
}
