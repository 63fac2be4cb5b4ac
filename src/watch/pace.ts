/** When to plan again: not in the middle of a burst, not more than a part of the time, and after a failure ever more rarely. Milliseconds. */

/** A burst has ended when nothing has come for so long … */
export const calm = 50;
/** … and is not waited for any longer than this. */
export const longestBurst = 500;

const firstRetry = 1000;
const lastRetry = 60_000;

export class Pace {
  #notBefore = 0;
  #failedAt = -Infinity;
  #retry = firstRetry;

  /** Until a plan may be made. */
  wait(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }

  /** `dropping`: what runs goes on to drop, so a new plan can wait four times as long as one takes; else it waits once as long. */
  done(now: number, took: number, dropping: boolean): void {
    this.#notBefore = now + Math.min(lastRetry, took * (dropping ? 4 : 1));
    this.#retry = firstRetry;
    this.#failedAt = -Infinity;
  }

  failed(now: number): void {
    this.#failedAt = now;
    this.#notBefore = now + this.#retry;
    this.#retry = Math.min(lastRetry, this.#retry * 2);
  }

  /** Something has changed that may mend what failed. */
  changed(): void {
    this.#notBefore = Math.min(this.#notBefore, this.#failedAt + firstRetry);
  }
}
