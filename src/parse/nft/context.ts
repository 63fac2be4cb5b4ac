/** What the readers of one parse share: tokens of the current file, diagnostics, how includes are found. */
import type { Diagnostic, DiagnosticCode, Span } from '../../diagnostic.js';
import { InputError } from '../../diagnostic.js';
import { excerpt, quote } from '../syntax-error.js';
import type { SyntaxFailure } from './grammar.js';
import type { IncludeSource } from './include-source.js';
import { type LongLists, refuseMarks } from './long-lists.js';
import type { Token } from './lexer.js';
import { TokenReader } from './lexer.js';
import { place, spanOf } from './place.js';

export interface Context {
  readonly reader: TokenReader;
  readonly file: string;
  readonly text: string;
  readonly diagnostics: Diagnostic[];
  readonly includes: IncludeSource | null;
  /** Files above this one. */
  readonly depth: number;
  /** Null: the text is whole. */
  readonly lists: LongLists | null;
}

export function newContext(
  text: string,
  file: string,
  from: Pick<Context, 'diagnostics' | 'includes' | 'depth'>,
  lists: LongLists | null = null,
): Context {
  return { reader: new TokenReader(text, file), file, text, lists, ...from };
}

/** Part of the text. Throws MarkedText where elements were left out of it. */
export function textBetween({ text, lists }: Context, start: number, end: number): string {
  const part = text.slice(start, end);
  if (lists) refuseMarks(part);
  return part;
}

/** After an included file the readers go on in this one. */
export const enter = (context: Context): void => void (place.file = context.file);

/** The source line in which an offset stands. */
function lineAt(context: Context, offset: number): string {
  const { text } = context;
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return textBetween(context, start, end < 0 ? text.length : end);
}

export function syntaxErrorAt(context: Context, token: Token, message: string): InputError {
  return errorAt(context, token, 'syntax', message);
}

export function errorAt(context: Context, token: Token, code: DiagnosticCode, message: string): InputError {
  const diagnostic: Diagnostic = {
    code,
    severity: 'error',
    span: spanOf(token),
    message,
    notes: notesAt(context, token),
  };
  return new InputError([...context.diagnostics, diagnostic].sort((a, b) => rank(a) - rank(b)));
}
const rank = ({ severity }: Diagnostic): number => (severity === 'error' ? 0 : 1);

const notesAt = (context: Context, token: Token): string[] => excerpt(lineAt(context, token.start), token.column);

/** A warning: the text is kept, but nothing is known of it. */
export function warnAt(context: Context, token: Token, message: string): void {
  const span: Span = spanOf(token);
  context.diagnostics.push({
    code: 'opaque-match',
    severity: 'warning',
    span,
    message,
    notes: notesAt(context, token),
  });
}

const typeNames: Readonly<Record<string, string>> = {
  number: 'a number',
  word: 'a name',
  keyword: 'a name',
  quoted: 'a quoted string',
  address: 'an address',
  time: 'a time',
  wildcard: 'a wildcard',
  variable: 'a variable',
  raw: 'a raw payload expression',
  set: '"{"',
  block: '"{"',
};

/** Names of what was expected, few enough to read. */
export function expectedText({ expected }: SyntaxFailure): string {
  const names = [...new Set(expected.map((name) => typeNames[name] ?? name))];
  if (names.length === 0) return 'nothing more';
  const shown = names.slice(0, 8);
  if (names.length > shown.length) return `${shown.join(', ')} …`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1) ?? ''}`;
}

/** What a piece of the grammar failed on, `what` (a line, a rule) having ended when no token is left; and where: nft points there, too. */
export function failureAt(
  context: Context,
  tokens: readonly Token[],
  failure: SyntaxFailure,
  what: string,
): { readonly why: string; readonly at: Token } {
  const found = tokens[failure.at];
  const why = `${found ? foundText(found) : `the ${what} ends here`}; expected ${expectedText(failure)}`;
  return { why, at: found ?? context.reader.peek() };
}

export function foundText(token: Token): string {
  const { type, text } = token;
  if (type === 'eof') return 'the file ends here';
  if (type === 'newline') return 'the line ends here';
  if (type === 'set' || type === 'block') return 'unexpected "{"';
  if (type !== 'bad') return `unexpected ${quote(text)}`;
  return text.startsWith('"') ? 'a quoted string is never closed' : `unexpected character ${quote(text.charAt(0))}`;
}
