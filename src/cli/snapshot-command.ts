/** `offload snapshot`: the facts of this host that a plan needs, for planning elsewhere with `--host`. */
import type { Command } from 'commander';
import { readHostFacts } from '../host/read-host-facts.js';
import { print } from './output.js';

export function addSnapshotCommand(program: Command): void {
  program
    .command('snapshot')
    .description('print addresses, forwarding and devices of this host, for --host')
    .action(async () => {
      await print([`${JSON.stringify(readHostFacts(), null, 2)}\n`]);
    });
}
