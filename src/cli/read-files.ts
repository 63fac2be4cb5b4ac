/** Input files as text that can be written back byte for byte. A snapshot is several of them. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type Diagnostic, InputError } from '../diagnostic.js';
import { decode, type Encoding } from '../host/text-encoding.js';
import { detectFormat } from '../model/detect-format.js';
import type { SourceText } from '../model/read-ruleset.js';
import { bytes } from '../report/quantity.js';
import { CommandError } from './exit-code.js';
import { isSnapshot, parseSnapshot, type Snapshot } from './snapshot-file.js';

/** `file` is as named on the command line, or the name of a live reading; `takenAt` the modification time, for a pipe when reading began. */
export interface ReadFile extends SourceText {
  readonly encoding: Encoding;
  readonly takenAt: number;
}

export interface ReadFiles {
  readonly read: readonly ReadFile[];
  readonly snapshots: readonly Snapshot[];
}

/** Bytes of all inputs together unless told otherwise; more than a string can hold is never taken. */
export const defaultMaxInput = 256 << 20;
export const largestMaxInput = 511 << 20;

/** Files of more bytes are read in pieces of as many, where nobody needs their text as a whole. */
export const longestHeld = 8 << 20;

/**
 * Throws InputError that names every file that cannot be read, or is more than `maxInput` bytes together with those before it. Of an ipset
 * save of more than `longest` bytes only the beginning is read here; what comes of it is `rest`.
 */
export function readFiles(files: readonly string[], maxInput = defaultMaxInput, longest = Infinity): ReadFiles {
  const diagnostics: Diagnostic[] = [];
  const read: ReadFile[] = [];
  const snapshots: Snapshot[] = [];
  let left = maxInput;
  for (const file of files) {
    try {
      const begun = longest < Infinity ? beginLong(file, longest, left) : null;
      if (begun !== null) {
        left -= begun.size;
        read.push(begun.source);
        continue;
      }
      const { content, takenAt } = readBytes(file, left, maxInput);
      left -= content.length;
      const source: ReadFile = { file, ...decode(content), takenAt };
      if (!isSnapshot(source.text)) {
        read.push(source);
        continue;
      }
      const snapshot = parseSnapshot(file, source.text);
      snapshots.push(snapshot);
      read.push(...rulesetsOf(snapshot));
    } catch (error) {
      // What is wrong in a snapshot has its own words.
      if (error instanceof CommandError) throw error;
      diagnostics.push(unreadable(file, error as NodeJS.ErrnoException));
    }
  }
  if (new Set(files).size < files.length) {
    const twice = files.find((file, i) => files.indexOf(file) !== i) ?? '';
    diagnostics.push(diagnostic(twice, 'is named twice'));
  }
  if (diagnostics.length > 0) throw new InputError(diagnostics);
  return { read, snapshots };
}

const rulesetsOf = ({ rulesets }: Snapshot): readonly ReadFile[] =>
  rulesets.map(({ name, format, encoding, takenAt, text }) => ({
    file: name,
    text,
    encoding,
    takenAt,
    origin: { format },
  }));

/** Text of one file, for those that are no rulesets. Throws the errors of `node:fs`. */
export const readText = (file: string, maxInput = defaultMaxInput): string =>
  decode(readBytes(file, maxInput, maxInput).content).text;

const chunkBytes = 1 << 20;
const newline = 10;

/** Reads in pieces: a pipe, a device or a file that grows ends at the limit and not when memory does. */
function readBytes(file: string, left: number, limit: number): { readonly content: Buffer; readonly takenAt: number } {
  const descriptor = file === '-' ? 0 : openSync(file, 'r');
  try {
    const stats: Stats = fstatSync(descriptor);
    const began = Date.now();
    if (stats.isDirectory()) throw tooMuch('EISDIR', 'is a directory');
    const pieces: Buffer[] = [];
    let size = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(Math.max(chunkBytes, Math.min(stats.size - size + 1, left - size + 1)));
      const length = readSome(descriptor, piece);
      if (length === 0) break;
      size += length;
      if (size > left)
        throw tooMuch('EFBIG', `is more than the ${bytes(limit)} that all inputs may have; raise --max-input`);
      pieces.push(piece.subarray(0, length));
    }
    // A regular file is one piece: no second copy of a large one is made.
    const content = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
    return { content, takenAt: stats.isFile() ? stats.mtimeMs : began };
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

const tooMuch = (code: string, message: string): NodeJS.ErrnoException => Object.assign(new Error(message), { code });

/** A long ipset save in a file. Null: it is none, or so long that it is refused. */
function beginLong(file: string, longest: number, most: number): { source: ReadFile; size: number } | null {
  if (file === '-') return null;
  const descriptor = openSync(file, 'r');
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size <= longest || stats.size > most) return null;
    const head = Buffer.allocUnsafe(longest);
    const end = head.subarray(0, readSync(descriptor, head, 0, head.length, 0)).lastIndexOf(newline) + 1;
    const { text, encoding } = decode(head.subarray(0, end));
    if (detectFormat(text, file) !== 'ipset') return null;
    const source = { file, text, encoding, takenAt: stats.mtimeMs, rest: piecesFrom(file, end, stats, longest) };
    return { source, size: stats.size };
  } finally {
    closeSync(descriptor);
  }
}

/** Whole lines of a file from there on. Throws InputError where it is not the file any more that it was. */
function* piecesFrom(file: string, from: number, was: Stats, longest: number): Generator<string> {
  const descriptor = reopen(file, was);
  try {
    let begun: Buffer[] = [];
    for (let at = from; at < was.size;) {
      const piece = Buffer.allocUnsafe(Math.min(longest, was.size - at));
      const length = readSync(descriptor, piece, 0, piece.length, at);
      if (length === 0) throw changed(file);
      at += length;
      const end = piece.subarray(0, length).lastIndexOf(newline) + 1;
      if (end > 0) {
        yield decode(Buffer.concat([...begun, piece.subarray(0, end)])).text;
        begun = [];
      }
      if (end < length) begun.push(piece.subarray(end, length));
    }
    if (begun.length > 0) yield decode(Buffer.concat(begun)).text;
    if (isOther(fstatSync(descriptor), was)) throw changed(file);
  } finally {
    closeSync(descriptor);
  }
}

function reopen(file: string, was: Stats): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new InputError([unreadable(file, error as NodeJS.ErrnoException)]);
  }
  if (!isOther(fstatSync(descriptor), was)) return descriptor;
  closeSync(descriptor);
  throw changed(file);
}

const isOther = (now: Stats, was: Stats): boolean =>
  now.dev !== was.dev || now.ino !== was.ino || now.size !== was.size || now.mtimeMs !== was.mtimeMs;

const changed = (file: string): InputError => new InputError([diagnostic(file, 'was written to while it was read')]);

/** A terminal or a socket at standard input may be non-blocking: then what is not there yet is waited for. */
function readSome(descriptor: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, into);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory; name the files in it',
  ENOTDIR: 'there is no such file',
  ELOOP: 'too many symbolic links',
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
