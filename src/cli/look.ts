/** What a run is about, looked at and planned: everything before the first change, the same for one run and for each of a watcher. */
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import { checkLowerIngress } from '../host/check-vlan.js';
import { inOneLook } from '../host/command.js';
import { coversThrough } from '../host/places.js';
import { type Check, preflight } from '../host/preflight.js';
import type { Chain } from '../load/chain.js';
import type { Diagnostic } from '../diagnostic.js';
import { refuseHopeless, refuseViolated, withAssumed, withChecks } from './assumption-check.js';
import { type InputOptions, type Inputs, readInputs } from './inputs.js';
import type { Holding } from '../host/long-text/long-text.js';
import type { Plan } from '../plan/plan.js';
import { planInputs, type Planned, type PlanningOptions } from './pipeline.js';
import type { Progress } from './progress.js';

export interface LookOptions extends InputOptions, Omit<PlanningOptions, 'facts' | 'dev'> {
  readonly mode: 'native' | 'generic';
  readonly bpffs: string;
  readonly chain?: Chain;
  readonly before?: string;
  readonly beforeNetwork?: true;
  readonly assume?: readonly string[];
}

export interface Seen {
  readonly inputs: Inputs;
  /** Of this host, before something is attached to it; none where nothing is. */
  readonly checks: readonly Check[];
}

/** What was found of this host, where a filter is to be attached. Throws CommandError (exit 3) for what no `--assume` can help. */
export async function checksOf(
  { dev, mode, bpffs, chain, before }: LookOptions,
  attaching: boolean,
): Promise<readonly Check[]> {
  const place = { mode, bpffs, ...(chain && { chain }), ...(before !== undefined && { before }) };
  const checks = attaching && dev !== undefined ? await preflight(dev, place) : [];
  refuseHopeless(checks);
  return checks;
}

/** `holding`: as of `readFiles`. Throws what `readInputs` throws, and CommandError (exit 3) where this host cannot run a filter. */
export const look = (
  files: readonly string[],
  options: LookOptions,
  attaching: boolean,
  progress: Progress,
  holding?: Holding,
): Promise<Seen> =>
  inOneLook(async () => {
    const checks = await checksOf(options, attaching);
    progress.stage('reading');
    const inputs = readInputs(files, options, holding);
    return { inputs: options.beforeNetwork ? withoutNetwork(inputs) : inputs, checks };
  });

/** Throws InputError, or CommandError (exit 4) where something is to be attached that rests on what does not hold. */
export function planSeen(
  { inputs, checks }: Seen,
  options: LookOptions,
  attaching: boolean,
  progress: Progress,
  warn?: (warnings: readonly Diagnostic[]) => void,
): Planned {
  const conntrack = options.conntrack && (!attaching || kernelAsksConntrack());
  const made = planInputs(inputs.read, { ...options, conntrack, facts: inputs.facts }, progress, warn);
  const all = [...checks, ...(attaching ? rulesetChecks(made.plan, inputs, options) : [])];
  const plan = withAssumed(withChecks(withChecks(made.plan, inputs.checks), all), options.assume ?? [], all);
  if (attaching) refuseViolated(plan, all);
  return { ...made, plan };
}

/** What of this host can be checked only once the ruleset is known. */
function rulesetChecks({ ruleset, devices }: Plan, { facts }: Inputs, options: LookOptions): readonly Check[] {
  if (facts === null || !coversThrough(options)) return [];
  const through = facts.devices.filter(({ name, vlan }) => vlan !== undefined && devices.includes(name));
  return checkLowerIngress(ruleset, through);
}

/** What is read before the network is up changes when it is. */
function withoutNetwork(inputs: Inputs): Inputs {
  if (inputs.facts === null) return inputs;
  const { devices, ipsec } = inputs.facts;
  return { ...inputs, facts: { forwarding: { ip: null, ip6: null }, localRoutes: null, devices, ipsec } };
}
