/** File descriptors of kernel objects, closed once. */
import type { NativeApi } from './native-api.js';

/** Owns one file descriptor. `close()` may be called twice; using it afterwards is a bug. */
export class Descriptor {
  #fd: number;

  constructor(
    private readonly native: NativeApi,
    fd: number,
  ) {
    this.#fd = fd;
  }

  get fd(): number {
    if (this.#fd < 0) throw new Error('bug: descriptor used after close');
    return this.#fd;
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.native.close(fd);
  }
}

/** Opens, uses and closes in one go. */
export function withDescriptor<T>(native: NativeApi, fd: number, use: (fd: number) => T): T {
  const descriptor = new Descriptor(native, fd);
  try {
    return use(fd);
  } finally {
    descriptor.close();
  }
}
