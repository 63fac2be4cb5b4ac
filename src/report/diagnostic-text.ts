/** `rules.v4:41:23: warning[opaque-match]: …` with its notes indented below. */
import type { Diagnostic } from '../diagnostic.js';
import { printable, shortened } from './printable.js';

/** Notes quote source lines, which may be a megabyte long. */
const noteColumns = 240;

export function diagnosticText({ code, severity, span, message, notes }: Diagnostic): string {
  const place = span.line > 0 ? `${span.file}:${span.line}:${span.column}` : span.file;
  const head = `${printable(place)}: ${severity}[${code}]: ${shortened(printable(message), 4 * noteColumns)}`;
  const below = notes.flatMap((note) => note.split('\n')).map((note) => `  ${shortened(printable(note), noteColumns)}`);
  return [head, ...below, ''].join('\n');
}
