/** What the loop is given: the filter that runs, and somebody who makes another one. */
import type { FollowedRuleset, Follower } from '../follow/change.js';
import type { LiveText } from '../host/live/read-live.js';
import type { Lease } from '../load/lease.js';
import type { AddressFamily } from '../model/address.js';
import type { SetId } from '../model/set.js';
import type { SetChange } from '../update/set-change.js';
import type { Updated } from '../update/updater.js';

/**
 * `own`: every device runs it. `unseated`: a device is not there, or there anew, or nobody on it calls the filter any more. `taken`: another run has replaced or detached it, and is
 * not to be fought.
 */
export type Standing = { readonly kind: 'own' } | { readonly kind: 'unseated' | 'taken'; readonly how: string };

/** An updater (src/update) in another thread. What it is told it does in the order in which it was told. */
export interface DistantUpdater {
  readonly apply: (changes: readonly SetChange[]) => Promise<Updated>;
  readonly suspend: (set: SetId) => Promise<boolean>;
}

export interface Filter {
  /** Families of which the filter asks how sources are routed: a drop of it may rest on any route. */
  readonly routes: readonly AddressFamily[];
  readonly updater: DistantUpdater;
  readonly lease: Lease;
  readonly standing: () => Promise<Standing>;
  readonly close: () => void;
}

/** Thrown where another run has taken the devices over. */
export class Taken extends Error {}

/** Thrown where whoever plans, and holds the tables of the filter, is gone. */
export class PlannerGone extends Error {}

/** Thrown where the watch is to end amid a plan. */
export class Stopped extends Error {}

/** Thrown where a plan was given up: what it is for has changed in the meantime. */
export class Stale extends Error {}

export interface Replacing {
  /** What has changed from now on, the reading may not have: it begins when this has resolved. */
  readonly reading: () => Promise<void>;
  /** What was read, and is to be followed. */
  readonly read: (ruleset: FollowedRuleset, live: readonly LiveText[] | null) => void;
  /** Verified, and attached when this has resolved: it passes everything unless its lease is set here. */
  readonly ready: (filter: Filter) => Promise<void>;
}

/** Works elsewhere: the loop goes on while it waits for it. */
export interface Planner {
  /** Whether addresses, links, routes and what else was checked are still what was planned for. Throws when they cannot be read or forbid a filter. */
  readonly hostIsAsPlanned: () => Promise<boolean>;
  /**
   * Reads, plans, verifies and replaces. `asked`: somebody said that the rules are now what is named. Throws Taken, Stale, or whatever stands in
   * the way; the filter before goes on then.
   */
  readonly replace: (replacing: Replacing, asked: boolean) => Promise<Filter>;
  /** What is being made is of no use any more: `replace` throws Stale as soon as it can, unless it attaches already. */
  readonly giveUp: () => void;
}

/** What is told of a running watcher. */
export interface WatchLog {
  readonly note: (text: string) => void;
  /** Somebody should look at it. */
  readonly warn: (text: string) => void;
}

export interface Watching {
  readonly follower: Follower;
  readonly planner: Planner;
  readonly log: WatchLog;
  /** Seconds. */
  readonly lease: number;
  /** Orderly end. */
  readonly stop: AbortSignal;
  /** Told every few seconds at least, for as long as the loop is alive. */
  readonly alive: () => void;
}
