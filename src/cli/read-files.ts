/** Input files as text that can be written back byte for byte. A snapshot is several of them. */
import { type Diagnostic, InputError } from '../diagnostic.js';
import type { Holding } from '../host/long-text/long-text.js';
import { Marks } from '../host/long-text/marks.js';
import { decode, type Encoding } from '../host/text-encoding.js';
import { unreadable, unreadableFor } from '../host/unreadable.js';
import type { SourceText } from '../model/read-ruleset.js';
import { CommandError } from './exit-code.js';
import { type Allowance, Incoming } from './incoming.js';
import { beginLong } from './long-input.js';
import { isSnapshot, parseSnapshot, type Snapshot } from './snapshot-file.js';

/** `file` is as named on the command line, or the name of a live reading; `takenAt` the modification time, for a pipe when reading began. */
export interface ReadFile extends SourceText {
  readonly encoding: Encoding;
  readonly takenAt: number;
  /** Of what may be an nft ruleset that is not held as a whole. */
  readonly marks?: Marks;
}

export interface ReadFiles {
  readonly read: readonly ReadFile[];
  readonly snapshots: readonly Snapshot[];
}

/** Bytes of all inputs together unless told otherwise. */
export const defaultMaxInput = 256 << 20;

/** Where nobody needs texts as a whole, or writes one back. */
export const holdingLittle: Holding = { whole: 8 << 20, list: 1 << 16, block: 1 << 20, again: false };

/**
 * Throws InputError that names every file that cannot be read, or is more than `maxInput` bytes together with those before it. With `holding`
 * long texts are not held as a whole.
 */
export function readFiles(files: readonly string[], maxInput = defaultMaxInput, holding?: Holding): ReadFiles {
  const diagnostics: Diagnostic[] = [];
  const read: ReadFile[] = [];
  const snapshots: Snapshot[] = [];
  const allowance: Allowance = { most: maxInput, left: maxInput };
  for (const file of files) {
    try {
      const source = readOne(file, allowance, holding);
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
export function readText(file: string, maxInput = defaultMaxInput): string {
  const incoming = new Incoming(file, { most: maxInput, left: maxInput });
  try {
    return decode(incoming.whole()).text;
  } finally {
    incoming.close();
  }
}

/** Throws InputError, or the errors of `node:fs`. */
function readOne(file: string, allowance: Allowance, holding?: Holding): ReadFile {
  const incoming = new Incoming(file, allowance);
  const { takenAt } = incoming;
  try {
    if (!holding) return { file, ...decode(incoming.whole()), takenAt };
    const marks = new Marks(holding);
    const text = beginLong(incoming, allowance, holding, marks) ?? decode(incoming.whole());
    return { file, ...text, takenAt, marks, included: marks.included };
  } finally {
    incoming.close();
  }
}
