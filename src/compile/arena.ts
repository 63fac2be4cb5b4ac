/** The value of the map `tables` while it is being built: parts get offsets, and are laid side by side at the end. */
import { CompileError, maxImageBytes } from './image.js';

export class Arena {
  readonly #parts: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  /** Offset 0 stays unused, so that an unset offset in the configuration points at zeros. */
  #size = 64;

  #searchBytes = 0;

  /** `memory`: most bytes of what finds the step that decides. */
  constructor(
    private readonly family: () => 4 | 6,
    private readonly memory: number,
  ) {}

  /** Bytes of bit vectors, lists or decisions; to be asked before rows are built, which takes time. */
  reserve(bytes: number): void {
    this.#searchBytes += bytes;
    if (this.#searchBytes <= this.memory) return;
    const message = `what finds the step that decides needs more than the ${this.memory} bytes that they may have`;
    throw new CompileError('too-large', message, this.family());
  }

  /** Bytes that may still be reserved. */
  get left(): number {
    return this.memory - this.#searchBytes;
  }

  /** Offset of the part, a multiple of 64 (one cache line). */
  add(part: Uint8Array | Uint16Array | Uint32Array): number {
    const offset = this.#size;
    this.#parts.push({ offset, bytes: new Uint8Array(part.buffer, part.byteOffset, part.byteLength) });
    this.#size = Math.ceil((offset + part.byteLength) / 64) * 64;
    if (this.#size > maxImageBytes) {
      throw new CompileError('too-large', `the tables need more than ${maxImageBytes} bytes`, this.family());
    }
    return offset;
  }

  get size(): number {
    return this.#size;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#size);
    for (const { offset, bytes } of this.#parts) all.set(bytes, offset);
    return all;
  }
}
