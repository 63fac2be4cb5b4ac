/** `offload verify RULESET...`: plans and loads, attaches nothing, and compares the loaded program with the ruleset and with the plan. */
import type { Command } from 'commander';
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import type { HostFacts } from '../model/host.js';
import { assumedMac, unknownHost } from '../replay/unknown-host.js';
import { verificationReport } from '../report/verification-report.js';
import { Coverage } from '../verify/coverage.js';
import { checkProgram } from './check-program.js';
import { CommandError, exitCodes } from './exit-code.js';
import { addInputOptions, type InputOptions, readInputs } from './inputs.js';
import { holdingLittle } from './read-files.js';
import { loadPrefilter } from './loaded-prefilter.js';
import { deviceName, stateOption } from './option.js';
import { print, terminalStyle } from './output.js';
import { planInputs, type Planned } from './pipeline.js';
import { Progress } from './progress.js';

interface VerifyOptions extends InputOptions {
  readonly strict?: true;
  readonly conntrack: boolean;
}

export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description(
      'load the program, attach nothing, and compare it with the ruleset on frames from every rule (as root)',
    );
  addInputOptions(command)
    .option('--dev <IF>', 'verify what would be attached to this device of this host (repeatable)', deviceName)
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter')
    .addOption(stateOption())
    .action(async (files: readonly string[], options: VerifyOptions) => {
      const progress = new Progress();
      try {
        await verify(files, options, progress);
      } finally {
        progress.done();
      }
    });
}

async function verify(files: readonly string[], options: VerifyOptions, progress: Progress): Promise<void> {
  progress.stage('reading');
  const inputs = readInputs(files, options, holdingLittle);
  const own = inputs.live !== null || (options.dev !== undefined && options.host === undefined);
  for (const name of own ? (options.dev ?? []) : []) refuseMissing(name, inputs.facts);
  // A plan for a host of which nothing is known cannot be loaded: the tables want its addresses.
  const known = inputs.facts ?? unknownHost(null);
  const conntrack = options.conntrack && kernelAsksConntrack();
  const planned = planInputs(inputs.read, { ...options, conntrack, facts: known }, progress);
  const notes = inputs.facts === null ? [unknown] : [];
  for (const [position, name] of planned.plan.devices.entries())
    await verifyDevice(planned, withDevice(known, name), { name, position, notes }, progress);
}

const unknown =
  'Nothing is known of the host (--host, --dev): it is taken to forward nothing, and its addresses stay open.';

function refuseMissing(name: string, facts: HostFacts | null): void {
  if (facts?.devices.some((device) => device.name === name)) return;
  throw new CommandError(
    exitCodes.host,
    `there is no device ${name} on this host; leave out --dev to verify for a host elsewhere`,
  );
}

/** With a made-up device where the host has none of the name. */
function withDevice(known: HostFacts, name: string): HostFacts {
  if (known.devices.some((device) => device.name === name)) return known;
  return { ...known, devices: [...known.devices, ...unknownHost(name).devices] };
}

async function verifyDevice(
  { plan, image }: Planned,
  facts: HostFacts,
  { name, position, notes }: { readonly name: string; readonly position: number; readonly notes: readonly string[] },
  progress: Progress,
): Promise<void> {
  const found = facts.devices.find((device) => device.name === name);
  // As it would be attached: to what the VLAN device stands on.
  const vlan = found?.vlan?.tag;
  const device = { name, mac: found?.mac ?? assumedMac, position, ...(vlan && { vlan }) };
  progress.stage('loading');
  const loaded = await loadPrefilter(image, device);
  try {
    const { run, counters } = loaded;
    const program = { plan, facts, asksConntrack: image.asksConntrack, device, run, counters, progress };
    const coverage = new Coverage(plan.prefilter, image.walk);
    const verification = await checkProgram(program, coverage, 'Nothing was attached.');
    progress.done();
    await print([verificationReport({ device: name, verification, coverage, notes }, terminalStyle(false))]);
  } finally {
    loaded.close();
  }
}
