/** Options of the commands that plan for a host and a device without touching either. */
import { type Command } from 'commander';
import type { HostFacts } from '../model/host.js';
import { unknownHost } from '../replay/unknown-host.js';
import { usageError } from './exit-code.js';
import { addReadingOptions, type InputOptions, readInputs } from './inputs.js';
import { holdingLittle } from './read-files.js';
import { deviceName, stateOption } from './option.js';
import { planInputs, type Planned } from './pipeline.js';
import type { Progress } from './progress.js';

export interface ElsewhereOptions extends InputOptions {
  readonly strict?: true;
  readonly conntrack: boolean;
}

export const addElsewhereOptions = (command: Command): Command =>
  addReadingOptions(command)
    .option('--dev <IF>', 'the device that the packets arrive on', deviceName)
    .addOption(stateOption())
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter');

export interface PlannedElsewhere extends Planned {
  readonly facts: HostFacts;
  readonly device: string;
  readonly hostKnown: boolean;
}

/** Throws InputError, or CommandError for a device that the host does not have. */
export function planElsewhere(
  files: readonly string[],
  options: ElsewhereOptions,
  progress: Progress,
): PlannedElsewhere {
  const { dev, live } = options;
  if (dev !== undefined && dev.length > 1) throw usageError('the packets arrive on one device: name it with one --dev');
  progress.stage('reading');
  // Here the device is one of the host that is planned for, and only with --live is that this host.
  const { dev: _, ...elsewhere } = options;
  const { read, facts: known } = readInputs(files, live ? options : elsewhere, holdingLittle);
  const [wanted] = dev ?? [];
  if (wanted !== undefined && known !== null && !known.devices.some(({ name }) => name === wanted)) {
    const names = known.devices.map(({ name }) => name).join(', ');
    throw usageError(`--dev ${wanted}: the host has no such device (it has: ${names})`);
  }
  const planned = planInputs(read, { ...options, facts: known ?? unknownHost(wanted ?? null) }, progress);
  const [device] = planned.plan.devices;
  if (device === undefined) throw new Error('bug: a plan without a device');
  return { ...planned, facts: known ?? unknownHost(device), device, hostKnown: known !== null };
}
