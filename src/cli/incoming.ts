/** Bytes of one input: of a file, or of a pipe or device, which can be read but once. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { InputError } from '../diagnostic.js';
import { unreadable } from '../host/unreadable.js';
import { bytes } from '../report/quantity.js';

/** What all inputs may have together, bytes. */
export interface Allowance {
  readonly most: number;
  left: number;
}

const pieceBytes = 1 << 20;

/** Reads in pieces: a pipe, a device or a file that grows ends at the limit and not when memory does. */
export class Incoming {
  readonly stats: Stats;
  readonly #descriptor: number;
  readonly #opened = Date.now();
  #begun: Buffer | null = null;
  #size = 0;
  #ended = false;
  /** What follows the beginning is going to be asked for. */
  #isAwaited = false;
  #isOpen = true;

  /** `-`: standard input. Throws the errors of `node:fs`, as the methods do. */
  constructor(
    readonly file: string,
    private readonly allowance: Allowance,
  ) {
    this.#descriptor = file === '-' ? 0 : openSync(file, 'r');
    this.stats = fstatSync(this.#descriptor);
  }

  /** Milliseconds since the epoch. */
  get takenAt(): number {
    return this.stats.isFile() ? this.stats.mtimeMs : this.#opened;
  }

  /** It can be read again, by its name. */
  get isNamed(): boolean {
    return this.file !== '-' && this.stats.isFile();
  }

  /** So much of its beginning, or all of it where that is less. */
  beginning(length: number): Buffer {
    if (!this.isNamed) return (this.#begun ??= this.#take(length));
    const begun = Buffer.allocUnsafe(length);
    return begun.subarray(0, readSync(this.#descriptor, begun, 0, length, 0));
  }

  /** All of it. */
  whole(): Buffer {
    const begun = this.#begun === null ? [] : [this.#begun];
    while (!this.#ended) {
      const left = Math.min(this.stats.size - this.#size + 1, this.allowance.left + 1);
      begun.push(this.#take(Math.max(pieceBytes, left)));
    }
    // A regular file is one piece: no second copy of a large one is made.
    return begun.length === 1 ? begun[0]! : Buffer.concat(begun);
  }

  /** Of what has no name, what follows the beginning, once, in blocks of that length but for the last. Throws InputError. */
  behind(length: number): Iterable<Buffer> {
    this.#isAwaited = true;
    return this.#blocks(length);
  }

  *#blocks(length: number): Generator<Buffer> {
    try {
      while (!this.#ended) yield this.#take(length);
    } catch (error) {
      throw new InputError([unreadable(this.file, error as NodeJS.ErrnoException)]);
    } finally {
      this.#isAwaited = false;
      this.close();
    }
  }

  /** Not before what follows the beginning has been read. */
  close(): void {
    if (this.#isOpen && !this.#isAwaited && this.#descriptor !== 0) closeSync(this.#descriptor);
    this.#isOpen &&= this.#isAwaited;
  }

  /** Less than asked for: it has ended. */
  #take(length: number): Buffer {
    if (this.stats.isDirectory()) throw withCode('EISDIR', 'is a directory');
    const piece = Buffer.allocUnsafe(length);
    let taken = 0;
    while (taken < length && !this.#ended) {
      const read = readSome(this.#descriptor, piece.subarray(taken));
      this.#ended = read === 0;
      taken += read;
      this.#count(read);
    }
    return piece.subarray(0, taken);
  }

  #count(read: number): void {
    this.#size += read;
    this.allowance.left -= read;
    if (this.allowance.left >= 0) return;
    this.allowance.left += this.#size;
    const most = bytes(this.allowance.most);
    throw withCode('EFBIG', `is more than the ${most} that all inputs may have; raise --max-input`);
  }
}

const withCode = (code: string, message: string): NodeJS.ErrnoException => Object.assign(new Error(message), { code });

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
