/** Changes until they are taken, and once more those that came while the host was read anew. */
export class ChangeLog<Change> {
  #waiting: Change[] = [];
  /** Since `mark`; null: nobody reads anew. What comes before the first reading is kept, too. */
  #since: Change[] | null = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  push(change: Change): void {
    this.#waiting.push(change);
    this.#since?.push(change);
  }

  take(): Change[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** The host is about to be read: it will hold what came up to now. */
  mark(): void {
    this.#waiting = [];
    this.#since = [];
  }

  /** The host has been read: whatever came since `mark` is given, also what was given then. */
  replay(): void {
    if (this.#since !== null) this.#waiting = this.#since;
    this.#since = null;
  }
}
