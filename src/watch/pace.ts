/** When to plan again: not in the middle of a burst, not all the time, and after a failure ever more rarely. Milliseconds. */

/** A burst has ended when nothing has come for so long … */
export const calm = 50;
/** … and is not waited for any longer than this. */
export const longestBurst = 500;

/** Plans that follow each other at once: whoever changes rules by hand, or in a few steps, waits for nothing but a plan. */
const inARow = 3;
/** Then pauses are so many times as long as a plan takes: while it drops a new plan can wait, while everything passes it cannot. */
const pauses = { dropping: 4, passing: 1 } as const;

const firstRetry = 1000;
const longestPause = 60_000;

export class Pace {
  #failedAt: number | null = null;
  #retry = firstRetry;
  #notBefore = 0;
  /** Of the last plan. */
  #doneAt = -Infinity;
  #took = 0;
  #row = 0;

  /** Until a plan may be made. */
  wait(now: number, dropping: boolean): number {
    if (this.#failedAt !== null) return Math.max(0, this.#notBefore - now);
    return this.#row < inARow ? 0 : Math.max(0, this.#doneAt + this.#pause(dropping) - now);
  }

  #pause = (dropping: boolean): number =>
    Math.min(longestPause, this.#took * (dropping ? pauses.dropping : pauses.passing));

  /** It was attached, or given up because it had become stale. */
  done(now: number, took: number): void {
    const rested = now - took - this.#doneAt >= 2 * this.#pause(true);
    this.#row = rested ? 1 : this.#row + 1;
    [this.#doneAt, this.#took] = [now, took];
    [this.#failedAt, this.#retry] = [null, firstRetry];
  }

  failed(now: number): void {
    this.#failedAt = now;
    this.#notBefore = now + this.#retry;
    this.#retry = Math.min(longestPause, this.#retry * 2);
  }

  /** Something has changed that may mend what failed. */
  changed(): void {
    if (this.#failedAt !== null) this.#notBefore = Math.min(this.#notBefore, this.#failedAt + firstRetry);
  }

  /** Somebody wants it, and now. */
  asked(): void {
    this.changed();
    this.#row = 0;
  }
}
