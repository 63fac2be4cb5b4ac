/** `offload status`: what is attached, and what it has dropped, rule by rule. */
import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { loadNative } from '../load/native.js';
import { prometheusReport } from '../report/prometheus-report.js';
import { type DeviceStatus, type Pending, statusJson, statusText } from '../report/status-report.js';
import { readInstall } from '../state/install.js';
import { usageError } from './exit-code.js';
import { bpffsOption, seconds, stateOption } from './option.js';
import { print, terminalStyle } from './output.js';
import { readStatus, type Places } from './read-status.js';

interface StatusOptions extends Places {
  readonly format: 'text' | 'json' | 'prometheus';
  readonly all?: true;
  /** Seconds between two looks. */
  readonly watch?: number | true;
}

/** Seconds, where no number is given. */
const defaultInterval = 2;

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('what is attached and what it has dropped')
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json', 'prometheus']).default('text'))
    .option('--all', 'list every rule that has dropped something')
    .option(
      '--watch [SECONDS]',
      `show it again and again, with drops per second (every ${defaultInterval} seconds)`,
      seconds,
    )
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(async (options: StatusOptions) => {
      if (options.watch !== undefined) return watch(options, options.watch === true ? defaultInterval : options.watch);
      const devices = await readStatus(loadNative(), options);
      const pending = pendingOf(options.state);
      switch (options.format) {
        case 'json':
          return print([statusJson(devices, pending)]);
        case 'prometheus':
          return print(prometheusReport(devices, pending));
        case 'text':
          return print(statusText(devices, pending, terminalStyle(options.all === true)));
      }
    });
}

/** Errs to nothing: whoever may not read the state may still read the pins. */
function pendingOf(state: string): Pending {
  const install = readInstall(state);
  return {
    confirmBy: install?.confirm?.deadline ?? null,
    residualTables: install?.swaps.map(({ table }) => table) ?? [],
  };
}

/** Ends with the process. */
async function watch(options: StatusOptions, interval: number): Promise<void> {
  if (options.format !== 'text') throw usageError('--watch is for people: scripts ask again themselves');
  const native = loadNative();
  const clear = process.stdout.isTTY ? '\u001b[H\u001b[2J' : '';
  let before: { readonly at: number; readonly devices: readonly DeviceStatus[] } | null = null;
  for (;;) {
    const at = performance.now();
    const devices = await readStatus(native, options);
    const since = before === null ? null : { devices: before.devices, seconds: (at - before.at) / 1000 };
    const text = statusText(devices, pendingOf(options.state), terminalStyle(options.all === true), since);
    await print([clear + [...text].join('')]);
    before = { at, devices };
    await setTimeout(interval * 1000);
  }
}
