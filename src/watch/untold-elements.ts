/** Elements that were changed in place, and were not said yet: a line a second at most, however many come and go. Milliseconds. */
import type { SetChange } from '../update/set-change.js';
import { duration } from './duration.js';
import type { WatchLog } from './filter.js';

const interval = 1000;

export class UntoldElements {
  #elements = 0;
  #sets = new Set<string>();
  /** That it took. */
  #took = 0;
  #from = 0;

  add(changes: readonly SetChange[], elements: number, began: number, now: number): void {
    if (this.#elements === 0) this.#from = began;
    this.#elements += elements;
    this.#took += now - began;
    for (const { set } of changes) this.#sets.add(set);
  }

  /** Until there is something to say; null: nothing has changed. */
  due(now: number): number | null {
    return this.#elements > 0 ? this.#from + interval - now : null;
  }

  tell(now: number, { note }: Pick<WatchLog, 'note'>): void {
    const due = this.due(now);
    if (due === null || due > 0) return;
    note(`elements of ${[...this.#sets].join(', ')}: ${this.#elements} changed in place, in ${duration(this.#took)}`);
    [this.#elements, this.#sets, this.#took] = [0, new Set(), 0];
  }
}
