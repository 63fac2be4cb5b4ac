/** What the kernel does not tell of itself: looked at again and again, one look at a time. */
import type { LiveText } from '../../host/live/read-live.js';
import type { FollowedRuleset, HostChange, SourceDelay } from '../change.js';
import type { Source } from '../source.js';

export interface Probe {
  readonly name: string;
  /** What looks are compared with from now on. False: there is nothing to look at. */
  readonly baseline: (ruleset: FollowedRuleset, live: readonly LiveText[] | null) => boolean;
  /**
   * What has changed since the last look. Throws with the reason why it could not look. After whatever it waits for it asks `isCurrent`:
   * what was read before the baseline is not compared with it. Null: it did not look, for that would cost too much.
   */
  readonly look: (isCurrent: () => boolean) => Promise<readonly HostChange[] | null>;
  /** Seconds at most until a change is seen. */
  readonly delay: () => number;
}

/** Looks of several probes are not taken beside each other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** Seconds that the last look of each probe took. */
  readonly #durations = new Map<string, number>();

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#timed(name, work));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const began = Date.now();
    try {
      return await work();
    } finally {
      this.#durations.set(name, (Date.now() - began) / 1000);
    }
  }

  /** Seconds that a look may have to wait for those of others. */
  waiting(name: string): number {
    return [...this.#durations].reduce((sum, [other, seconds]) => (other === name ? sum : sum + seconds), 0);
  }
}

export class PollSource implements Source {
  #changes: HostChange[] = [];
  /** Counts baselines. */
  #generation = 0;
  #isActive = false;
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  #isOpen = true;
  /** Milliseconds since the epoch. */
  #seenAt = Date.now();

  constructor(
    private readonly probe: Probe,
    private readonly pollSeconds: number,
    private readonly turns: Turns,
    private readonly notify: () => void,
  ) {}

  tick = (): void => undefined;

  take = (): readonly HostChange[] => {
    const taken = this.#changes;
    this.#changes = [];
    return taken;
  };

  /** Looks go on being compared with what was read before. */
  rereading = (): void => undefined;

  baseline = (ruleset: FollowedRuleset, live: readonly LiveText[] | null): void => {
    this.#generation++;
    // They are in what has been read, or are found by the next look.
    this.#changes = [];
    this.#isActive = this.probe.baseline(ruleset, live);
    this.#seenAt = Date.now();
    this.#schedule(0);
  };

  #schedule(seconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#isActive || !this.#isOpen) return;
    this.#timer = setTimeout(() => void this.#look(), seconds * 1000);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) {
      this.#schedule(this.pollSeconds);
      return;
    }
    this.#isLooking = true;
    const generation = this.#generation;
    const isCurrent = (): boolean => generation === this.#generation && this.#isOpen;
    try {
      const changes = await this.turns.take(this.probe.name, () => this.probe.look(isCurrent));
      if (isCurrent() && changes !== null) {
        this.#seenAt = Date.now();
        this.#changes.push(...changes);
      }
    } catch {
      // It is looked again; that none succeeds is told by `isHealthy`.
    } finally {
      this.#isLooking = false;
      if (isCurrent()) this.#schedule(this.pollSeconds);
      else if (this.#isOpen) this.#schedule(0);
    }
    if (this.#changes.length > 0) this.notify();
  }

  delay = (): SourceDelay => {
    const seconds = this.#isActive ? this.probe.delay() + this.turns.waiting(this.probe.name) : 0;
    const isHealthy = !this.#isActive || Date.now() - this.#seenAt < 3000 * Math.max(1, seconds);
    return { source: this.probe.name, seconds, isHealthy };
  };

  close = (): void => {
    this.#isOpen = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
  };
}
