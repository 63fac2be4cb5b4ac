/** Syntax errors as users read them: file, line, column, the line with a caret, what was expected. */
import type { Diagnostic, Span } from '../diagnostic.js';

/** Characters shown to each side of the caret: a line may be a megabyte long. */
const context = 50;

/** Syntax errors of one file beyond this number say nothing new (a file of another format has one on each line). */
export const errorLimit = 10;

export function syntaxError(span: Span, message: string, line: string): Diagnostic {
  return { code: 'syntax', severity: 'error', span, message, notes: excerpt(line, span.column) };
}

/** The line, cut around the column, and a line with a caret under it. */
export function excerpt(line: string, column: number): string[] {
  const at = column - 1;
  const from = Math.max(0, at - context);
  const to = Math.min(line.length, at + context);
  const left = from > 0 ? '…' : '';
  const right = to < line.length ? '…' : '';
  return [left + visible(line.slice(from, to)) + right, ' '.repeat(left.length + at - from) + '^'];
}

/** What was found, short enough to be quoted in a sentence. */
export function quote(text: string): string {
  return `"${visible(text.length > 40 ? `${text.slice(0, 40)}…` : text)}"`;
}

/** Control characters would move the cursor or ring the bell: each shows as one replacement character. */
function visible(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}
