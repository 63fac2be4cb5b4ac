/**
 * The way from rulesets to a running filter, walked in a thread of its own, for it takes seconds and whoever watches has none. The thread that has
 * made a filter holds its tables afterwards, and changes elements in them; the next filter is made by another thread.
 */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { Diagnostic } from '../diagnostic.js';
import type { FollowedRuleset } from '../follow/change.js';
import { routesUnasked } from '../analyse/reverse-path.js';
import { inOneLook } from '../host/command.js';
import { sameStructure, type LiveText, readLive } from '../host/live/read-live.js';
import { readHostFacts } from '../host/read-host-facts.js';
import type { LoadedImage } from '../load/load-image.js';
import { loadNative } from '../load/native.js';
import type { NativeApi } from '../load/native-api.js';
import { mapTables, type TableMapping } from '../load/table-mapping.js';
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import { plainRoutesCode } from '../model/plain-routing.js';
import type { Ruleset } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';
import type { SetId } from '../model/set.js';
import { counted } from '../report/quantity.js';
import type { Install } from '../state/install.js';
import type { CounterRun } from '../state/install-record.js';
import type { SetChange } from '../update/set-change.js';
import { createUpdater, type Updated, type Updater } from '../update/updater.js';
import { Stale, Taken } from '../watch/filter.js';
import { addedRuns } from './added-runs.js';
import { changing } from './changing.js';
import { CommandError, exitCodes } from './exit-code.js';
import { attachAndInstall, refuseOver } from './install.js';
import { withLiveSets } from './live-sets.js';
import { checksOf, look, type LookOptions, planSeen, type Seen } from './look.js';
import type { Planned } from './pipeline.js';
import { Progress } from './progress.js';
import { type OwnProgram, standingOf } from './standing.js';
import { type Port, ThreadCalls } from './thread-calls.js';

export interface WatchedOptions extends LookOptions {
  readonly dev: readonly string[];
  readonly follow: true;
  readonly leased: true;
}

export interface PlanningSetup {
  readonly files: readonly string[];
  readonly options: WatchedOptions;
  /** Of the process: a thread has none. */
  readonly terminal: boolean;
  /** Shared: not 0 where the plan that is being made is of no use any more. A call would wait for its end. */
  readonly givenUp: Int32Array;
}

/** What is known from the plan before. */
export interface Known {
  /** What the plan rests on beside the rules, as text: equal texts make equal plans. */
  readonly host: string;
  /** What of the routes is part of it. */
  readonly routes: RoutesAsked;
  /** The rules that the files are for: those of the kernel when they were planned for. Null: the kernel's own are planned for. */
  readonly explained: readonly LiveText[] | null;
  /** Digest of the files. */
  readonly files: string;
}

/** Families of which the plan asks how sources are routed, and of which it would if the routes were others. */
export interface RoutesAsked {
  readonly asked: readonly AddressFamily[];
  readonly wanted: readonly AddressFamily[];
}

export interface PlanOrder {
  /** The filter that is to be replaced; null: the first. */
  readonly before: { readonly programs: readonly OwnProgram[]; readonly known: Known } | null;
  /** Somebody said that the rules are what the files say. */
  readonly asked: boolean;
}

export interface PlanDone {
  readonly known: Known;
  /** For people. */
  readonly summary: string;
}

/** Verified, and attached next. */
export interface Ready {
  /** Descriptor of the map `control`, of the process: open until it is answered. */
  readonly control: number;
  readonly programs: readonly OwnProgram[];
  readonly routes: readonly AddressFamily[];
}

/** What the thread asks of the loop. */
export interface LoopFunctions {
  readonly reading: () => Promise<void>;
  readonly read: (ruleset: FollowedRuleset, live: readonly LiveText[] | null) => void;
  readonly ready: (ready: Ready) => Promise<void>;
  readonly warn: (warnings: readonly Diagnostic[]) => void;
}

export interface UpdatedTables extends Updated {
  /** Counters given out for it. */
  readonly added: readonly CounterRun[];
}

/** What the loop asks of the thread; `apply`, `suspend` and `release` are about the filter that it made last. */
export interface PlanningFunctions {
  readonly replace: (order: PlanOrder) => Promise<PlanDone>;
  readonly hostText: (routes: RoutesAsked) => Promise<string>;
  readonly apply: (changes: readonly SetChange[]) => UpdatedTables;
  readonly suspend: (set: SetId) => boolean;
  readonly release: () => void;
}

/** Until a replacement is verified, everything passes or the old filter is behind the host. */
const verifiedRules = 4000;

/** Called in a thread that a `Worker` with PlanningSetup has started. */
export function servePlanning(): void {
  if (parentPort === null) throw new Error('bug: not a thread');
  const thread = new PlanningThread(parentPort, workerData as PlanningSetup);
  thread.serve();
}

class PlanningThread {
  #held: { readonly tables: TableMapping; readonly updater: Updater; told: number } | null = null;
  #loop: ThreadCalls<LoopFunctions, PlanningFunctions> | null = null;

  constructor(
    private readonly port: Port,
    private readonly setup: PlanningSetup,
  ) {}

  serve(): void {
    const own: PlanningFunctions = {
      replace: this.#replace,
      hostText: (routes) =>
        inOneLook(async () =>
          hostText(readHostFacts(this.setup.options.dev), await checksOf(this.setup.options, true), routes),
        ),
      apply: this.#apply,
      suspend: (set) => this.#updater.suspend(set),
      release: this.#release,
    };
    this.#loop = new ThreadCalls<LoopFunctions, PlanningFunctions>(this.port, own);
  }

  get #updater(): Updater {
    if (this.#held === null) throw new Error('bug: the thread holds no filter');
    return this.#held.updater;
  }

  #apply = (changes: readonly SetChange[]): UpdatedTables => {
    const updated = this.#updater.apply(changes);
    const added = this.#updater.added(this.#held!.told);
    this.#held!.told += added.length;
    return { ...updated, added: addedRuns(added) };
  };

  #release = (): void => {
    this.#held?.tables.close();
    this.#held = null;
  };

  #replace = async (order: PlanOrder): Promise<PlanDone> => {
    const { terminal, givenUp } = this.setup;
    const progress = new Progress(terminal, () => {
      if (Atomics.load(givenUp, 0) !== 0) throw new Stale();
    });
    try {
      return await changing(this.setup.options.state, (native, install) =>
        this.#replaceLocked(native, install, order, progress),
      );
    } catch (error) {
      this.#release();
      throw error;
    } finally {
      progress.done();
    }
  };

  async #replaceLocked(
    native: NativeApi,
    install: Install | null,
    { before, asked }: PlanOrder,
    progress: Progress,
  ): Promise<PlanDone> {
    const { files, options } = this.setup;
    await refuseTaken(native, options, before?.programs ?? null);
    refuseOver(install, options);
    await this.#loop!.call('reading');
    const seen = await look(files, options, true, progress);
    const explained = this.#explain(seen, asked ? null : (before?.known ?? null));
    const sets = explained === null ? {} : { sets: (inFiles: Ruleset) => withLiveSets(inFiles, explained) };
    const warn = (warnings: readonly Diagnostic[]): void => void this.#loop!.call('warn', warnings);
    const planned = planSeen(seen, { ...options, ...sets }, true, progress, warn);
    const { facts, live } = seen.inputs;
    if (facts === null) throw new Error('bug: the facts of this host were not read');
    await this.#loop!.call('read', followedOf(planned.plan.ruleset), live?.filter(isLegacy) ?? null);
    const { frames } = await attachAndInstall({
      native,
      planned,
      live,
      facts,
      before: install,
      options: { ...options, verifiedRules },
      progress,
      ready: (loaded) => this.#hold(loaded, planned),
    });
    const routes = routesOf(planned.plan);
    return {
      known: { host: hostText(facts, seen.checks, routes), routes, explained, files: digestOf(seen) },
      summary: summaryOf(planned, frames),
    };
  }

  async #hold({ maps, devices }: LoadedImage, { plan, layout }: Planned): Promise<void> {
    const tables = mapTables(loadNative(), maps.tables);
    this.#held = { tables, updater: createUpdater(plan, layout, tables.bytes), told: 0 };
    const programs = devices.map(({ device: { name }, programId }) => ({ name, programId }));
    await this.#loop!.call('ready', { control: maps.control.fd, programs, routes: routesOf(plan).asked });
  }

  /**
   * With files: the kernel's rules that they are for. Throws CommandError where those are others than they were for when they were planned for, and
   * the files are the same.
   */
  #explain(seen: Seen, before: Known | null): readonly LiveText[] | null {
    const { files, options } = this.setup;
    if (options.live) return null;
    const now = readLive();
    if (before === null || before.explained === null) return now;
    if (digestOf(seen) !== before.files || sameStructure(before.explained, now)) return now;
    throw new CommandError(
      exitCodes.refused,
      `the kernel's rules have changed and ${files.join(', ')} ${files.length === 1 ? 'has' : 'have'} not: load them again, write ` +
        'down the new ones, or tell it that they are the same (SIGHUP, or `systemctl reload offload-watch`). With --live it reads the ' +
        "kernel's rules by itself",
    );
  }
}

const families = [4, 6] as const;

/** Of the routes that are not the host's own nothing but whether they can be asked: XDP asks the kernel for each packet. */
function hostText({ routing, ...facts }: HostFacts, checks: Seen['checks'], { asked, wanted }: RoutesAsked): string {
  const asks = [...asked, ...wanted].map((family) => routesUnasked({ ...facts, ...(routing && { routing }) }, family));
  const others = checks.filter(({ code }) => families.every((family) => code !== plainRoutesCode(family)));
  return JSON.stringify([facts, asks, others.map(({ code, status }) => [code, status])]);
}

function routesOf({ assumptions, rules }: Plan): RoutesAsked {
  const rests = (family: AddressFamily): boolean => assumptions.some(({ code }) => code === plainRoutesCode(family));
  const wanted = rules.some(({ reason }) => reason.code === 'routes-unclear' || reason.code === 'routes-closed');
  return { asked: families.filter(rests), wanted: wanted ? families : [] };
}

async function refuseTaken(
  native: NativeApi,
  places: Pick<WatchedOptions, 'bpffs' | 'before'>,
  own: readonly OwnProgram[] | null,
): Promise<void> {
  const standing = own === null ? null : await standingOf(native, places, own);
  if (standing?.kind === 'taken') throw new Taken(standing.how);
}

/** Of the texts nothing else is compared: whatever more is told takes the loop's time. */
const isLegacy = ({ name }: LiveText): boolean => name.includes('-legacy-');

/** Copies of a hundred thousand rules are not for nothing. */
const followedOf = ({ sets, inputs, tables }: Ruleset): FollowedRuleset => ({
  sets,
  inputs: inputs.filter(({ format }) => format === 'ipset').map(({ format, text }) => ({ format, text })),
  tables: tables.flatMap(({ family, name, managed }) => (managed === undefined ? [] : [{ family, name, managed }])),
});

function summaryOf({ plan: { summary, followed } }: Planned, frames: number): string {
  const { full, partial, rules } = summary;
  const sets = new Set([...(followed?.live.values() ?? [])].map(({ set }) => set)).size;
  return (
    `${counted(rules, 'rule')}, ${full} of them in XDP and ${partial} in part, verified with ${counted(frames, 'frame')}; ` +
    `${counted(sets, 'set')} and the rest of the host followed from now on`
  );
}

function digestOf({ inputs }: Seen): string {
  const hash = createHash('sha256');
  for (const { file, text } of inputs.read) hash.update(`${file}\n${text}\n`);
  return hash.digest('hex');
}
