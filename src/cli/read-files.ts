/** Input files as text that can be written back byte for byte. */
import { fstatSync, openSync, closeSync, readFileSync, type Stats } from 'node:fs';
import { type Diagnostic, InputError } from '../diagnostic.js';

export interface ReadFile {
  /** As named on the command line. */
  readonly file: string;
  readonly text: string;
  /** What `text` was decoded by, and is to be written by: a dump may hold a comment in any 8-bit encoding. */
  readonly encoding: 'utf8' | 'latin1';
  /** File modification time; for a pipe, when reading began. Milliseconds since the epoch. */
  readonly takenAt: number;
}

/** Throws InputError that names every file that cannot be read. */
export function readFiles(files: readonly string[]): readonly ReadFile[] {
  const diagnostics: Diagnostic[] = [];
  const read: ReadFile[] = [];
  for (const file of files) {
    try {
      read.push(readOne(file));
    } catch (error) {
      diagnostics.push(unreadable(file, error as NodeJS.ErrnoException));
    }
  }
  if (new Set(files).size < files.length) {
    const twice = files.find((file, i) => files.indexOf(file) !== i) ?? '';
    diagnostics.push(diagnostic(twice, 'is named twice'));
  }
  if (diagnostics.length > 0) throw new InputError(diagnostics);
  return read;
}

function readOne(file: string): ReadFile {
  const descriptor = file === '-' ? 0 : openSync(file, 'r');
  try {
    const stats: Stats = fstatSync(descriptor);
    const began = Date.now();
    const bytes = readFileSync(descriptor);
    return { file, ...decode(bytes), takenAt: stats.isFile() ? stats.mtimeMs : began };
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

function decode(bytes: Buffer): Pick<ReadFile, 'text' | 'encoding'> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), encoding: 'utf8' };
  } catch (error) {
    if (error instanceof TypeError) return { text: bytes.toString('latin1'), encoding: 'latin1' };
    throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory; name the files in it',
  ENOTDIR: 'there is no such file',
  ELOOP: 'too many symbolic links',
  ERR_FS_FILE_TOO_LARGE: 'is larger than 2 GiB',
  ERR_STRING_TOO_LONG: 'is too large',
};

function unreadable(file: string, error: NodeJS.ErrnoException): Diagnostic {
  return diagnostic(file, reasons[error.code ?? ''] ?? error.message);
}

const diagnostic = (file: string, why: string): Diagnostic => ({
  code: 'unreadable',
  severity: 'error',
  span: { file, line: 0, column: 0 },
  message: `${why}; nothing is planned`,
  notes: [],
});
