/** A file in blocks, of which each can be read again, and is the same then. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { InputError } from '../diagnostic.js';
import { changed, unreadable } from './unreadable.js';

export class FileBlocks {
  readonly #digests: string[] = [];

  /** `was`: of the file when it was opened first; `digested`: `again` is asked for. */
  constructor(
    readonly file: string,
    readonly was: Stats,
    private readonly length: number,
    private readonly digested: boolean,
  ) {}

  /** All of it. Throws InputError where it is not the file any more that it was. */
  *all(): Generator<Buffer> {
    const descriptor = reopen(this.file, this.was);
    try {
      for (let at = 0; at < this.was.size; at += this.length) {
        const block = this.#block(descriptor, at);
        if (this.digested) this.#digests[at / this.length] = digestOf(block);
        yield block;
      }
      if (isOther(fstatSync(descriptor), this.was)) throw changed(this.file);
    } finally {
      closeSync(descriptor);
    }
  }

  /** What stands there, and is what `all` read last. Throws InputError where it is not. */
  *again(start: number, end: number): Generator<Buffer> {
    const descriptor = reopen(this.file, this.was);
    try {
      for (let number = Math.floor(start / this.length); number * this.length < end; number++) {
        const at = number * this.length;
        const block = this.#block(descriptor, at);
        if (digestOf(block) !== this.#digests[number]) throw changed(this.file);
        yield block.subarray(Math.max(0, start - at), end - at);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  #block(descriptor: number, at: number): Buffer {
    const block = Buffer.allocUnsafe(Math.min(this.length, this.was.size - at));
    for (let read = 0; read < block.length;) {
      const length = readSync(descriptor, block, read, block.length - read, at + read);
      if (length === 0) throw changed(this.file);
      read += length;
    }
    return block;
  }
}

const digestOf = (block: Buffer): string => createHash('sha256').update(block).digest('base64');

/** Throws InputError where it is another file now. */
export function reopen(file: string, was: Stats): number {
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

export const isOther = (now: Stats, was: Stats): boolean =>
  now.dev !== was.dev || now.ino !== was.ino || now.size !== was.size || now.mtimeMs !== was.mtimeMs;
