/** `offload RULESET...`: plans, prints the report, and with `--dev` verifies and attaches. */
import { type Command, Option } from 'commander';
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import { residualTexts } from '../residual/residual-texts.js';
import { htmlReport } from '../report/html-report.js';
import { jsonReport } from '../report/json-report.js';
import { counted } from '../report/quantity.js';
import { textReport } from '../report/text-report.js';
import { changing } from './changing.js';
import { commandLineWins } from './command-line-wins.js';
import { usageError } from './exit-code.js';
import { addInputOptions, type InputOptions, type Inputs } from './inputs.js';
import { attachAndInstall, type InstallOutcome, type InstallStep, refuseOver } from './install.js';
import { devicesAppear } from './devices-appear.js';
import { addFilterOptions, type FilterOptions } from './filter-options.js';
import { nextSteps } from './next-steps.js';
import { deviceName, seconds } from './option.js';
import { holdingLittle } from './read-files.js';
import { print, tell, terminalStyle } from './output.js';
import { look, planSeen } from './look.js';
import type { Planned } from './pipeline.js';
import { Progress } from './progress.js';
import { runsAlready } from './runs-already.js';
import { stageResidual } from './residual-file.js';

export interface OffloadOptions extends InputOptions, FilterOptions {
  readonly attach?: true;
  readonly dryRun?: true;
  readonly ifChanged?: true;
  readonly beforeNetwork?: true;
  /** Seconds. */
  readonly wait?: number;
  readonly residual?: string;
  readonly installResidual?: true;
  /** Seconds. */
  readonly confirm?: number;
  readonly format: 'text' | 'json' | 'html';
  readonly all?: true;
}

export function addOffloadCommand(program: Command): void {
  const command = addInputOptions(program)
    .option('--dev <IF>', 'attach to this device (repeatable); without it nothing is touched', deviceName)
    .option('--attach', 'attach to the devices that the configuration file names')
    .option('--dry-run', 'plan for --dev, but attach nothing')
    .option(
      '--if-changed',
      'attach only if that changes anything; what runs with the same rules, sets and addresses stays',
    )
    .option('--before-network', 'drop only what is right whatever addresses and forwarding come: for attaching at boot')
    .option('--wait <SECONDS>', 'wait so long for the devices to appear', seconds)
    .option('--residual <FILE>', 'write what stays in netfilter (a directory for several rulesets)')
    .option(
      '--install-residual',
      'load what stays in netfilter, after attaching; `offload detach` puts the original back',
    )
    .option('--confirm <SECONDS>', 'undo everything unless `offload confirm` is run within this time', seconds)
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json', 'html']).default('text'))
    .option('--all', 'list every rule in the text report');
  addFilterOptions(command).action(async (files: readonly string[], given: OffloadOptions, command: Command) => {
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
  { chain, before, residual, attach, dryRun, ifChanged, dev, host, live, installResidual, confirm }: OffloadOptions,
  attaching: boolean,
): void {
  if (attach && !dev)
    throw usageError('--attach is for the devices of the configuration file, which has no "dev": name them with --dev');
  if (ifChanged && !dev) throw usageError('--if-changed compares with what runs on a device: name it with --dev');
  if (chain && dev && dev.length > 1)
    throw usageError('--chain is for one device: the filter is made for the device whose program calls it');
  if (chain && (residual !== undefined || installResidual))
    throw usageError(
      '--chain leaves all rules in netfilter: nobody can tell that the other program calls the filter for every packet, so none may be left out',
    );
  if (chain && before !== undefined)
    throw usageError(
      '--chain has the filter called by another program, --before has it call another one: choose one of them',
    );
  if (before !== undefined && (residual !== undefined || installResidual))
    throw usageError(
      '--before leaves all rules in netfilter: the other program may change packets behind the filter, so none may be left out',
    );
  if (dryRun && !dev) throw usageError('--dry-run plans for a device without attaching: name it with --dev');
  if (attaching && host !== undefined)
    throw usageError('--host is for planning elsewhere: an attached filter needs the facts of this host');
  if (installResidual && !live)
    throw usageError(
      '--install-residual replaces what is in the kernel, and must be planned for just that: read it with --live instead of a RULESET',
    );
  if ((installResidual || confirm !== undefined) && dev === undefined)
    throw usageError('--install-residual and --confirm change this host: name the device with --dev');
}

type Attaching = (planned: Planned, inputs: Inputs) => Promise<InstallOutcome>;

async function planAndAttach(
  files: readonly string[],
  options: OffloadOptions,
  progress: Progress,
  attaching: Attaching | null,
): Promise<void> {
  const { dev, residual: target, installResidual } = options;
  if (dev !== undefined && options.wait !== undefined) await devicesAppear(dev, options.wait);
  // Tables that are to be replaced are compared, and kept, as texts.
  const holding = installResidual ? undefined : { ...holdingLittle, again: target !== undefined };
  const seen = await look(files, options, attaching !== null, progress, holding);
  const planned = planSeen(seen, withConntrackOfKernel(options), attaching !== null, progress);
  const { plan } = planned;
  if (attaching !== null && options.conntrack) tellUnasked(planned);
  const residual = target === undefined ? null : stageResidual(target, residualTexts(plan), planned.read);
  try {
    const unchanged = options.ifChanged === true && (await runsAlready(planned, seen.inputs, options));
    const outcome = attaching === null || unchanged ? null : await attaching(planned, seen.inputs);
    residual?.commit();
    progress.done();
    const done = unchanged ? unchangedLine(plan.devices) : outcome && attachedLine(plan.devices, options.mode, outcome);
    const runs = unchanged ? 'already' : outcome === null ? 'no' : 'now';
    await report(planned, done, nextSteps(files, options, planned, runs, residual?.files ?? []), options);
  } finally {
    residual?.discard();
  }
}

/** Conntrack may be a module that nothing has needed yet: the ruleset has not been loaded. */
function tellUnasked({ read }: Planned): void {
  if (kernelAsksConntrack() || !read.some(({ text }) => /\bct\s+state\b|--(ct)?state\b/.test(text))) return;
  tell(
    'note: this kernel cannot be asked about connections, so what stands below rules about them is left to netfilter. ' +
      'Where conntrack is a module that is not loaded: `modprobe nf_conntrack`, and attach again\n',
  );
}

/** What is compared with what runs is planned as it would be attached. */
const withConntrackOfKernel = (options: OffloadOptions): OffloadOptions =>
  options.ifChanged ? { ...options, conntrack: options.conntrack && kernelAsksConntrack() } : options;

async function report(
  { plan, prefilter }: Planned,
  done: string | null,
  next: readonly string[],
  options: OffloadOptions,
): Promise<void> {
  switch (options.format) {
    case 'json':
      return print(jsonReport(plan, prefilter));
    case 'html':
      return print(htmlReport(plan, prefilter, { done, next }));
    case 'text':
      return print(textReport(plan, prefilter, { done, next }, terminalStyle(options.all === true)));
  }
}

const unchangedLine = (devices: readonly string[]): string =>
  `Unchanged on ${devices.join(', ')}: what runs there is what this plan makes.`;

function attachedLine(devices: readonly string[], mode: string, { frames, replaced, tables }: InstallOutcome): string {
  const verb = replaced ? 'Replaced on' : 'Attached to';
  const swapped = tables.length === 0 ? '' : ` Netfilter keeps what is left in ${tables.join(', ')}.`;
  return `${verb} ${devices.join(', ')} (${mode} XDP), verified with ${counted(frames, 'frame')}: no difference.${swapped}`;
}
