/** What is wrong with a file that cannot be read. */
import { type Diagnostic, InputError } from '../diagnostic.js';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory; name the files in it',
  ENOTDIR: 'there is no such file',
  ELOOP: 'too many symbolic links',
};

export const unreadable = (file: string, error: NodeJS.ErrnoException): Diagnostic =>
  unreadableFor(file, reasons[error.code ?? ''] ?? error.message);

export const unreadableFor = (file: string, why: string): Diagnostic => ({
  code: 'unreadable',
  severity: 'error',
  span: { file, line: 0, column: 0 },
  message: `${why}; nothing is planned`,
  notes: [],
});

export const changed = (file: string): InputError =>
  new InputError([unreadableFor(file, 'was written to while it was read')]);
