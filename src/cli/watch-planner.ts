/** The planner of `offload watch`: the one way from rulesets to a running filter, walked again whenever the loop wants it. */
import { InputError } from '../diagnostic.js';
import { sameStructure, type LiveText, readLive } from '../host/live/read-live.js';
import { readHostFacts } from '../host/read-host-facts.js';
import { attachmentOf } from '../load/attachment.js';
import { openLease } from '../load/lease.js';
import type { LoadedImage } from '../load/load-image.js';
import type { NativeApi } from '../load/native-api.js';
import { mapTables } from '../load/table-mapping.js';
import type { Ruleset } from '../model/ruleset.js';
import { diagnosticText } from '../report/diagnostic-text.js';
import { counted } from '../report/quantity.js';
import { createUpdater } from '../update/updater.js';
import { type Filter, type Planner, type Replacing, type Standing, Taken } from '../watch/filter.js';
import { changing } from './changing.js';
import { CommandError, exitCodes } from './exit-code.js';
import { attachAndInstall, refuseOver } from './install.js';
import { checksOf, look, type LookOptions, planSeen, type Seen } from './look.js';
import { withLiveSets } from './live-sets.js';
import type { Planned } from './pipeline.js';
import type { Progress } from './progress.js';
import { warningsOnce } from './warnings-once.js';

/** Mistakes of one reading that are told. */
const shownErrors = 3;

export interface WatchedOptions extends LookOptions {
  readonly dev: readonly string[];
  readonly follow: true;
  readonly leased: true;
}

/** A filter, and the programs by which it is known. */
export interface WatchedFilter extends Filter {
  readonly planned: Planned;
  readonly programs: readonly number[];
}

/** What the plan rests on beside the rules, as text: equal texts make equal plans. */
const hostText = (facts: Seen['inputs']['facts'], checks: Seen['checks']): string =>
  JSON.stringify([facts, checks.map(({ code, status }) => [code, status])]);

/** Until a replacement is verified, everything passes or the old filter is behind the host. */
const verifiedRules = 4000;

export class WatchPlanner implements Planner {
  #filter: WatchedFilter | null = null;
  #host = '';
  /** The rules that the files are for: those of the kernel when they were planned for. Null: the kernel's own are planned for. */
  #explained: readonly LiveText[] | null = null;
  #fileTexts = '';
  #frames = 0;
  readonly #warn = warningsOnce();

  constructor(
    private readonly native: NativeApi,
    private readonly files: readonly string[],
    private readonly options: WatchedOptions,
    private readonly progress: Progress,
  ) {}

  hostIsAsPlanned = async (): Promise<boolean> => {
    const checks = await checksOf(this.options, true);
    return hostText(readHostFacts(this.options.dev), checks) === this.#host;
  };

  replace = async (replacing: Replacing, asked: boolean): Promise<Filter> => {
    try {
      return await this.#replace(replacing, asked);
    } catch (error) {
      // The first time it ends the command, which tells them; later the loop does.
      if (!(error instanceof InputError) || this.#filter === null) throw error;
      throw new CommandError(
        exitCodes.input,
        error.diagnostics.slice(0, shownErrors).map(diagnosticText).join('').trim(),
      );
    }
  };

  #replace = (replacing: Replacing, asked: boolean): Promise<WatchedFilter> =>
    changing(this.options.state, async (native, install) => {
      const { options, progress } = this;
      await this.#refuseTaken();
      refuseOver(install, options);
      replacing.reading();
      const seen = await look(this.files, options, true, progress);
      const explained = this.#explain(seen, asked);
      const sets = explained === null ? {} : { sets: (inFiles: Ruleset) => withLiveSets(inFiles, explained) };
      const planned = planSeen(seen, { ...options, ...sets }, true, progress, this.#warn);
      const { facts, live } = seen.inputs;
      if (facts === null) throw new Error('bug: the facts of this host were not read');
      replacing.read(planned.plan.ruleset, live);
      const made: { filter: WatchedFilter | null } = { filter: null };
      const ready = async (loaded: LoadedImage): Promise<void> => {
        made.filter = this.#filterOf(loaded, planned);
        await replacing.ready(made.filter);
      };
      try {
        const outcome = await attachAndInstall({
          native,
          planned,
          live,
          facts,
          before: install,
          options: { ...options, verifiedRules },
          progress,
          ready,
        });
        this.#frames = outcome.frames;
      } catch (error) {
        made.filter?.close();
        throw error;
      }
      if (made.filter === null) throw new Error('bug: attached without being told');
      this.#filter = made.filter;
      [this.#host, this.#explained] = [hostText(facts, seen.checks), explained];
      this.#fileTexts = textOf(seen);
      return made.filter;
    });

  get filter(): WatchedFilter | null {
    return this.#filter;
  }

  /** For people. */
  summary(): string {
    const { full = 0, partial = 0, rules = 0 } = this.#filter?.planned.plan.summary ?? {};
    const sets = new Set([...(this.#filter?.planned.plan.followed?.live.values() ?? [])].map(({ set }) => set)).size;
    return (
      `${counted(rules, 'rule')}, ${full} of them in XDP and ${partial} in part, verified with ${counted(this.#frames, 'frame')}; ` +
      `${counted(sets, 'set')} and the rest of the host followed from now on`
    );
  }

  async #refuseTaken(): Promise<void> {
    const standing = await this.#filter?.standing();
    if (standing?.kind === 'taken') throw new Taken(standing.how);
  }

  /** With files: the kernel's rules that they are for. Throws CommandError where those are others by now, and the files are the same. */
  #explain(seen: Seen, asked: boolean): readonly LiveText[] | null {
    if (this.options.live) return null;
    const now = readLive();
    const before = this.#explained;
    if (before === null || asked || textOf(seen) !== this.#fileTexts || sameStructure(before, now)) return now;
    throw new CommandError(
      exitCodes.refused,
      `the kernel's rules have changed and ${this.files.join(', ')} ${this.files.length === 1 ? 'has' : 'have'} not: load them again, write ` +
        'down the new ones, or tell it that they are the same (SIGHUP, or `systemctl reload offload-watch`). With --live it reads the ' +
        "kernel's rules by itself",
    );
  }

  #filterOf(loaded: LoadedImage, planned: Planned): WatchedFilter {
    const { native } = this;
    const tables = mapTables(native, loaded.maps.tables);
    const lease = openLease(native, loaded.maps.control);
    const own = loaded.devices.map(({ device: { name }, programId }) => ({ name, programId }));
    return {
      planned,
      programs: own.map(({ programId }) => programId),
      updater: createUpdater(planned.plan, planned.layout, tables.bytes),
      lease,
      standing: () => standingOf(native, this.options.bpffs, own),
      close: () => {
        tables.close();
        lease.close();
      },
    };
  }
}

const textOf = ({ inputs }: Seen): string => inputs.read.map(({ file, text }) => `${file}\n${text}`).join('\n');

async function standingOf(
  native: NativeApi,
  bpffs: string,
  own: readonly { readonly name: string; readonly programId: number }[],
): Promise<Standing> {
  let gone = false;
  for (const { name, programId } of own) {
    const attachment = await attachmentOf(native, bpffs, name);
    switch (attachment.kind) {
      case 'attached':
      case 'elsewhere':
        if (attachment.programId !== programId)
          return { kind: 'taken', how: `another run of offload has replaced the filter on ${name}` };
        gone ||= attachment.kind === 'elsewhere';
        break;
      case 'severed':
        gone = true;
        break;
      case 'none':
        return { kind: 'taken', how: `the filter on ${name} was detached` };
    }
  }
  return { kind: gone ? 'device-gone' : 'own' };
}
