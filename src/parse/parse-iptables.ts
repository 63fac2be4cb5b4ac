/** Text of iptables-save, ip6tables-save or a hand-written rules file to its syntax tree. */
import type { Diagnostic } from '../diagnostic.js';
import compiled from './generated/iptables-save.js';
import { iptablesLexer, iptablesTokenNames } from './iptables-lexer.js';
import type { IptablesDump, IptablesLine, VariantLine } from './iptables-tree.js';
import { lineParser } from './line-parser.js';
import { findHole, ShapeCache } from './rule-shape.js';
import { sourceLines } from './source-text.js';
import { errorLimit } from './syntax-error.js';

const parseLine = lineParser<Exclude<IptablesLine, VariantLine>>(compiled, iptablesLexer, iptablesTokenNames);

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
  const source = sourceLines(text);
  const lines: IptablesLine[] = [];
  const errors: Diagnostic[] = [];
  const shapes = new ShapeCache();
  for (let i = 0; i < source.length && errors.length < errorLimit; i++) {
    const line = source[i]!;
    const hole = settings.grammarOnly ? null : findHole(line);
    const variant = hole && shapes.find(line, i + 1, hole);
    if (variant) {
      lines.push(variant);
      continue;
    }
    const result = parseLine(line, file, i + 1);
    if ('error' in result) {
      errors.push(result.error);
      continue;
    }
    if (hole && result.node.kind === 'rule') shapes.learn(line, hole, result.node);
    lines.push(result.node);
  }
  return { file, family, source, lines, errors };
}
