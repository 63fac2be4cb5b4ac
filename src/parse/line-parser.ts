/**
 * Runs a nearley grammar over one line. Both formats of this stage are made of independent lines, so each line gets a fresh
 * parser: cost is linear in the input and an error never spoils what follows.
 */
import nearley from 'nearley';
import type { Diagnostic } from '../diagnostic.js';
import { alternatives, quote, syntaxError } from './syntax-error.js';

/** A token as nearley wants it; `offset` counts UTF-16 units from the start of the line. */
export interface Token {
  readonly type: string;
  readonly value: string;
  readonly text: string;
  readonly offset: number;
}

/** Where the line being parsed stands: the builders make spans of it. */
export interface Place {
  file: string;
  line: number;
}

export interface LineLexer {
  readonly place: Place;
  /** Tokens that the last `reset` found; the last one is the end of the line. */
  tokens: readonly Token[];
  reset: (line: string) => void;
}

/** No tool that writes these formats reads back more (iptables-restore: 255 words); it bounds what a hostile line costs. */
const wordLimit = 2048;

export type LineResult<Node> = { readonly node: Node } | { readonly error: Diagnostic };

export interface LineParser<Node> {
  (text: string, file: string, line: number): LineResult<Node>;
}

/** What nearley keeps of a failed parse, as far as we look at it. */
interface Table {
  readonly current: number;
  readonly table: readonly { readonly scannable: readonly { readonly rule: Rule; readonly dot: number }[] }[];
}
interface Rule {
  readonly symbols: readonly { readonly type?: string }[];
}

/** `names` says what users call each kind of token. */
export function lineParser<Node>(
  compiled: nearley.CompiledRules,
  lexer: LineLexer,
  names: Readonly<Record<string, string>>,
): LineParser<Node> {
  const grammar = nearley.Grammar.fromCompiled(compiled);
  return (text, file, line) => {
    lexer.place.file = file;
    lexer.place.line = line;
    const parser = new nearley.Parser(grammar);
    // nearley's own report walks its whole state graph; ours is made from the column that failed.
    Object.assign(parser, { reportError: () => 'syntax' });
    try {
      parser.feed(text);
    } catch (error) {
      const token = (error as { token?: Token }).token;
      if (!token) throw error;
      return { error: explain(token, parser as unknown as Table, names, text, file, line) };
    }
    const results = parser.results as Node[];
    const [node] = results;
    if (results.length !== 1 || node === undefined) {
      throw new Error(`bug: ${file}:${line} has ${results.length} readings`);
    }
    return { node };
  };
}

/** Whether the lexer should go on: see `wordLimit`. */
export const tooManyWords = (count: number): boolean => count > wordLimit;

function explain(
  token: Token,
  parser: Table,
  names: Readonly<Record<string, string>>,
  text: string,
  file: string,
  line: number,
): Diagnostic {
  const states = parser.table[parser.current]?.scannable ?? [];
  const expected = new Set(states.map((state) => names[state.rule.symbols[state.dot]?.type ?? ''] ?? ''));
  expected.delete('');
  const found = token.type === 'error' ? foundCharacter(token.text) : (foundToken(token) ?? 'the end of the line');
  const message = `${found}; expected ${alternatives([...expected])}`;
  return syntaxError({ file, line, column: token.offset + 1 }, message, text);
}

const foundToken = (token: Token): string | null =>
  token.type === 'eol' ? 'the line ends here' : `unexpected ${quote(token.text)}`;

function foundCharacter(text: string): string {
  if (text.startsWith('"')) return 'a quoted string is never closed';
  if (text === tooManyWordsMark) return `more than ${wordLimit} words on a line`;
  const code = text.codePointAt(0) ?? 0;
  return `a byte that no ruleset contains (U+${code.toString(16).toUpperCase().padStart(4, '0')})`;
}

/** Text of the error token that stands for the rest of an endless line. */
export const tooManyWordsMark = ' ';
