/** `offload watch`: attaches, and keeps the filter true while sets, rules and addresses change. */
import { type Command, Option } from 'commander';
import { followHost } from '../follow/follow-host.js';
import { loadNative } from '../load/native.js';
import { counted } from '../report/quantity.js';
import { prepareState } from '../state/install.js';
import { PlannerGone, Taken } from '../watch/filter.js';
import { Watch } from '../watch/watch.js';
import { devicesAppear } from './devices-appear.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { addFilterOptions, type FilterOptions } from './filter-options.js';
import { addInputOptions, type InputOptions } from './inputs.js';
import { deviceName, seconds } from './option.js';
import { serviceManager } from './service-manager.js';
import { watchLog } from './watch-log.js';
import { lockWatch } from './watch-lock.js';
import { WatchPlanner } from './watch-planner.js';
import { WatchReporter } from './watch-reporter.js';

interface WatchOptions extends InputOptions, FilterOptions {
  /** Seconds. */
  readonly lease: number;
  readonly poll: number;
  readonly wait?: number;
  readonly quiet?: true;
  readonly installResidual?: true;
}

export function addWatchCommand(program: Command): void {
  const command = addInputOptions(
    program.command('watch').description('attach, and keep the filter true while sets, rules and addresses change'),
  )
    .option('--dev <IF>', 'attach to this device (repeatable)', deviceName)
    .option('--lease <SECONDS>', 'pass everything if this process has been gone for so long', seconds, 60)
    .option(
      '--poll <SECONDS>',
      'look so often at what the kernel does not tell of: ipset and legacy tables',
      seconds,
      1,
    )
    .option('--wait <SECONDS>', 'wait so long for the devices to appear', seconds)
    .option('--quiet', 'say only what somebody should look at')
    .addOption(new Option('--install-residual').hideHelp());
  addFilterOptions(command).action(async (files: readonly string[], given: WatchOptions) => {
    const { live, ...fromFiles } = given;
    const fromConfig = live === true && command.getOptionValueSource('live') === 'config';
    await watch(files, fromConfig && files.length > 0 ? fromFiles : given);
  });
}

async function watch(files: readonly string[], options: WatchOptions): Promise<void> {
  const { dev, wait, lease, poll, quiet, state } = options;
  if (options.installResidual)
    throw usageError(
      'watch cannot be had with --install-residual: whenever something is in doubt, or this process is gone, XDP passes everything, ' +
        'and netfilter must have all of its rules then',
    );
  if (dev === undefined) throw usageError('name the device to attach to with --dev');
  if (files.includes('-')) throw usageError('a file can be read again when it has changed, standard input cannot');
  if (wait !== undefined) await devicesAppear(dev, wait);
  const native = loadNative();
  prepareState(state);
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  const lock = lockWatch(native, state);
  const planner = new WatchPlanner(native, files, { ...options, dev, follow: true, leased: true });
  try {
    const log = watchLog(quiet === true);
    const follower = followHost(native, { pollSeconds: poll, ...(options.live ? {} : { files }) });
    const reporter = new WatchReporter({ state, lease, dev, planner, follower, manager: serviceManager(native) });
    const watch = new Watch({
      follower,
      planner,
      log,
      lease,
      stop: stop.signal,
      alive: () => reporter.alive(watch),
    });
    process.on('SIGHUP', () => watch.replan('SIGHUP'));
    await watch.run(() => {
      log.note(`${dev.join(', ')}: ${planner.summary()}`);
      reporter.ready(watch);
    });
    if (watch.filter === null) {
      log.note(
        `stopped before there was a filter to follow the host with: ${dev.join(', ')} ${dev.length === 1 ? 'is as it was' : 'are as they were'}`,
      );
      return;
    }
    reporter.stopping(watch);
    log.note(
      `stopped: the filter stays on ${dev.join(', ')} and passes everything when its lease runs out, in ${counted(lease, 'second')} at most; ` +
        '`offload watch` goes on with it, `offload detach` takes it off',
    );
  } catch (error) {
    if (error instanceof Taken) throw new CommandError(exitCodes.host, `${error.message}: it is not followed any more`);
    if (error instanceof PlannerGone) throw new CommandError(exitCodes.host, `${error.message}\nEverything passes now`);
    throw error;
  } finally {
    await planner.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
    lock.close();
  }
}
