/** Options of the commands that plan for a host and a device without touching either. */
import { type Command } from 'commander';
import type { HostFacts } from '../model/host.js';
import { unknownHost } from '../replay/unknown-host.js';
import { usageError } from './exit-code.js';
import { readHostFile } from './host-file.js';
import { deviceName } from './option.js';
import { planInputs, type Planned } from './pipeline.js';
import type { Progress } from './progress.js';
import { readFiles } from './read-files.js';

export interface ElsewhereOptions {
  readonly dev?: readonly string[];
  readonly host?: string;
  readonly strict?: true;
  readonly conntrack: boolean;
}

export const addElsewhereOptions = (command: Command): Command =>
  command
    .option('--dev <IF>', 'the device that the packets arrive on', deviceName)
    .option(
      '--host <FILE>',
      'facts of the host, from `offload snapshot`; without them every packet is taken to be for it',
    )
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
  const { dev, host } = options;
  if (dev !== undefined && dev.length > 1) throw usageError('the packets arrive on one device: name it with one --dev');
  progress.stage('reading');
  const { read, snapshots } = readFiles(files);
  const known = host === undefined ? (snapshots[0]?.host ?? null) : readHostFile(host);
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
