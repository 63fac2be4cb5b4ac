/** `offload RULESET...`: plans, prints the report, and with `--dev` verifies and attaches. */
import { type Command, Option } from 'commander';
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import { preflight } from '../host/preflight.js';
import { residualTexts } from '../residual/residual-texts.js';
import type { Install } from '../state/install.js';
import { jsonReport } from '../report/json-report.js';
import { counted } from '../report/quantity.js';
import { textReport } from '../report/text-report.js';
import { refuseHopeless, refuseViolated, withAssumed, withChecks } from './assumption-check.js';
import { changing } from './changing.js';
import { commandLineWins } from './command-line-wins.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { addInputOptions, type InputOptions, type Inputs, readInputs } from './inputs.js';
import { attachAndInstall, type InstallOutcome, type InstallStep } from './install.js';
import { devicesAppear } from './devices-appear.js';
import { nextSteps } from './next-steps.js';
import {
  addressPrefix,
  bpffsOption,
  deviceName,
  megabytes,
  portNumber,
  repeated,
  seconds,
  stateOption,
} from './option.js';
import { print, terminalStyle } from './output.js';
import { planInputs, type Planned } from './pipeline.js';
import { Progress } from './progress.js';
import { stageResidual } from './residual-file.js';

export interface OffloadOptions extends InputOptions {
  readonly attach?: true;
  readonly mode: 'native' | 'generic';
  readonly dryRun?: true;
  readonly beforeNetwork?: true;
  /** Seconds. */
  readonly wait?: number;
  readonly residual?: string;
  readonly installResidual?: true;
  /** Seconds. */
  readonly confirm?: number;
  readonly allow?: readonly string[];
  readonly allowPort?: readonly number[];
  readonly format: 'text' | 'json';
  readonly all?: true;
  readonly strict?: true;
  readonly conntrack: boolean;
  readonly counters?: boolean;
  readonly memory?: number;
  readonly assume?: readonly string[];
  readonly bpffs: string;
}

export function addOffloadCommand(program: Command): void {
  addInputOptions(program)
    .option('--dev <IF>', 'attach to this device (repeatable); without it nothing is touched', deviceName)
    .option('--attach', 'attach to the devices that the configuration file names')
    .addOption(new Option('--mode <MODE>', 'XDP mode').choices(['native', 'generic']).default('native'))
    .option('--dry-run', 'plan for --dev, but attach nothing')
    .option('--before-network', 'drop only what is right whatever addresses and forwarding come: for attaching at boot')
    .option('--wait <SECONDS>', 'wait so long for the devices to appear', seconds)
    .option('--residual <FILE>', 'write what stays in netfilter (a directory for several rulesets)')
    .option(
      '--install-residual',
      'load what stays in netfilter, after attaching; `offload detach` puts the original back',
    )
    .option('--confirm <SECONDS>', 'undo everything unless `offload confirm` is run within this time', seconds)
    .option('--allow <PREFIX>', 'never drop packets from these addresses in XDP (repeatable)', addressPrefix)
    .option('--allow-port <PORT>', 'never drop packets to this TCP or UDP port in XDP (repeatable)', portNumber)
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json']).default('text'))
    .option('--all', 'list every rule in the text report')
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter')
    .option('--no-counters', 'do not count drops: a little faster, but nothing tells which rule dropped what')
    .option('--memory <MB>', 'most memory for matching rules; the last rules stay in netfilter', megabytes, 64)
    .option('--assume <CODE>', 'take an assumption as given (repeatable)', repeated)
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(async (files: readonly string[], given: OffloadOptions, command: Command) => {
      const options = commandLineWins(files, given, (name) => command.getOptionValueSource(name) === 'config');
      if (files.length === 0 && !options.live)
        command.error('offload: name at least one RULESET, or read this host with --live', { exitCode: 1 });
      await offload(files, options);
    });
}

/** `observe` is told when a step of the change is done. */
export async function offload(
  files: readonly string[],
  options: OffloadOptions,
  observe?: (step: InstallStep) => void,
): Promise<void> {
  const attaching = options.dev !== undefined && !options.dryRun;
  refuseContradictions(options, attaching);
  const progress = new Progress();
  try {
    if (!attaching) {
      await planAndAttach(files, options, progress, null);
      return;
    }
    await changing(options.state, async (native, install) => {
      refuseOver(install, options);
      const attached: Attaching = (planned, inputs) => {
        const { live, facts } = inputs;
        if (facts === null) throw new Error('bug: the facts of this host were not read');
        return attachAndInstall({
          native,
          planned,
          live,
          facts,
          before: install,
          options,
          progress,
          ...(observe && { observe }),
        });
      };
      await planAndAttach(files, options, progress, attached);
    });
  } finally {
    progress.done();
  }
}

function refuseContradictions(
  { attach, dryRun, dev, host, live, installResidual, confirm }: OffloadOptions,
  attaching: boolean,
): void {
  if (attach && !dev)
    throw usageError('--attach is for the devices of the configuration file, which has no "dev": name them with --dev');
  if (dryRun && !dev) throw usageError('--dry-run plans for a device without attaching: name it with --dev');
  if (attaching && host !== undefined)
    throw usageError('--host is for planning elsewhere: an attached filter needs the facts of this host');
  if (installResidual && !live)
    throw usageError(
      '--install-residual replaces what is in the kernel, and must be planned for just that: read it with --live instead of a RULESET',
    );
  if ((installResidual || confirm !== undefined) && !attaching)
    throw usageError('--install-residual and --confirm change this host: name the device with --dev');
}

/** What an earlier run installed, and this one cannot build upon. */
function refuseOver(install: Install | null, { live }: OffloadOptions): void {
  if (install?.confirm)
    throw new CommandError(
      exitCodes.refused,
      'a change waits to be confirmed: run `offload confirm` to keep it, or `offload detach` to undo it, and try again',
    );
  if (install !== null && install.swaps.length > 0 && !live)
    throw new CommandError(
      exitCodes.refused,
      'netfilter holds a residual that was made for the filter that runs now: plan with --live, or run `offload detach` first',
    );
}

type Attaching = (planned: Planned, inputs: Inputs) => Promise<InstallOutcome>;

async function planAndAttach(
  files: readonly string[],
  options: OffloadOptions,
  progress: Progress,
  attaching: Attaching | null,
): Promise<void> {
  const { dev, residual: target } = options;
  if (dev !== undefined && options.wait !== undefined) await devicesAppear(dev, options.wait);
  const checks = attaching !== null && dev !== undefined ? await preflight(dev, options) : [];
  refuseHopeless(checks);
  progress.stage('reading');
  const inputs = options.beforeNetwork ? withoutNetwork(readInputs(files, options)) : readInputs(files, options);
  const conntrack = options.conntrack && (attaching === null || kernelAsksConntrack());
  const made = planInputs(inputs.read, { ...options, conntrack, facts: inputs.facts }, progress);
  const plan = withAssumed(withChecks(withChecks(made.plan, inputs.checks), checks), options.assume ?? [], checks);
  if (attaching !== null) refuseViolated(plan, checks);
  const planned = { ...made, plan };
  const residual = target === undefined ? null : stageResidual(target, residualTexts(plan), made.read);
  try {
    const outcome = attaching === null ? null : await attaching(planned, inputs);
    residual?.commit();
    progress.done();
    await report(planned, outcome, nextSteps(files, options, planned, outcome, residual?.files ?? []), options);
  } finally {
    residual?.discard();
  }
}

/** What is read before the network is up changes when it is. */
function withoutNetwork(inputs: Inputs): Inputs {
  if (inputs.facts === null) return inputs;
  const { devices, ipsec } = inputs.facts;
  return { ...inputs, facts: { forwarding: { ip: null, ip6: null }, localRoutes: null, devices, ipsec } };
}

async function report(
  { plan, prefilter }: Planned,
  outcome: InstallOutcome | null,
  next: readonly string[],
  options: OffloadOptions,
): Promise<void> {
  switch (options.format) {
    case 'json':
      return print(jsonReport(plan, prefilter));
    case 'text': {
      const done = outcome === null ? null : attachedLine(plan.devices, options.mode, outcome);
      return print(textReport(plan, prefilter, { done, next }, terminalStyle(options.all === true)));
    }
  }
}

function attachedLine(devices: readonly string[], mode: string, { frames, replaced, tables }: InstallOutcome): string {
  const verb = replaced ? 'Replaced on' : 'Attached to';
  const swapped = tables.length === 0 ? '' : ` Netfilter keeps what is left in ${tables.join(', ')}.`;
  return `${verb} ${devices.join(', ')} (${mode} XDP), verified with ${counted(frames, 'frame')}: no difference.${swapped}`;
}
