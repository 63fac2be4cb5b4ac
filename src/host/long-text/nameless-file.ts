/** Files without a name in the directory for temporary ones: whatever becomes of the process, nothing of them is left. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../diagnostic.js';
import { unreadableFor } from '../unreadable.js';
import type { KeptFile } from './file-blocks.js';

/** Where systems have a second one, the first may be kept in memory (`man file-hierarchy`). */
const larger = '/var/tmp';

function directory(): string {
  const named = process.env['TMPDIR'] ?? '';
  return named === '' && existsSync(larger) ? larger : tmpdir();
}

/** O_TMPFILE, since Linux 3.11, of include/uapi/asm-generic/fcntl.h: a file that never has a name. */
const withoutName = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR | constants.O_EXCL;

/** A file for reading and writing, of which its descriptor is all that there is. Throws the errors of `node:fs`. */
export function openNameless(): number {
  try {
    return openSync(directory(), withoutName, 0o600);
  } catch (error) {
    // The file system has no such files (open(2)).
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error;
  }
  const path = join(directory(), `offload-${randomBytes(16).toString('hex')}`);
  const descriptor = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return descriptor;
}

/** Writes down what comes once, so that it can be read again. Throws InputError where there is no place for it, and what `behind` throws. */
export function writtenDown(file: string, begun: Buffer, behind: Iterable<Buffer>): KeptFile {
  let descriptor: number | null = null;
  try {
    descriptor = opened(file);
    append(file, descriptor, begun);
    for (const block of behind) append(file, descriptor, block);
    return keptAs(file, descriptor);
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    throw error;
  }
}

/** A file that is written to no more. */
export const keptAs = (file: string, descriptor: number): KeptFile => ({
  file,
  was: fstatSync(descriptor),
  descriptor,
});

function opened(file: string): number {
  try {
    return openNameless();
  } catch (error) {
    throw noPlace(file, error);
  }
}

function append(file: string, descriptor: number, block: Buffer): void {
  try {
    for (let at = 0; at < block.length;) at += writeSync(descriptor, block, at);
  } catch (error) {
    throw noPlace(file, error);
  }
}

function noPlace(file: string, error: unknown): InputError {
  const { found, remedy } = whyNoPlace(error as NodeJS.ErrnoException);
  return new InputError([
    unreadableFor(file, `is so long that it is kept in a file while it is read, and ${found}: ${remedy}`),
  ]);
}

export const whyNoPlace = ({
  code,
  message,
}: NodeJS.ErrnoException): { readonly found: string; readonly remedy: string } => ({
  found: `${directory()} ${code === 'ENOSPC' || code === 'EDQUOT' ? 'is full' : `takes none (${code ?? message})`}`,
  remedy: 'let TMPDIR name a directory that has room for it',
});
