/** `offload snapshot`: this host in one file, for planning elsewhere. */
import type { Command } from 'commander';
import { preflight } from '../host/preflight.js';
import { readLive } from '../host/live/read-live.js';
import { readHostFacts } from '../host/read-host-facts.js';
import { deviceName } from './option.js';
import { print } from './output.js';
import type { Snapshot } from './snapshot-file.js';

/** Checks of the machine that would attach, not of the host that is planned for. */
const notOfTheHost: ReadonlySet<string> = new Set([
  'privilege',
  'kernel-features',
  'device-exists',
  'no-foreign-xdp',
  'mtu-fits',
]);

interface SnapshotOptions {
  readonly dev?: readonly string[];
  readonly factsOnly?: true;
}

export function addSnapshotCommand(program: Command): void {
  program
    .command('snapshot')
    .description('print rulesets, addresses, forwarding and devices of this host as one file, for planning elsewhere')
    .option('--dev <IF>', 'device that will be covered (repeatable): check it too', deviceName)
    .option('--facts-only', 'leave the rulesets out: needs no privilege, and is for --host only')
    .action(async ({ dev, factsOnly }: SnapshotOptions) => {
      if (factsOnly) {
        await print([`${JSON.stringify(readHostFacts(dev), null, 2)}\n`]);
        return;
      }
      const rulesets = readLive();
      const host = readHostFacts(dev);
      const devices =
        dev ?? host.devices.filter(({ kind, name }) => kind === null && name !== 'lo').map(({ name }) => name);
      const checks = await preflight(devices, { mode: 'native', bpffs: '/sys/fs/bpf' });
      const snapshot: Snapshot = {
        snapshotVersion: 1,
        takenAt: new Date().toISOString(),
        host,
        checks: checks.filter(({ code }) => !notOfTheHost.has(code)),
        rulesets,
      };
      await print([`${JSON.stringify(snapshot, null, 2)}\n`]);
    });
}
