/** `offload RULESET...`: plans, prints the report, and with `--dev` verifies and attaches. */
import { type Command, Option } from 'commander';
import { jsonReport } from '../report/json-report.js';
import { textReport } from '../report/text-report.js';
import { attach, checkAssumed } from './attach.js';
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
  readonly assume?: readonly string[];
  readonly bpffs: string;
  readonly state: string;
}

export function addOffloadCommand(program: Command): void {
  program
    .argument('[RULESET...]', 'output of iptables-save, ip6tables-save, ipset save; - is standard input')
    .option('--dev <IF>', 'attach to this device (repeatable); without it nothing is touched', deviceName)
    .addOption(new Option('--mode <MODE>', 'XDP mode').choices(['native', 'generic']).default('native'))
    .option('--dry-run', 'plan for --dev, but attach nothing')
    .option('--residual <FILE>', 'write what stays in netfilter (a directory for several rulesets)')
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json']).default('text'))
    .option('--all', 'list every rule in the text report')
    .option('--host <FILE>', 'facts of the host, from `offload snapshot`, when planning elsewhere')
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--assume <CODE>', 'take an assumption as given (repeatable)', repeated)
    .option('--bpffs <DIR>', 'where the BPF file system is or will be mounted', '/sys/fs/bpf')
    .option('--state <DIR>', 'where it is kept what is attached', '/var/lib/offload')
    .action(async (files: readonly string[], options: OffloadOptions, command: Command) => {
      if (files.length === 0) command.error('offload: name at least one RULESET', { exitCode: 1 });
      await offload(files, options);
    });
}

async function offload(files: readonly string[], options: OffloadOptions): Promise<void> {
  if (options.dryRun && !options.dev)
    throw usageError('--dry-run plans for a device without attaching: name it with --dev');
  const attaching = options.dev !== undefined && !options.dryRun;
  if (attaching && options.host !== undefined) {
    throw usageError('--host is for planning elsewhere: an attached filter needs the facts of this host');
  }
  const progress = new Progress();
  try {
    const facts = options.host === undefined ? null : readHostFile(options.host);
    const planned = await planFiles(files, { ...options, facts, attaching }, progress);
    checkAssumed(planned.plan, options.assume ?? []);
    const residual =
      options.residual === undefined ? null : stageResidual(options.residual, residualTexts(planned.plan));
    try {
      const outcome = attaching ? await attach(planned, options, progress) : null;
      residual?.commit();
      progress.done();
      await report(planned, nextSteps(files, options, planned, outcome, residual?.files ?? []), options);
    } finally {
      residual?.discard();
    }
  } finally {
    progress.done();
  }
}

async function report({ plan, prefilter }: Planned, next: readonly string[], options: OffloadOptions): Promise<void> {
  switch (options.format) {
    case 'json':
      return print(jsonReport(plan, prefilter));
    case 'text':
      return print(textReport(plan, prefilter, next, terminalStyle(options.all === true)));
  }
}
