/** Input files as text that can be written back byte for byte. A snapshot is several of them. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type Diagnostic, InputError } from '../diagnostic.js';
import { decode, type Encoding } from '../host/text-encoding.js';
import type { MarkedSource, SourceText } from '../model/read-ruleset.js';
import { bytes } from '../report/quantity.js';
import { CommandError } from './exit-code.js';
import { beginLong, type Holding } from './long-file.js';
import { isSnapshot, parseSnapshot, type Snapshot } from './snapshot-file.js';
import { unreadable, unreadableFor } from './unreadable.js';

/** `file` is as named on the command line, or the name of a live reading; `takenAt` the modification time, for a pipe when reading began. */
export interface ReadFile extends SourceText {
  readonly encoding: Encoding;
  readonly takenAt: number;
  readonly marked?: MarkedFile;
}

export interface MarkedFile extends MarkedSource {
  /** What that mark stands for. Throws InputError where the file is another one now. */
  readonly bytes: (mark: number) => Iterable<Buffer>;
}

export interface ReadFiles {
  readonly read: readonly ReadFile[];
  readonly snapshots: readonly Snapshot[];
}

/** Bytes of all inputs together unless told otherwise; more than a string can hold is never taken. */
export const defaultMaxInput = 256 << 20;
export const largestMaxInput = 511 << 20;

/** Where nobody needs texts as a whole. */
export const holdingLittle: Omit<Holding, 'again'> = { file: 8 << 20, list: 1 << 16, block: 1 << 20 };

/**
 * Throws InputError that names every file that cannot be read, or is more than `maxInput` bytes together with those before it. With `holding`
 * long files are not held as a whole.
 */
export function readFiles(files: readonly string[], maxInput = defaultMaxInput, holding?: Holding): ReadFiles {
  const diagnostics: Diagnostic[] = [];
  const read: ReadFile[] = [];
  const snapshots: Snapshot[] = [];
  let left = maxInput;
  for (const file of files) {
    try {
      const begun = holding ? beginLong(file, holding, left) : null;
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
      if (error instanceof InputError) diagnostics.push(...error.diagnostics);
      else diagnostics.push(unreadable(file, error as NodeJS.ErrnoException));
    }
  }
  if (new Set(files).size < files.length) {
    const twice = files.find((file, i) => files.indexOf(file) !== i) ?? '';
    diagnostics.push(unreadableFor(twice, 'is named twice'));
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
