/** Files without a name in the directory for temporary ones: whatever becomes of the process, nothing of them is left. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileBlocks, type KeptFile } from './file-blocks.js';

/** Where systems have a second one, the first may be kept in memory (`man file-hierarchy`). */
const larger = '/var/tmp';

function directory(): string {
  const named = process.env['TMPDIR'] ?? '';
  return named === '' && existsSync(larger) ? larger : tmpdir();
}

/** O_TMPFILE, since Linux 3.11, of include/uapi/asm-generic/fcntl.h: a file that never has a name. */
const withoutName = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR | constants.O_EXCL;

/** A file for reading and writing, of which its descriptor is all that there is. Throws the errors of `node:fs`. */
function openNameless(): number {
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

/**
 * Writes down what comes once, so that it can be read again. Where there is no place for it, all of it, held: under attack logs fill the
 * file system, and memory is what a mitigation then takes. Throws what `behind` throws.
 */
export function writtenDown(file: string, begun: Buffer, behind: Iterable<Buffer>): KeptFile | Buffer {
  const place = openedOrNull();
  if (place === null) return Buffer.concat([begun, ...behind]);
  let [written, held]: [number, Buffer[]] = [0, []];
  try {
    for (const block of blocksOf(begun, behind))
      if (held.length === 0 && isAppended(place, block)) written += block.length;
      else held.push(block);
    if (held.length === 0) return keptAs(file, place);
    const before = new FileBlocks(keptAs(file, place), written, false).whole().subarray(0, written);
    held = [before, ...held];
  } catch (error) {
    closeSync(place);
    throw error;
  }
  closeSync(place);
  return Buffer.concat(held);
}

/** A file that is written to no more. */
export const keptAs = (file: string, descriptor: number): KeptFile => ({
  file,
  was: fstatSync(descriptor),
  descriptor,
});

/** Null: there is no place for it. */
export function openedOrNull(): number | null {
  try {
    return openNameless();
  } catch {
    return null;
  }
}

function* blocksOf(begun: Buffer, behind: Iterable<Buffer>): Generator<Buffer> {
  yield begun;
  yield* behind;
}

function isAppended(descriptor: number, block: Buffer): boolean {
  try {
    for (let at = 0; at < block.length;) at += writeSync(descriptor, block, at);
    return true;
  } catch {
    return false;
  }
}
