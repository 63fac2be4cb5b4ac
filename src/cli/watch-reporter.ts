/** What a watcher tells of itself: to `offload status` by its record, to systemd by notifications. Once a second at most. */
import type { Follower } from '../follow/change.js';
import { counted } from '../report/quantity.js';
import { ownProcess } from '../state/process-id.js';
import { type WatchRecord, writeWatchRecord } from '../state/watch-record.js';
import type { Watch } from '../watch/watch.js';
import type { ServiceManager } from './service-manager.js';
import type { WatchPlanner } from './watch-planner.js';

export interface Reporting {
  readonly state: string;
  /** Seconds. */
  readonly lease: number;
  readonly dev: readonly string[];
  readonly planner: WatchPlanner;
  readonly follower: Follower;
  readonly manager: ServiceManager;
}

/** Milliseconds between two records. */
const interval = 1000;

export class WatchReporter {
  readonly #process = ownProcess();
  readonly #since = new Date().toISOString();
  #written = '';
  #told: unknown = null;
  #writeAt = 0;
  #pingAt = 0;

  constructor(private readonly reporting: Reporting) {}

  alive(watch: Watch): void {
    const now = performance.now();
    const { manager } = this.reporting;
    if (manager.watchdog !== null && now >= this.#pingAt) {
      manager.tell('WATCHDOG=1');
      this.#pingAt = now + manager.watchdog / 4;
    }
    if ((now < this.#writeAt && watch.filter === this.#told) || watch.filter === null) return;
    this.#writeAt = now + interval;
    this.#write(watch);
  }

  ready(watch: Watch): void {
    this.#write(watch);
    this.reporting.manager.tell(`READY=1\nSTATUS=${statusLine(watch)}`);
  }

  /** The counters of the last elements are told, too. */
  stopping(watch: Watch): void {
    this.reporting.manager.tell('STOPPING=1');
    this.#write(watch);
  }

  #write(watch: Watch): void {
    const { state, lease, dev, planner, follower, manager } = this.reporting;
    const { lastChange, passing, elements, replaced, slowest } = watch;
    this.#told = watch.filter;
    const record: WatchRecord = {
      version: 1,
      process: this.#process,
      devices: dev,
      since: this.#since,
      lease,
      delays: follower.delays().map(({ source, seconds }) => ({ source, seconds: seconds + slowest / 1000 })),
      elements,
      replaced,
      lastChange: lastChange && { at: lastChange.at.toISOString(), what: lastChange.what },
      passing,
      programs: planner.filter?.programs.map(({ programId }) => programId) ?? [],
      added: planner.filter?.added ?? [],
    };
    const text = JSON.stringify(record);
    if (text === this.#written) return;
    try {
      writeWatchRecord(state, record);
      this.#written = text;
    } catch {
      // A full disk is no reason to stop: status is late then.
    }
    manager.tell(`STATUS=${statusLine(watch)}`);
  }
}

function statusLine({ passing, lastChange, replaced }: Watch): string {
  const state = passing === null ? 'dropping' : `passing everything: ${passing}`;
  const last = lastChange === null ? '' : `; last change: ${lastChange.what}`;
  return `${state}; ${counted(replaced, 'plan')}${last}`.replaceAll(/[\n\r]/g, ' ');
}
