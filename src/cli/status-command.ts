/** `offload status`: what is attached, and what it has dropped, rule by rule. */
import { type Command, Option } from 'commander';
import { loadNative } from '../load/native.js';
import { prometheusReport } from '../report/prometheus-report.js';
import { printable } from '../report/printable.js';
import { type DeviceStatus, droppedPerSecond, type Pending, statusJson, statusText } from '../report/status-report.js';
import type { TextStyle } from '../report/text-style.js';
import { topSourcesText } from '../report/top-sources.js';
import { readInstall } from '../state/install.js';
import { usageError } from './exit-code.js';
import { bpffsOption, positive, seconds, stateOption } from './option.js';
import { print, terminalStyle } from './output.js';
import { readStatus, type Places } from './read-status.js';
import { SourceWatch } from './source-watch.js';

interface StatusOptions extends Places {
  readonly format: 'text' | 'json' | 'prometheus';
  readonly all?: true;
  /** Seconds between two looks. */
  readonly watch?: number | true;
  /** Sources to show. */
  readonly top?: number | true;
}

/** Seconds, where no number is given. */
const defaultInterval = 2;
const defaultSources = 10;
/** Sources that are shown with --watch, unless it is told. */
const watchedSources = 5;
/** Seconds that are sampled for one look at the sources. */
const sampled = 3;

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
    .option(
      '--top [N]',
      `who sends most of what is dropped, by a sample of ${sampled} seconds (${defaultSources} sources, or N)`,
      positive,
    )
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(async (options: StatusOptions) => {
      if (options.watch !== undefined) return watch(options, options.watch === true ? defaultInterval : options.watch);
      if (options.top !== undefined) return showTop(options, options.top === true ? defaultSources : options.top);
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
  const shown = typeof options.top === 'number' ? options.top : watchedSources;
  const sources = await SourceWatch.open(native, options);
  let before: { readonly devices: readonly DeviceStatus[]; readonly at: number } | null = null;
  for (;;) {
    const devices = await readStatus(native, options);
    const at = performance.now();
    const since = before && { devices: before.devices, seconds: (at - before.at) / 1000 };
    const style = terminalStyle(options.all === true);
    const text = [...statusText(devices, pendingOf(options.state), style, since)];
    if (devices.length > 0) {
      const dropped = since && droppedPerSecond(devices, since);
      text.push('\n', ...sourcesText(sources, shown, dropped, style));
    }
    await print([clear + text.join('')]);
    before = { devices, at };
    await sources.wait(interval * 1000);
  }
}

function sourcesText(sources: SourceWatch, n: number, perSecond: number | null, style: TextStyle): readonly string[] {
  const { failure } = sources;
  return failure === null
    ? [...topSourcesText(sources.top(n), perSecond, style)]
    : [`Sources are not shown: ${printable(failure.message.replaceAll('\n', ' '))}\n`];
}

/** Throws LoadError when nothing can be sampled. */
async function showTop(options: StatusOptions, n: number): Promise<void> {
  if (options.format === 'prometheus') throw usageError('--top has no metrics: single sources do not belong there');
  const native = loadNative();
  const sources = await SourceWatch.open(native, options);
  if (sources.failure !== null) throw sources.failure;
  try {
    const before = await readStatus(native, options);
    const at = performance.now();
    if (before.length > 0) await sources.wait(sampled * 1000);
    const devices = await readStatus(native, options);
    if (options.format === 'json') {
      await print([statusJson(devices, pendingOf(options.state), sources.top(n))]);
      return;
    }
    const since = { devices: before, seconds: (performance.now() - at) / 1000 };
    const style = terminalStyle(options.all === true);
    await print(statusText(devices, pendingOf(options.state), style, since));
    if (devices.length > 0) await print(['\n', ...sourcesText(sources, n, droppedPerSecond(devices, since), style)]);
  } finally {
    sources.close();
  }
}
