/** Closes all that was opened in a while at once: programs and maps of one group are gone before the next one is loaded. */
import type { NativeApi } from '../../src/load/native-api.js';

export class DescriptorScope {
  readonly #open = new Set<number>();
  /** The addon, but that it is remembered what was opened. */
  readonly native: NativeApi;

  constructor(addon: NativeApi) {
    const opened = (fd: number): number => {
      this.#open.add(fd);
      return fd;
    };
    this.native = {
      ...addon,
      load: async (...args) => {
        const loaded = await addon.load(...args);
        [loaded.program, ...Object.values(loaded.maps)].forEach(opened);
        return loaded;
      },
      openPinned: (path) => opened(addon.openPinned(path)),
      programById: (id) => opened(addon.programById(id)),
      close: (fd) => {
        this.#open.delete(fd);
        addon.close(fd);
      },
    };
  }

  close(): void {
    for (const fd of [...this.#open]) this.native.close(fd);
  }
}
