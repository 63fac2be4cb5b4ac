/** `--residual FILE`: what stays in netfilter, written beside its final name first so that a failure leaves no half file. */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Encoding } from '../host/text-encoding.js';
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
  const staged = texts.map(({ input, text }) => {
    const file = isDirectory
      ? join(target, input.file === '-' ? 'stdin' : basename(input.file).replace(/^live:/, ''))
      : target;
    const encoding = read.find((one) => one.file === input.file)?.encoding ?? 'utf8';
    return { file, text, encoding, temporary: `${file}.${process.pid}.new`, input: input.file };
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
    for (const { temporary, text, encoding } of staged) writeText(temporary, text, encoding);
  } catch (error) {
    discard();
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(exitCodes.host, `the residual cannot be written: ${why}`);
  }
  const commit = (): void => {
    for (const { file, temporary } of staged) renameSync(temporary, file);
  };
  return { files: staged.map(({ file }) => file), commit, discard };
}

const pieceLength = 1 << 22;

/** In pieces, so that of a long text there is no second copy. */
function writeText(file: string, text: string, encoding: Encoding): void {
  const descriptor = openSync(file, 'w');
  try {
    for (let at = 0; at < text.length;) {
      let end = Math.min(text.length, at + pieceLength);
      // Not between the halves of a character of two.
      if (/[\udc00-\udfff]/.test(text.charAt(end))) end--;
      writeFileSync(descriptor, text.slice(at, end), encoding);
      at = end;
    }
  } finally {
    closeSync(descriptor);
  }
}

function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
