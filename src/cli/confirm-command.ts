/** `offload confirm`: what was attached with `--confirm` stays. */
import type { Command } from 'commander';
import { forgetInstall, writeInstall } from '../state/install.js';
import { changing } from './changing.js';
import { CommandError, exitCodes } from './exit-code.js';
import { stateOption } from './option.js';
import { print } from './output.js';

export function addConfirmCommand(program: Command): void {
  program
    .command('confirm')
    .description('keep what was attached with --confirm')
    .addOption(stateOption())
    .action(async ({ state }: { readonly state: string }) => {
      await changing(state, async (_native, install) => {
        if (!install?.confirm)
          throw new CommandError(
            exitCodes.refused,
            'nothing waits to be confirmed: it was confirmed already, or undone because the time was over (see `offload status`)',
          );
        if (install.swaps.length === 0) forgetInstall(state);
        else writeInstall(state, { ...install, confirm: null });
      });
      await print(['confirmed: the filter stays\n']);
    });
}
