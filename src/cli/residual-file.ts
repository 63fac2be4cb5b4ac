/** `--residual FILE`: what stays in netfilter, written beside its final name first so that a failure leaves no half file. */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Marks } from '../host/long-text/marks.js';
import type { Encoding } from '../host/text-encoding.js';
import { anyMark } from '../parse/nft/long-lists.js';
import type { ResidualText } from '../residual/residual-texts.js';
import type { ReadFile } from './read-files.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';

export interface StagedResidual {
  readonly files: readonly string[];
  /** Gives the files their names. */
  readonly commit: () => void;
  readonly discard: () => void;
}

/** Several rulesets need a directory, where each keeps its name. Throws CommandError when the place cannot be written. */
export function stageResidual(
  target: string,
  texts: readonly ResidualText[],
  read: readonly ReadFile[],
): StagedResidual {
  if (target === '-') throw usageError('--residual wants a file, not standard output');
  const isDirectory = statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isDirectory && texts.length > 1) {
    throw usageError(
      `--residual ${target}: ${texts.length} rulesets leave ${texts.length} residuals: name a directory`,
    );
  }
  const staged = texts.map(({ input, pieces }) => {
    const file = isDirectory
      ? join(target, input.file === '-' ? 'stdin' : basename(input.file).replace(/^live:/, ''))
      : target;
    const source = read.find((one) => one.file === input.file);
    const written = { pieces, encoding: source?.encoding ?? 'utf8', marks: input.isMarked && source?.marks };
    return { file, written, temporary: `${file}.${process.pid}.new`, input: input.file };
  });
  for (const { file, input } of staged) {
    if (isSameFile(file, input)) throw usageError(`--residual ${file} would overwrite the ruleset it comes from`);
  }
  const names = new Set(staged.map(({ file }) => file));
  if (names.size < staged.length) throw usageError(`--residual ${target}: two rulesets have the same file name`);
  const discard = (): void => {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  };
  try {
    for (const { temporary, written } of staged) writeResidual(temporary, written);
  } catch (error) {
    discard();
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CommandError(exitCodes.host, `the residual cannot be written: ${error.message}`);
  }
  const commit = (): void => {
    for (const { file, temporary } of staged) renameSync(temporary, file);
  };
  return { files: staged.map(({ file }) => file), commit, discard };
}

interface Written {
  readonly pieces: ResidualText['pieces'];
  readonly encoding: Encoding;
  /** What the marks in the pieces stand for, none of which is cut. */
  readonly marks: Marks | undefined;
}

/** Characters that are written at a time. */
const pieceLength = 1 << 22;
const shortest = 1 << 16;

function writeResidual(file: string, { pieces, encoding, marks }: Written): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const piece of longer(pieces()))
      if (marks) writeMarked(descriptor, piece, encoding, marks);
      else writeText(descriptor, piece, encoding);
  } finally {
    closeSync(descriptor);
  }
}

/** Of many short pieces fewer. */
function* longer(pieces: Iterable<string>): Generator<string> {
  let held = '';
  for (const piece of pieces) {
    held += piece;
    if (held.length < shortest) continue;
    yield held;
    held = '';
  }
  yield held;
}

function writeMarked(descriptor: number, text: string, encoding: Encoding, marks: Marks): void {
  text.split(anyMark).forEach((part, i) => {
    // Numbers of marks stand between what is around them.
    if (i % 2 === 0) writeText(descriptor, part, encoding);
    else for (const bytes of marks.bytes(Number(part))) writeFileSync(descriptor, bytes);
  });
}

/** In pieces, so that of a long text there is no second copy. */
function writeText(descriptor: number, text: string, encoding: Encoding): void {
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + pieceLength);
    // Not between the halves of a character of two.
    if (/[\udc00-\udfff]/.test(text.charAt(end))) end--;
    writeFileSync(descriptor, text.slice(at, end), encoding);
    at = end;
  }
}

function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
