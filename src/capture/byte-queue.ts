/** Bytes that have arrived and not been taken yet. */
export class ByteQueue {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #taken = 0;

  /** Bytes taken since the beginning: the offset of the next one in the file. */
  get offset(): number {
    return this.#taken;
  }

  get length(): number {
    return this.#bytes.length - this.#at;
  }

  push(chunk: Uint8Array): void {
    if (this.length === 0) this.#bytes = chunk;
    else {
      const joined = new Uint8Array(this.length + chunk.length);
      joined.set(this.#bytes.subarray(this.#at));
      joined.set(chunk, this.length);
      this.#bytes = joined;
    }
    this.#at = 0;
  }

  /** The next `length` bytes, which stay in the queue; null while they are not all there. */
  peek(length: number): DataView | null {
    if (this.length < length) return null;
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length);
  }

  /** Takes `length` bytes that are there. They share memory with the chunk they came in. */
  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#taken += length;
    return taken;
  }
}
