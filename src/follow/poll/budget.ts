/** What a look costs, and so how often it may be taken. */
import { processStat } from '../../host/process-stat.js';

export class Budget {
  /** Seconds of CPU of the last one; null: none has been taken. */
  cost: number | null = null;
  /** Seconds that it took. */
  duration = 0;
  #freeAt = 0;

  /** `times`: after a look of one second, none for so many seconds. */
  constructor(private readonly times: number) {}

  isFree(now: number): boolean {
    return now >= this.#freeAt;
  }

  /** Whether one may be taken every `seconds`, by what the last one cost. */
  mayRecur(seconds: number): boolean {
    return this.cost !== null && this.cost * this.times <= seconds;
  }

  /** Seconds of CPU that it cost; `began` milliseconds since the epoch. */
  charge(cost: number, began: number): void {
    const now = Date.now();
    this.cost = cost;
    this.duration = (now - began) / 1000;
    this.#freeAt = now + cost * this.times * 1000;
  }

  /** Seconds from one look to the end of the next, at most, if one is wanted every `pollSeconds`. */
  delay(pollSeconds: number): number {
    return Math.max(pollSeconds, (this.cost ?? 0) * this.times + Math.min(pollSeconds, 1)) + this.duration;
  }
}

/** Seconds of CPU that this thread itself takes for `work`. */
export function ownCpu<T>(work: () => T): { readonly result: T; readonly cpu: number } {
  const began = threadCpu();
  const result = work();
  return { result, cpu: threadCpu() - began };
}

/** Seconds, in steps of hundredths: `process.cpuUsage` is of all threads, and another one plans. */
export const threadCpu = (): number => processStat('thread-self').ownCpu;
