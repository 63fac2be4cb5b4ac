/** `offload RULESET...`: plans, prints the report, and with `--dev` verifies and attaches. */
import { type Command, Option } from 'commander';
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import { preflight } from '../host/preflight.js';
import { readHostFacts } from '../host/read-host-facts.js';
import { jsonReport } from '../report/json-report.js';
import { counted } from '../report/quantity.js';
import { textReport } from '../report/text-report.js';
import { refuseHopeless, refuseViolated, withAssumed, withChecks } from './assumption-check.js';
import { attach, type AttachOutcome } from './attach.js';
import { usageError } from './exit-code.js';
import { readHostFile } from './host-file.js';
import { nextSteps } from './next-steps.js';
import { deviceName, repeated } from './option.js';
import { print, terminalStyle } from './output.js';
import { planFiles, type Planned } from './pipeline.js';
import { Progress } from './progress.js';
import { stageResidual } from './residual-file.js';
import { residualTexts } from '../residual/residual-texts.js';

export interface OffloadOptions {
  readonly dev?: readonly string[];
  readonly mode: 'native' | 'generic';
  readonly dryRun?: true;
  readonly residual?: string;
  readonly format: 'text' | 'json';
  readonly all?: true;
  readonly host?: string;
  readonly strict?: true;
  readonly conntrack: boolean;
  readonly assume?: readonly string[];
  readonly bpffs: string;
  readonly state: string;
}

export function addOffloadCommand(program: Command): void {
  program
    .argument(
      '[RULESET...]',
      'output of iptables-save, ip6tables-save, ipset save, nft list ruleset; - is standard input',
    )
    .option('--dev <IF>', 'attach to this device (repeatable); without it nothing is touched', deviceName)
    .addOption(new Option('--mode <MODE>', 'XDP mode').choices(['native', 'generic']).default('native'))
    .option('--dry-run', 'plan for --dev, but attach nothing')
    .option('--residual <FILE>', 'write what stays in netfilter (a directory for several rulesets)')
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json']).default('text'))
    .option('--all', 'list every rule in the text report')
    .option('--host <FILE>', 'facts of the host, from `offload snapshot`, when planning elsewhere')
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter')
    .option('--assume <CODE>', 'take an assumption as given (repeatable)', repeated)
    .option('--bpffs <DIR>', 'where the BPF file system is or will be mounted', '/sys/fs/bpf')
    .option('--state <DIR>', 'where it is kept what is attached', '/var/lib/offload')
    .action(async (files: readonly string[], options: OffloadOptions, command: Command) => {
      if (files.length === 0) command.error('offload: name at least one RULESET', { exitCode: 1 });
      await offload(files, options);
    });
}

async function offload(files: readonly string[], options: OffloadOptions): Promise<void> {
  const { dev, host, residual: target } = options;
  if (options.dryRun && !dev) throw usageError('--dry-run plans for a device without attaching: name it with --dev');
  const attaching = dev !== undefined && !options.dryRun;
  if (attaching && host !== undefined) {
    throw usageError('--host is for planning elsewhere: an attached filter needs the facts of this host');
  }
  const progress = new Progress();
  try {
    const checks = attaching ? await preflight(dev, options) : [];
    refuseHopeless(checks);
    const facts = host !== undefined ? readHostFile(host) : dev !== undefined ? readHostFacts(dev) : null;
    const made = planFiles(
      files,
      { ...options, conntrack: options.conntrack && (!attaching || kernelAsksConntrack()), facts },
      progress,
    );
    const plan = withAssumed(withChecks(made.plan, checks), options.assume ?? [], checks);
    refuseViolated(plan, checks);
    const planned = { ...made, plan };
    const residual = target === undefined ? null : stageResidual(target, residualTexts(plan), made.read);
    try {
      const outcome = attaching && facts !== null ? await attach(planned, facts, options, progress) : null;
      residual?.commit();
      progress.done();
      await report(planned, outcome, nextSteps(files, options, planned, outcome, residual?.files ?? []), options);
    } finally {
      residual?.discard();
    }
  } finally {
    progress.done();
  }
}

async function report(
  { plan, prefilter }: Planned,
  outcome: AttachOutcome | null,
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

function attachedLine(devices: readonly string[], mode: string, { frames, replaced }: AttachOutcome): string {
  const verb = replaced ? 'Replaced on' : 'Attached to';
  return `${verb} ${devices.join(', ')} (${mode} XDP), verified with ${counted(frames, 'frame')}: no difference.`;
}
