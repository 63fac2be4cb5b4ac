/** A file in blocks, of which each can be read again, and is the same then. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { InputError } from '../../diagnostic.js';
import { changed, unreadable } from '../unreadable.js';

/** A file that stays what it is while it is read. */
export interface KeptFile {
  /** As it is called in what is said of it. */
  readonly file: string;
  /** When it was opened first. */
  readonly was: Stats;
  /** Of a file that has no name. Null: it is opened by its name each time. */
  readonly descriptor: number | null;
}

export class FileBlocks {
  readonly #digests: string[] = [];

  /** `length`: of a block, in bytes. `digested`: `again` is asked for. */
  constructor(
    readonly kept: KeptFile,
    private readonly length: number,
    private readonly digested: boolean,
  ) {}

  /** All of it from there on. Throws InputError where it is not the file any more that it was. */
  *all(from = 0): Generator<Buffer> {
    const descriptor = this.#open();
    try {
      for (let at = from; at < this.kept.was.size; at += this.length) {
        const block = this.#block(descriptor, at);
        if (this.digested) this.#digests[at / this.length] = digestOf(block);
        yield block;
      }
      if (isOther(fstatSync(descriptor), this.kept.was)) throw changed(this.kept.file);
    } finally {
      this.#close(descriptor);
    }
  }

  /** All of it in one. Throws as `all` does. */
  whole(): Buffer {
    const descriptor = this.#open();
    try {
      const all = this.#read(descriptor, 0, this.kept.was.size);
      if (isOther(fstatSync(descriptor), this.kept.was)) throw changed(this.kept.file);
      return all;
    } finally {
      this.#close(descriptor);
    }
  }

  /** What stands there, and is what `all` read last. Throws InputError where it is not. */
  *again(start: number, end: number): Generator<Buffer> {
    const descriptor = this.#open();
    try {
      for (let number = Math.floor(start / this.length); number * this.length < end; number++) {
        const at = number * this.length;
        const block = this.#block(descriptor, at);
        if (digestOf(block) !== this.#digests[number]) throw changed(this.kept.file);
        yield block.subarray(Math.max(0, start - at), end - at);
      }
    } finally {
      this.#close(descriptor);
    }
  }

  #block(descriptor: number, at: number): Buffer {
    return this.#read(descriptor, at, Math.min(this.length, this.kept.was.size - at));
  }

  #read(descriptor: number, at: number, bytes: number): Buffer {
    const block = Buffer.allocUnsafe(bytes);
    for (let read = 0; read < block.length;) {
      const length = readSync(descriptor, block, read, block.length - read, at + read);
      if (length === 0) throw changed(this.kept.file);
      read += length;
    }
    return block;
  }

  #open(): number {
    return this.kept.descriptor ?? reopen(this.kept);
  }

  #close(descriptor: number): void {
    if (descriptor !== this.kept.descriptor) closeSync(descriptor);
  }
}

const digestOf = (block: Buffer): string => createHash('sha256').update(block).digest('base64');

/** Throws InputError where it is another file now. */
function reopen({ file, was }: KeptFile): number {
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
