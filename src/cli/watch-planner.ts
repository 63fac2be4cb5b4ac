/** The planner of `offload watch`: threads that make filters in turn (planning-thread.ts), and the filter that is in force. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InputError } from '../diagnostic.js';
import { openLease } from '../load/lease.js';
import type { NativeApi } from '../load/native-api.js';
import { diagnosticText } from '../report/diagnostic-text.js';
import type { CounterRun } from '../state/install-record.js';
import { type Filter, type Planner, PlannerGone, type Replacing } from '../watch/filter.js';
import { addRun } from './added-runs.js';
import { CommandError, exitCodes } from './exit-code.js';
import type {
  Known,
  LoopFunctions,
  PlanDone,
  PlanningFunctions,
  PlanningSetup,
  PlanOrder,
  Ready,
  WatchedOptions,
} from './planning-thread.js';
import { type OwnProgram, standingOf } from './standing.js';
import { ThreadCalls } from './thread-calls.js';
import { warningsOnce } from './warnings-once.js';

/** Milliseconds between two times that tools are ended: a thread may be about to run one. */
const endInterval = 20;

/** Mistakes of one reading that are told. */
const shownErrors = 3;

/** A filter, the programs by which it is known, and counters that were given out since. */
export interface WatchedFilter extends Filter {
  readonly programs: readonly OwnProgram[];
  readonly added: readonly CounterRun[];
}

export class WatchPlanner implements Planner {
  #filter: WatchedFilter | null = null;
  #known: Known | null = null;
  #summary = '';
  /** Holds the tables of the filter in force. */
  #holder: Thread | null = null;
  /** Makes the next one; null: all there are have something to do. */
  #free: Thread | null;
  /** Makes it now. */
  #making: Thread | null = null;
  readonly #threads: Thread[] = [];
  readonly #warn = warningsOnce();
  readonly #setup: Omit<PlanningSetup, 'givenUp'>;

  constructor(
    private readonly native: NativeApi,
    files: readonly string[],
    private readonly options: WatchedOptions,
  ) {
    this.#setup = { files, options, terminal: process.stderr.isTTY };
    this.#free = this.#start();
  }

  get filter(): WatchedFilter | null {
    return this.#filter;
  }

  /** For people. */
  summary(): string {
    return this.#summary;
  }

  /** Does not wait for tools that read the host, which may take long. A thread whose end is wanted runs no other one behind them. */
  async close(): Promise<void> {
    const ended = Promise.all(this.#threads.map((thread) => thread.close()));
    const ending = setInterval(() => this.native.endTools(), endInterval);
    try {
      await ended;
    } finally {
      clearInterval(ending);
    }
    // Those of sources that are polled.
    this.native.endTools();
  }

  #start(): Thread {
    const thread = new Thread(this.#setup);
    this.#threads.push(thread);
    return thread;
  }

  hostIsAsPlanned = async (): Promise<boolean> => {
    const [thread, known] = [this.#free ?? this.#holder, this.#known];
    return thread !== null && known !== null && (await thread.calls.call('hostText', known.routes)) === known.host;
  };

  replace = async (replacing: Replacing, asked: boolean): Promise<Filter> => {
    const thread = this.#free ?? this.#start();
    [this.#free, this.#making] = [null, thread];
    const made: { filter: WatchedFilter | null } = { filter: null };
    const before =
      this.#filter === null || this.#known === null ? null : { programs: this.#filter.programs, known: this.#known };
    try {
      const done = await thread.replace(
        { before, asked },
        {
          reading: () => replacing.reading(),
          read: (ruleset, live) => replacing.read(ruleset, live),
          ready: (ready) => replacing.ready((made.filter = this.#filterOf(thread, ready))),
          warn: this.#warn,
        },
      );
      const { filter } = made;
      if (filter === null) throw new Error('bug: attached without being told');
      [this.#filter, this.#holder, this.#known, this.#summary] = [filter, thread, done.known, done.summary];
      return filter;
    } catch (error) {
      if (made.filter === null) this.#free = thread;
      else made.filter.close();
      throw this.#filter === null ? error : inShort(error);
    } finally {
      this.#making = null;
    }
  };

  giveUp = (): void => this.#making?.giveUp();

  #filterOf(thread: Thread, { control, programs, routes }: Ready): WatchedFilter {
    const lease = openLease(this.native, { fd: control });
    const added: CounterRun[] = [];
    return {
      programs,
      routes,
      added,
      updater: {
        apply: async (changes) => {
          const updated = await thread.calls.call('apply', changes);
          for (const run of updated.added) addRun(added, run);
          return updated;
        },
        suspend: (set) => thread.calls.call('suspend', set),
      },
      lease,
      standing: () => standingOf(this.native, this.options, programs),
      close: () => {
        lease.close();
        thread.release();
        this.#free = thread;
      },
    };
  }
}

/** The first reading ends the command, which tells its mistakes; of later ones the loop does. */
const inShort = (error: unknown): unknown =>
  error instanceof InputError
    ? new CommandError(exitCodes.input, error.diagnostics.slice(0, shownErrors).map(diagnosticText).join('').trim())
    : error;

class Thread {
  readonly calls: ThreadCalls<PlanningFunctions, LoopFunctions>;
  readonly #worker: Worker;
  readonly #givenUp = new Int32Array(new SharedArrayBuffer(4));
  #functions: LoopFunctions | null = null;

  constructor(setup: Omit<PlanningSetup, 'givenUp'>) {
    // The command starts itself: in the bundle, this is it.
    const main = new URL(`./main${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#worker = new Worker(main, { workerData: { ...setup, givenUp: this.#givenUp } satisfies PlanningSetup });
    const loop: LoopFunctions = {
      reading: () => this.#loop.reading(),
      read: (ruleset, live) => this.#loop.read(ruleset, live),
      ready: (ready) => this.#loop.ready(ready),
      warn: (warnings) => this.#loop.warn(warnings),
    };
    this.calls = new ThreadCalls<PlanningFunctions, LoopFunctions>(this.#worker, loop);
    let why = 'it ended';
    this.#worker.on('error', (error) => (why = error.stack ?? error.message));
    this.#worker.on('exit', () => this.calls.end(new PlannerGone(`the thread that plans is gone: ${why}`)));
  }

  get #loop(): LoopFunctions {
    if (this.#functions === null) throw new Error('bug: the thread plans unasked');
    return this.#functions;
  }

  replace(order: PlanOrder, functions: LoopFunctions): Promise<PlanDone> {
    this.#functions = functions;
    Atomics.store(this.#givenUp, 0, 0);
    return this.calls.call('replace', order);
  }

  giveUp(): void {
    Atomics.store(this.#givenUp, 0, 1);
  }

  /** Where it is gone there is nothing to release. */
  release(): void {
    this.calls.call('release').catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
