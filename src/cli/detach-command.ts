/** `offload detach --dev IF`: netfilter gets its own rules back where a residual was installed, then the filter goes. */
import type { Command } from 'commander';
import { pinnedDevices } from '../load/attachment.js';
import { detach, type Detached } from '../load/detach.js';
import { loadNative } from '../load/native.js';
import { forgetRecord } from '../state/journal.js';
import { readInstall, type Install } from '../state/install.js';
import { undo } from '../state/undo.js';
import { changing } from './changing.js';
import { usageError } from './exit-code.js';
import { bpffsOption, deviceName, stateOption } from './option.js';
import { print } from './output.js';

interface DetachOptions {
  readonly dev?: readonly string[];
  readonly all?: true;
  readonly force?: true;
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
    .description('take the filter off devices; where a residual was installed, netfilter gets its own rules back first')
    .option('--dev <IF>', 'device (repeatable)', deviceName)
    .option('--all', 'every device that has a filter of offload')
    .option('--force', 'put the original rules back even over what was changed since; a copy of that is kept')
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(async (options: DetachOptions) => {
      const { bpffs, state } = options;
      const native = loadNative();
      const dev = chosenDevices(options);
      const undone =
        readInstall(state) === null ? [] : await changing(state, (_, install) => undoInstall(install, dev, options));
      for (const device of undone) await print([`${device}: ${said.detached}\n`]);
      for (const device of dev.filter((name) => !undone.includes(name))) {
        const result = await detach(native, bpffs, device);
        forgetRecord(state, device);
        await print([`${device}: ${said[result]}\n`]);
      }
    });
}

/** Throws CommandError (exit 1). */
function chosenDevices({ dev, all, bpffs, state }: DetachOptions): readonly string[] {
  if ((dev === undefined) === (all === undefined)) throw usageError('detach wants --dev IF or --all');
  if (dev !== undefined) return dev;
  const installed = readInstall(state)?.devices.map(({ name }) => name) ?? [];
  return [...new Set([...pinnedDevices(bpffs), ...installed])];
}

/** Devices that it was detached from. The residual is of all its devices together: it cannot be undone for some of them. */
async function undoInstall(
  install: Install | null,
  dev: readonly string[],
  { force, state }: DetachOptions,
): Promise<readonly string[]> {
  if (install === null) return [];
  const others = install.devices.map(({ name }) => name).filter((name) => !dev.includes(name));
  if (others.length > 0 && install.swaps.length > 0 && install.devices.some(({ name }) => dev.includes(name))) {
    throw usageError(
      `the residual in netfilter leaves rules to ${others.join(', ')} too: detach all of them (--dev ${others.join(' --dev ')})`,
    );
  }
  if (others.length === install.devices.length) return [];
  // What the devices had before does not matter: all of it goes.
  const all = { ...install, devices: install.devices.map(({ name }) => ({ name, before: null })) };
  await undo(all, { native: loadNative(), state, force: force === true });
  const tables = install.swaps.map(({ table }) => table);
  if (tables.length > 0) await print([`netfilter has its own rules again: ${tables.join(', ')}\n`]);
  return all.devices.map(({ name }) => name);
}
