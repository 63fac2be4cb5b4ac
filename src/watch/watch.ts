/** The loop that keeps a filter true. */
import type { HostChange } from '../follow/change.js';
import { latestOf } from '../follow/latest.js';
import type { AddressFamily } from '../model/address.js';
import type { SetChange } from '../update/set-change.js';
import type { DistantUpdater, Filter, Watching } from './filter.js';
import { PlannerGone, Stale, Stopped, Taken } from './filter.js';
import { duration } from './duration.js';
import { calm, longestBurst, Pace } from './pace.js';
import { passesFirst, type SetOverturned } from './pass-first.js';
import { UntoldElements } from './untold-elements.js';
import { VainPlans } from './vain-plans.js';

/** `host`: what is known of addresses and the like may be wrong. `plan`: the plan may be. */
type Need = 'nothing' | 'host' | 'plan';

/** Milliseconds after which the loop looks around at the latest, the same while the planner works, and until a source is asked again that did not answer. */
const [longestNap, attention, askAgain] = [2000, 100, 1000];

const now = (): number => performance.now();

export class Watch {
  #filter: Filter | null = null;
  /** Ready, and being attached: it is told everything that the one before is told. */
  #coming: Filter | null = null;
  /** A filter is being made from a reading of what there was, or will be made from one. */
  #making = false;
  /** It is attached in any case: there is none yet, or somebody has said what the rules are for, which is known from then on. */
  #isWanted = true;
  /** Changes since the reading that the next filter is planned from. */
  #since: SetChange[] | null = null;
  #overturned: SetOverturned[] = [];
  /** Families whose routes have changed since that reading, and the last change. */
  readonly #moved = new Map<AddressFamily, string>();
  #need: Need = 'nothing';
  #cause = 'start';
  /** Something was reported, since the host was read or looked at, that may make drops wrong. */
  #inDoubt = false;
  #asked = false;
  #lastFailure = '';
  readonly #vain = new VainPlans();
  #passingSince = 0;
  #renewAt = 0;
  #checkAt = 0;
  #unsound = false;
  readonly #untold = new UntoldElements();
  /** Of plans, and of looks at whether the host is as it was, which cost much less. */
  readonly #pace = new Pace();
  readonly #lookPace = new Pace();

  /** Elements put in or taken out in place. */
  elements = 0;
  /** Filters that were attached. */
  replaced = 0;
  /** Milliseconds from a report of the kernel until it was acted on, at most so far. */
  slowest = 0;
  lastChange: { readonly at: Date; readonly what: string } | null = null;
  /** Why everything passes; null: the filter drops. */
  passing: string | null = null;

  constructor(private readonly watching: Watching) {}

  get filter(): Filter | null {
    return this.#filter;
  }

  /** Somebody says that the rules are as the files say. */
  replan(cause: string): void {
    this.#asked = true;
    this.#pace.asked();
    this.#wants('plan', cause);
    this.watching.follower.wake();
  }

  /**
   * Until it is stopped: also amid a plan, of which nothing is left then unless it is being attached. Throws what the first plan meets, Taken and
   * PlannerGone; nothing else that comes later.
   */
  async run(started: () => void): Promise<void> {
    const { stop, alive, follower } = this.watching;
    try {
      await this.#replace();
      started();
      while (!stop.aborted) {
        await this.#listen(this.#nap());
        if (this.#need !== 'nothing' && this.#wait() === 0) await this.#settle();
        await this.#renew();
        this.#tell();
        alive();
      }
    } catch (error) {
      if (error instanceof PlannerGone) this.#doubt(error.message);
      if (!(error instanceof Stopped)) throw error;
    } finally {
      follower.close();
      this.#filter?.close();
    }
  }

  #nap(): number {
    const due = this.#untold.due(now()) ?? longestNap;
    const wait = this.#need === 'nothing' ? due : this.#wait();
    return Math.max(0, Math.min(wait, longestNap, this.#renewAt - now()));
  }

  #wait(): number {
    const pace = this.#need === 'host' ? this.#lookPace : this.#pace;
    return pace.wait(now(), this.passing === null);
  }

  /** Acts on what is reported within this time; whether something was. */
  async #listen(milliseconds: number): Promise<boolean> {
    const { follower, stop } = this.watching;
    const began = now();
    const stopped = (): void => follower.wake();
    stop.addEventListener('abort', stopped, { once: true });
    const changes = await follower.next(milliseconds);
    stop.removeEventListener('abort', stopped);
    this.slowest = Math.max(this.slowest, now() - began - milliseconds);
    await this.#take(changes);
    return changes.length > 0;
  }

  /** Tells the filters before the first pause, so in the order in which it was reported; resolves when they have done it. */
  async #take(changes: readonly HostChange[]): Promise<void> {
    if (changes.length === 0) return;
    const began = now();
    const first = changes.filter(passesFirst).find((change) => this.#matters(change));
    if (first !== undefined) this.#doubt(first.what);
    const done: Promise<void>[] = [];
    for (const change of changes) {
      if (change.kind === 'elements') done.push(this.#apply(change.changes));
      else if (change.kind === 'set') done.push(this.#suspend(change));
      else if (this.#matters(change)) this.#wants(change.kind === 'network' ? 'host' : 'plan', change.what);
      if (change.kind === 'network' && change.routes !== undefined) this.#moved.set(change.routes, change.what);
    }
    this.#pace.changed();
    if (this.#isStale()) this.watching.planner.giveUp();
    await Promise.all(done);
    this.slowest = Math.max(this.slowest, now() - began);
  }

  /** To a filter that runs, or is being attached. Whether it does to the one that is being made is not known yet (`#moved`). */
  #matters(change: HostChange): boolean {
    if (change.kind !== 'network' || change.routes === undefined) return true;
    const { routes } = change;
    return [this.#filter, this.#coming].some((filter) => filter?.routes.includes(routes) === true);
  }

  #wants(need: Need, cause: string): void {
    this.lastChange = { at: new Date(), what: cause };
    if (this.#need === 'plan' || (this.#need === 'host' && need === 'host')) return;
    [this.#need, this.#cause] = [need, cause];
  }

  /**
   * Rules have changed, after the reading that is planned for, so that its drops may be wrong: attached, it would pass everything until it is
   * replaced, as the one that runs does already. So it is not waited for, however often that happens; where rules change faster than a plan
   * is made nothing can be dropped either way. More silent drops make no plan stale.
   */
  #isStale(): boolean {
    return this.#making && !this.#isWanted && this.#inDoubt && this.#need === 'plan';
  }

  /** Drops may be wrong: until somebody has looked, everything passes. */
  #doubt(why: string): void {
    this.#inDoubt = true;
    this.#pass(why);
  }

  #pass(why: string): void {
    this.#filter?.lease.passAll();
    this.#coming?.lease.passAll();
    if (this.passing === null) this.#passingSince = now();
    this.passing ??= why;
  }

  /** Of the filter that runs, and of the one that comes; what the first cannot do is no need where the other has it, or will. */
  async #each<T>(
    ask: (updater: DistantUpdater) => Promise<T>,
  ): Promise<{ readonly running: T | null; readonly last: T | null }> {
    const [filter, coming, making] = [this.#filter, this.#coming, this.#making];
    const [running, next] = await Promise.all([filter && ask(filter.updater), coming && ask(coming.updater)]);
    return { running, last: coming === null ? (making ? null : running) : next };
  }

  async #apply(changes: readonly SetChange[]): Promise<void> {
    this.#since?.push(...changes);
    const [first] = changes;
    if (first === undefined) return;
    const began = now();
    const { running, last } = await this.#each((updater) => updater.apply(changes));
    const elements = running?.elements ?? 0;
    this.elements += elements;
    if (elements > 0) {
      this.lastChange = { at: new Date(), what: `elements of ${first.set}` };
      this.#untold.add(changes, elements, began, now());
    }
    for (const { set, reason } of last?.replan ?? []) this.#wants('plan', `${set}: ${reason}`);
  }

  #tell = (): void => this.#untold.tell(now(), this.watching.log);

  /** The filter that comes has it from the reading, unless it came later: then that is suspended, too. */
  async #suspend(change: SetOverturned): Promise<void> {
    if (this.#since !== null) this.#overturned.push(change);
    const { last } = await this.#each((updater) => updater.suspend(change.set));
    if (last === true) this.#wants('plan', change.what);
  }

  /** What has changed is planned for when the burst is over. */
  async #settle(): Promise<void> {
    const end = now() + longestBurst;
    while (now() < end && (await this.#listen(calm)));
    if (this.watching.stop.aborted) return;
    const began = now();
    try {
      if (this.#need === 'host') await this.#compare();
      else await this.#replace();
    } catch (error) {
      if (error instanceof Taken || error instanceof PlannerGone || error instanceof Stopped) throw error;
      if (error instanceof Stale) this.#begunInVain(began);
      else this.#failed(error);
    }
  }

  /** Nothing but the host may have changed: where it has not, the filter goes on. */
  async #compare(): Promise<void> {
    const { planner, log } = this.watching;
    [this.#need, this.#inDoubt] = ['nothing', false];
    const began = now();
    const same = await this.#attend(planner.hostIsAsPlanned());
    this.#lookPace.done(now(), now() - began);
    this.#checkAt = now() + this.watching.lease * 1000;
    if (!same) {
      this.#doubt(this.#cause);
      this.#need = 'plan';
    } else if (!this.#isDoubted()) {
      const passed = this.#open();
      if (passed !== null) log.note(`${this.#cause}: nothing that matters here; everything passed for ${passed}`);
    }
  }

  /** Drops again, unless it is not known what goes on. For how long everything has passed; null: it did not. */
  #open(): string | null {
    const { follower, lease } = this.watching;
    if (!follower.healthy()) {
      this.#renewAt = Math.min(this.#renewAt, now() + askAgain);
      return null;
    }
    this.#filter?.lease.renew(lease);
    this.#renewAt = now() + (lease * 1000) / 3;
    if (this.passing === null) return null;
    this.passing = null;
    return duration(now() - this.#passingSince);
  }

  async #replace(): Promise<void> {
    const { planner, follower, log } = this.watching;
    const [began, asked] = [now(), this.#asked];
    this.#isWanted = asked || this.#filter === null;
    this.#asked = false;
    const work = planner.replace(
      {
        reading: () => {
          this.#making = true;
          const taken = this.#take(follower.pending());
          follower.rereading();
          this.#moved.clear();
          [this.#need, this.#inDoubt] = ['nothing', false];
          return taken;
        },
        read: (ruleset, live) => {
          follower.baseline(ruleset, live);
          [this.#since, this.#overturned] = [[], []]; // it gives again what came since `rereading`
        },
        ready: (filter) => this.#handOver(filter),
      },
      asked,
    );
    const filter = await this.#attend(work);
    this.#filter?.close();
    [this.#filter, this.#coming, this.#making] = [filter, null, false];
    this.#lastFailure = '';
    this.#checkAt = now() + this.watching.lease * 1000;
    const passed = this.#isDoubted() ? null : this.#open();
    const took = now() - began;
    this.#pace.done(now(), took);
    const meanwhile = `${this.#vain.done(took)}${passed === null ? '' : `; everything passed for ${passed}`}`;
    if (this.replaced++ > 0) log.note(`${this.#cause}: planned anew and replaced in ${duration(took)}${meanwhile}`);
  }

  #isDoubted = (): boolean => this.#inDoubt;

  /**
   * While the planner works the loop goes on: what is reported is acted on, the lease renewed, the service manager told. Throws Stopped; what is
   * being attached by then is waited for, which is a matter of moments.
   */
  async #attend<T>(work: Promise<T>): Promise<T> {
    const working = { done: false };
    const end = (): void => {
      working.done = true;
      this.watching.follower.wake();
    };
    work.then(end, end);
    const { stop } = this.watching;
    while (!working.done && !(stop.aborted && this.#coming === null)) {
      await this.#listen(attention);
      this.#extend();
      this.#tell();
      this.watching.alive();
    }
    if (!working.done) throw new Stopped();
    return work;
  }

  /** Attaching takes its time, too: both filters drop for as long as nothing speaks against it. */
  #extend(): void {
    const { follower, lease } = this.watching;
    if (now() < this.#renewAt || !follower.healthy()) return;
    this.#renewAt = now() + (lease * 1000) / 3;
    if (this.passing === null) this.#filter?.lease.renew(lease);
    if (!this.#inDoubt) this.#coming?.lease.renew(lease);
  }

  /** From here on the filter is told what the one that runs is told, after what came since the reading. */
  async #handOver(filter: Filter): Promise<void> {
    const { follower, lease } = this.watching;
    const taken = this.#take(follower.pending());
    const changes = latestOf([{ kind: 'elements', changes: this.#since ?? [] }]);
    const overturned = this.#overturned;
    [this.#since, this.#overturned, this.#coming] = [null, [], filter];
    const late = changes.flatMap((one) => (one.kind === 'elements' ? one.changes : []));
    const [{ replan }, ...suspended] = await Promise.all([
      filter.updater.apply(late),
      ...overturned.map(({ set }) => filter.updater.suspend(set)),
      taken,
    ]);
    for (const { set, reason } of replan) this.#wants('plan', `${set}: ${reason}`);
    overturned.forEach(({ what }, i) => suspended[i] === true && this.#wants('plan', what));
    for (const [family, what] of this.#moved) {
      if (!filter.routes.includes(family)) continue;
      this.#doubt(what);
      this.#wants('host', what);
    }
    if (this.watching.stop.aborted) throw new Stopped();
    if (this.#isStale()) throw new Stale();
    if (!this.#inDoubt && follower.healthy()) filter.lease.renew(lease);
    else {
      filter.lease.passAll();
      this.#pass('a source of changes does not answer');
    }
  }

  #dismiss(): void {
    [this.#since, this.#overturned, this.#coming, this.#making] = [null, [], null, false];
  }

  #begunInVain(began: number): void {
    this.#dismiss();
    this.#pace.done(now(), now() - began);
    this.#vain.add(this.#cause, this.watching.log);
  }

  #failed(error: unknown): void {
    this.#dismiss();
    this.#need = 'plan';
    this.#doubt(this.#cause);
    this.#pace.failed(now());
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#lastFailure) return;
    this.#lastFailure = message;
    const wait = duration(this.#wait());
    this.watching.log.warn(
      `${this.#cause}: it cannot be planned for, so everything passes; next try with the next change, or in ${wait}:\n${message}`,
    );
  }

  async #renew(): Promise<void> {
    if (now() >= this.#checkAt && this.#need === 'nothing') [this.#need, this.#cause] = ['host', 'regular check'];
    if (now() < this.#renewAt || this.#filter === null) return;
    const { follower, log, lease } = this.watching;
    this.#renewAt = now() + (lease * 1000) / 3;
    const standing = await this.#filter.standing();
    if (standing.kind === 'taken') throw new Taken(standing.how);
    if (standing.kind === 'unseated' && this.#need !== 'plan') {
      this.#doubt(standing.how);
      this.#wants('plan', standing.how);
    }
    const sound = follower.healthy();
    if (!sound && !this.#unsound)
      log.warn('a source of changes does not answer: the lease is not renewed, and everything passes when it is over');
    this.#unsound = !sound;
    if (!this.#inDoubt) this.#open();
  }
}
