/** A host that changes as a test says, and a planner that plans nothing: what the loop makes of them is written down. */
import type { Follower, HostChange } from '../../src/follow/change.js';
import type { AddressFamily } from '../../src/model/address.js';
import type { SetId } from '../../src/model/set.js';
import type { SetChange } from '../../src/update/set-change.js';
import { type Filter, type Planner, Stale, type Standing, type WatchLog } from '../../src/watch/filter.js';
import { Watch } from '../../src/watch/watch.js';

export class ScriptedFollower implements Follower {
  readonly #waiting: HostChange[] = [];
  #wake: () => void = () => undefined;
  isHealthy = true;
  /** Milliseconds: a longer nap ends only when something is reported, or somebody wakes it. */
  longestNap = Infinity;

  report(...changes: HostChange[]): void {
    this.#waiting.push(...changes);
    this.#wake();
  }

  next = async (timeoutMs: number): Promise<readonly HostChange[]> => {
    if (this.#waiting.length === 0)
      await new Promise<void>((done) => {
        const timer = timeoutMs > this.longestNap ? undefined : setTimeout(done, timeoutMs);
        this.#wake = (): void => {
          clearTimeout(timer);
          done();
        };
      });
    return this.pending();
  };

  wake = (): void => this.#wake();

  pending = (): readonly HostChange[] => this.#waiting.splice(0);
  rereading = (): void => undefined;
  baseline = (): void => undefined;
  healthy = (): boolean => this.isHealthy;
  delays = (): [] => [];
  close = (): void => undefined;
}

/** What happened, one word each, with the number of the filter: `1:pass`, `2:renew`, `1:add 198.18.0.1`. */
export interface Bed {
  readonly follower: ScriptedFollower;
  readonly events: string[];
  readonly log: string[];
  readonly watch: Watch;
  /** Called while a plan is made, after the host was read. */
  whilePlanning: () => Promise<void>;
  /** Called between the hand-over and the end of attaching. */
  whileAttaching: () => Promise<void>;
  /** What `replace` is to throw. */
  failure: Error | null;
  hostIsSame: boolean;
  /** Families of which filters that are made from now on ask for routes. */
  routes: readonly AddressFamily[];
  standing: Standing;
  /** It was said that what is being made is of no use; `replace` throws Stale then, after `whilePlanning`. */
  readonly givenUp: () => boolean;
  /** Sets that the plan asks for in a way that no element can change. */
  readonly unchangeable: Set<string>;
  readonly stop: () => Promise<void>;
  /** Until `event` has happened `times`. */
  readonly until: (event: string | RegExp, times?: number) => Promise<void>;
}

export const set = 'ipset:bad' as SetId;

export const element = (op: SetChange['op'], last: number, of = set): HostChange => ({
  kind: 'elements',
  changes: [
    {
      set: of,
      op,
      ranges: { family: 4, count: 1, lo: Uint32Array.of(0xc6120000 + last), hi: Uint32Array.of(0xc6120000 + last) },
    },
  ],
});

export const rules = (addsDropsOnly: boolean): HostChange => ({ kind: 'rules', addsDropsOnly, what: 'rule added' });

export async function withBed(
  body: (bed: Bed) => Promise<void>,
  { lease = 60, whilePlanning }: { readonly lease?: number; readonly whilePlanning?: (bed: Bed) => void } = {},
): Promise<void> {
  const events: string[] = [];
  const log: string[] = [];
  const follower = new ScriptedFollower();
  const stop = new AbortController();
  const unchangeable = new Set<string>();
  let filters = 0;
  let givenUp = false;
  const newFilter = (): Filter => {
    const number = ++filters;
    const event = (what: string): void => void events.push(`${number}:${what}`);
    return {
      routes: bed.routes,
      updater: {
        apply: (changes) => {
          const replan = changes
            .filter((one) => unchangeable.has(one.set))
            .map((one) => ({ set: one.set, reason: 'no' }));
          for (const { op, ranges } of changes) event(`${op} ${(ranges.lo[0] ?? 0) & 255}`);
          return Promise.resolve({ elements: changes.length, replan, suspended: replan.length });
        },
        suspend: (which) => {
          event(`suspend ${which}`);
          return Promise.resolve(which === set);
        },
      },
      lease: {
        renew: () => event('renew'),
        passAll: () => event('pass'),
        left: () => 0,
        close: () => undefined,
      },
      standing: () => Promise.resolve(bed.standing),
      close: () => event('close'),
    };
  };
  const planner: Planner = {
    hostIsAsPlanned: () => Promise.resolve(bed.hostIsSame),
    giveUp: () => (givenUp = true),
    replace: async (replacing, asked) => {
      givenUp = false;
      events.push(asked ? 'plan asked' : 'plan');
      await replacing.reading();
      if (bed.failure !== null) throw bed.failure;
      replacing.read(null as never, null);
      await bed.whilePlanning();
      if (bed.givenUp()) throw new Stale();
      const filter = newFilter();
      await replacing.ready(filter);
      await bed.whileAttaching();
      events.push(`${filters}:attached`);
      return filter;
    },
  };
  const say: WatchLog = { note: (text) => log.push(text), warn: (text) => log.push(`! ${text}`) };
  const watch = new Watch({ follower, planner, log: say, lease, stop: stop.signal, alive: () => undefined });
  const bed: Bed = {
    follower,
    events,
    log,
    watch,
    whilePlanning: () => Promise.resolve(),
    whileAttaching: () => Promise.resolve(),
    failure: null,
    routes: [],
    hostIsSame: true,
    standing: { kind: 'own' },
    unchangeable,
    givenUp: () => givenUp,
    stop: async () => {
      stop.abort();
      await running;
    },
    until: async (event, times = 1) => {
      const isIt = (one: string): boolean => (typeof event === 'string' ? one === event : event.test(one));
      for (let i = 0; i < 2000 && [...events, ...log].filter(isIt).length < times; i++)
        await new Promise((done) => setTimeout(done, 10));
      if ([...events, ...log].filter(isIt).length < times)
        throw new Error(`${String(event)} has not come:\n${events.join('\n')}\n${log.join('\n')}`);
    },
  };
  let planned = false;
  if (whilePlanning !== undefined)
    bed.whilePlanning = async () => {
      if (!planned) whilePlanning(bed);
      planned = true;
      return Promise.resolve();
    };
  const running = watch.run(() => void events.push('started'));
  let ended: unknown = null;
  running.catch((error: unknown) => (ended = error));
  try {
    await body(bed);
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
  if (ended !== null && !/^taken/.test((ended as Error).message)) throw ended as Error;
}
