/** Samples what is dropped while somebody looks at the status, for who sends most of it. */
import { setTimeout } from 'node:timers/promises';
import { LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { Tap } from '../sample/tap.js';
import { RecentSources, type TopSources } from '../sample/top-sources.js';
import type { Places } from './read-status.js';

/** Samples a second, on all devices together: a source of one packet in a hundred is surely seen within a few seconds. */
const rate = { kind: 'per-second', packets: 500 } as const;
/** Seconds that are looked back. */
const window = 30;
/** Milliseconds between two looks, and looks between two at whether the filters are still the same. */
const interval = 200;
const followEvery = 5;

export class SourceWatch {
  readonly #recent = new RecentSources(window, performance.now());
  /** Why there is nothing to be seen; null: there is. */
  #failure: LoadError | null = null;
  #tap: Tap | null = null;
  #looks = 0;

  /** Does not fail: see `failure`. */
  static async open(native: NativeApi, { bpffs, state }: Places): Promise<SourceWatch> {
    const watch = new SourceWatch();
    await watch.#telling(async () => {
      watch.#tap = await Tap.open(native, { bpffs, state, devices: null, rate });
    });
    // Also when a closed pipe or a signal ends the process.
    process.once('exit', () => watch.close());
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        watch.close();
        process.kill(process.pid, signal);
      });
    return watch;
  }

  get failure(): LoadError | null {
    return this.#failure;
  }

  /** Samples go on meanwhile. */
  async wait(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    for (let now = performance.now(); now < end; now = performance.now()) {
      await setTimeout(Math.min(interval, end - now));
      await this.#telling(async () => {
        this.#read();
        if (++this.#looks % followEvery === 0) await this.#tap?.follow();
      });
    }
  }

  top(n: number): TopSources {
    return this.#recent.top(n, performance.now());
  }

  close(): void {
    this.#tap?.close();
  }

  #read(): void {
    if (this.#tap === null) return;
    this.#recent.add(this.#tap.read(), performance.now());
    this.#tap.renew();
  }

  async #telling(look: () => Promise<void>): Promise<void> {
    try {
      await look();
      this.#failure = null;
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      this.#failure = error;
    }
  }
}
