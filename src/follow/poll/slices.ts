/** Long work in slices: whoever else waits for the event loop has it in between. */
import { setImmediate } from 'node:timers/promises';
import { threadCpu } from './budget.js';

export class Slices {
  #began = performance.now();
  #before = threadCpu();
  #cpu = 0;

  /** Milliseconds of a slice; what is done until the next call of `pause` comes on top. */
  constructor(private readonly length = 10) {}

  /** To be called every few milliseconds. */
  async pause(): Promise<void> {
    if (performance.now() - this.#began < this.length) return;
    this.#count();
    await setImmediate();
    this.#before = threadCpu();
    this.#began = performance.now();
  }

  /** Seconds of CPU that this thread has taken for the slices up to now. */
  cpu(): number {
    this.#count();
    return this.#cpu;
  }

  #count(): void {
    const now = threadCpu();
    this.#cpu += now - this.#before;
    this.#before = now;
  }
}
