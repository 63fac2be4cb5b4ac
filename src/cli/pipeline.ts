/** From texts to a plan and its image: the data flow of the whole tool, one line a stage. Nothing here needs privilege. */
import { readRuleset } from '../model/read-ruleset.js';
import type { HostFacts } from '../model/host.js';
import type { Plan } from '../plan/plan.js';
import { planWithinLimits } from '../compile/fit.js';
import type { Image } from '../compile/image.js';
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
  /** MiB of bit vectors, at most. */
  readonly memory?: number;
  /** Null: nothing is known of the host. */
  readonly facts: HostFacts | null;
}

export interface Planned {
  readonly read: readonly ReadFile[];
  readonly plan: Plan;
  readonly image: Image;
  readonly prefilter: PrefilterSummary;
}

const defaultMemory = 64;

/** Warnings printed before the rest is only counted. */
const shownWarnings = 10;

/** Throws InputError. */
export function planInputs(read: readonly ReadFile[], options: PlanningOptions, progress: Progress): Planned {
  for (const { text } of read) progress.expectInput(text.length);
  progress.stage('parsing');
  const { ruleset, diagnostics } = readRuleset(read);
  progress.done();
  for (const warning of diagnostics.slice(0, shownWarnings)) tell(diagnosticText(warning));
  if (diagnostics.length > shownWarnings) tell(`… and ${diagnostics.length - shownWarnings} more warnings\n`);

  progress.stage('planning and compiling');
  const devices = options.dev ?? planningDevices(ruleset, options.facts);
  const { plan, image } = planWithinLimits(
    ruleset,
    {
      devices,
      facts: options.facts,
      strict: options.strict === true,
      allow: { prefixes: options.allow ?? [], ports: options.allowPort ?? [] },
      conntrack: options.conntrack,
    },
    { counters: options.counters !== false, memory: (options.memory ?? defaultMemory) * 2 ** 20 },
  );
  const { steps, fields, structures: tables } = image;
  return { read, plan, image, prefilter: { steps, fields, tables } };
}
