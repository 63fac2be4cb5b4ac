/** From texts to a plan and its image: the data flow of the whole tool, one line a stage. Nothing here needs privilege. */
import type { Diagnostic } from '../diagnostic.js';
import { readRuleset } from '../model/read-ruleset.js';
import type { Ruleset } from '../model/ruleset.js';
import { possibleCpus } from '../host/possible-cpus.js';
import type { HostFacts } from '../model/host.js';
import type { Plan } from '../plan/plan.js';
import type { Layout } from '../compile/compile.js';
import { planWithinLimits } from '../compile/fit.js';
import type { Image } from '../compile/image.js';
import { spareFor } from '../compile/spare.js';
import { diagnosticText } from '../report/diagnostic-text.js';
import type { PrefilterSummary } from '../report/prefilter-summary.js';
import { tell } from './output.js';
import { planningDevices } from './planning-devices.js';
import type { ReadFile } from './read-files.js';
import type { Progress } from './progress.js';

export interface PlanningOptions {
  readonly dev?: readonly string[];
  readonly strict?: true;
  readonly allow?: readonly string[];
  readonly allowPort?: readonly number[];
  /** False: an established-accept guards everything below it. */
  readonly conntrack: boolean;
  /** False: drops are not counted. */
  readonly counters?: boolean;
  /** False: nobody can listen to what is dropped. */
  readonly samples?: boolean;
  /** True: the program drops only while its lease runs. */
  readonly leased?: boolean;
  /** MiB of what finds the step that decides, at most. */
  readonly memory?: number;
  /** Elements of sets will come and go in the tables of the running prefilter: they get room for it. */
  readonly follow?: true;
  /** Puts other sets in place of those that were read. */
  readonly sets?: (ruleset: Ruleset) => Ruleset;
  /** Null: nothing is known of the host. */
  readonly facts: HostFacts | null;
}

export interface Planned {
  readonly read: readonly ReadFile[];
  readonly plan: Plan;
  readonly image: Image;
  readonly layout: Layout;
  readonly prefilter: PrefilterSummary;
}

const defaultMemory = 64;

/** Warnings printed before the rest is only counted. */
const shownWarnings = 10;

export function printWarnings(warnings: readonly Diagnostic[]): void {
  for (const warning of warnings.slice(0, shownWarnings)) tell(diagnosticText(warning));
  if (warnings.length > shownWarnings) tell(`… and ${warnings.length - shownWarnings} more warnings\n`);
}

/** Throws InputError. */
export function planInputs(
  read: readonly ReadFile[],
  options: PlanningOptions,
  progress: Progress,
  warn = printWarnings,
): Planned {
  for (const { text, marked } of read) progress.expectInput(marked ? Infinity : text.length);
  progress.stage('parsing');
  const { ruleset: inFiles, diagnostics } = readRuleset(read);
  progress.done();
  warn(diagnostics);
  const ruleset = options.sets?.(inFiles) ?? inFiles;

  progress.stage('planning and compiling');
  const devices = options.dev ?? planningDevices(ruleset, options.facts);
  const follow = options.follow === true;
  const now = Math.floor(Date.now() / 1000);
  const { plan, image, layout } = planWithinLimits(
    ruleset,
    {
      devices,
      facts: options.facts,
      strict: options.strict === true,
      allow: { prefixes: options.allow ?? [], ports: options.allowPort ?? [] },
      conntrack: options.conntrack,
      follow,
    },
    {
      counters: options.counters !== false,
      cpus: possibleCpus(),
      sampled: options.samples !== false,
      leased: options.leased === true,
      memory: (options.memory ?? defaultMemory) * 2 ** 20,
      ...(follow && { spare: (prefilter) => spareFor(prefilter, now) }),
    },
  );
  const { steps, fields, structures: tables } = image;
  return { read, plan, image, layout, prefilter: { steps, fields, tables } };
}
