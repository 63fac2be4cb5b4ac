/** Changes until they are taken, and once more those that came while the host was read anew. */
export class ChangeLog<Change> {
  #waiting: Change[] = [];
  /** Since `mark`; null: nobody reads anew. What comes before the first reading is kept, too. */
  #since: Change[] | null = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** What is given is kept as well. */
  get isKept(): boolean {
    return this.#since !== null;
  }

  push(change: Change): void {
    this.#waiting.push(change);
    this.#since?.push(change);
  }

  /** Forgets all of it. */
  clear(): void {
    this.#waiting = [];
    if (this.#since !== null) this.#since = [];
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
