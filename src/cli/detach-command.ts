/** `offload detach --dev IF`: takes the filter off; netfilter does all of it again. */
import type { Command } from 'commander';
import { detach, type Detached } from '../load/detach.js';
import { loadNative } from '../load/native.js';
import { forgetRecord } from '../state/journal.js';
import { deviceName } from './option.js';
import { print } from './output.js';

interface DetachOptions {
  readonly dev: readonly string[];
  readonly bpffs: string;
  readonly state: string;
}

const said: Record<Detached, string> = {
  detached: 'detached',
  stale: 'the device was gone already; its pins are removed',
  nothing: 'nothing of offload was attached',
};

export function addDetachCommand(program: Command): void {
  program
    .command('detach')
    .description('take the filter off devices')
    .requiredOption('--dev <IF>', 'device (repeatable)', deviceName)
    .option('--bpffs <DIR>', 'where the BPF file system is mounted', '/sys/fs/bpf')
    .option('--state <DIR>', 'where it is kept what is attached', '/var/lib/offload')
    .action(async ({ dev, bpffs, state }: DetachOptions) => {
      const native = loadNative();
      for (const device of dev) {
        const result = await detach(native, bpffs, device);
        forgetRecord(state, device);
        await print([`${device}: ${said[result]}\n`]);
      }
    });
}
