/** `offload install-service`: systemd units that attach at boot, for this checkout and the devices of the configuration file. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { conntrackBtf } from '../host/check-conntrack.js';
import { run } from '../host/command.js';
import { packageRoot } from '../load/package-root.js';
import { writeFileAtomically } from '../state/write-file.js';
import { defaultConfig } from './config.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { deviceName } from './option.js';
import { print } from './output.js';
import { unitCapabilities } from './unit-capabilities.js';

interface InstallServiceOptions {
  readonly dev?: readonly string[];
  readonly unitDir: string;
  readonly watch?: true;
  readonly remove?: true;
}

const first = 'offload.service';
/** Of these two, one follows when the network is there. */
const once = 'offload-online.service';
const always = 'offload-watch.service';
const allUnits = [first, once, always] as const;

export function addInstallServiceCommand(program: Command): void {
  program
    .command('install-service')
    .description('install systemd units that attach at boot to the devices of the configuration file')
    .option(
      '--dev <IF>',
      'write this device into the configuration file, if there is none yet (repeatable)',
      deviceName,
    )
    .option('--watch', 'keep the filter in step with the host (`offload watch`), rather than attach once at boot')
    .option('--unit-dir <DIR>', 'where systemd finds its units', '/etc/systemd/system')
    .option('--remove', 'stop the units, which detaches, and remove them')
    .action(async (options: InstallServiceOptions) => {
      const config = (program.getOptionValue('config') as string | undefined) ?? defaultConfig;
      await print(options.remove ? removeUnits(options.unitDir) : installUnits(options, config));
    });
}

/** Lines that say what was done. Throws CommandError; nothing is written then but for what the message names. */
function installUnits({ dev, unitDir, watch }: InstallServiceOptions, config: string): readonly string[] {
  const isNew = refuseUnlessDevices(dev, config);
  const root = packageRoot();
  const paths = [root, config, process.execPath];
  if (/^\/(tmp|var\/tmp|run)\//.test(root))
    throw new CommandError(
      exitCodes.host,
      `this checkout lies in ${root}, which does not outlive a boot: move it, to /opt/offload for example`,
    );
  if (paths.some((path) => /[\s%"'\\$]/.test(path)))
    throw new CommandError(exitCodes.host, `units cannot name paths with spaces, quotes, $ or %: ${paths.join(', ')}`);
  const done: string[] = [];
  if (isNew) {
    writing(config, `${JSON.stringify({ dev }, null, 2)}\n`);
    done.push(`${config}: attach to ${(dev ?? []).join(', ')}\n`);
  }
  const [second, other] = watch ? [always, once] : [once, always];
  const gone = existsSync(join(unitDir, other)) ? removeUnits(unitDir, [other]) : [];
  for (const unit of [first, second]) {
    writing(join(unitDir, unit), unitText(unit, root, config, second));
    done.push(`${join(unitDir, unit)}\n`);
  }
  const names = [first, second].map((unit) => unit.replace('.service', '')).join(' ');
  return [...gone, ...done, ...reload(), 'Attach now, and at every boot:\n', `  systemctl enable --now ${names}\n`];
}

/** True where there is no configuration file yet. Throws CommandError (exit 1) unless it names devices, or is to. */
function refuseUnlessDevices(dev: readonly string[] | undefined, config: string): boolean {
  if (!existsSync(config)) {
    if (dev !== undefined) return true;
    throw usageError(`there is no ${config} that names the devices: give them here, with --dev, and it is written`);
  }
  // The file was checked by the schema when the options were read.
  const named = (JSON.parse(readFileSync(config, 'utf8')) as { readonly dev?: readonly string[] }).dev ?? [];
  if (named.length === 0)
    throw usageError(`${config} names no devices: add "dev": ${JSON.stringify(dev ?? ['eth0'])} to it`);
  if (dev !== undefined && dev.join() !== named.join())
    throw usageError(`${config} says "dev": ${JSON.stringify(named)} and is left as it is: change it there`);
  return false;
}

/** A template of systemd/ for this checkout. */
function unitText(unit: string, root: string, config: string, second: string): string {
  const template = (name: string): string => readFileSync(join(root, 'systemd', name), 'utf8');
  const command = join(root, 'bin/offload') + (config === defaultConfig ? '' : ` --config ${config}`);
  const values: Readonly<Record<string, string>> = {
    ROOT: root,
    COMMAND: command,
    RELOAD: second === always ? `systemctl --no-block reload ${always}` : `${command} --live --attach`,
    // Node may be somewhere that only a login shell knows.
    PATH: [...new Set([dirname(process.execPath), '/usr/sbin', '/usr/bin', '/sbin', '/bin'])].join(':'),
    HARDENING: template('hardening.conf')
      .trimEnd()
      .replace('@CAPABILITIES@', unitCapabilities(JSON.parse(readFileSync(config, 'utf8')) as object, conntrackBtf())),
  };
  return template(unit).replaceAll(/@([A-Z]+)@/g, (_, name: string) => values[name] ?? '');
}

function writing(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomically(path, text, 0o644);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      exitCodes.host,
      `cannot write ${path}: ${why}: run as root, or name another --unit-dir and --config`,
    );
  }
}

function removeUnits(unitDir: string, units: readonly string[] = allUnits): readonly string[] {
  const there = units.filter((unit) => existsSync(join(unitDir, unit)));
  if (there.length === 0) return [`nothing of offload is in ${unitDir}\n`];
  const stopped = systemd(['disable', '--now', ...there.toReversed()]);
  for (const unit of there) rmSync(join(unitDir, unit));
  const lines = there.map((unit) => `${join(unitDir, unit)}: removed\n`);
  return [
    ...lines,
    ...reload(),
    ...(stopped ? [] : ['systemd does not run here, so nothing was stopped or detached\n']),
  ];
}

const reload = (): readonly string[] =>
  systemd(['daemon-reload']) ? [] : ['systemd does not run here: `systemctl daemon-reload` where it does\n'];

/** False where systemd does not run. Throws CommandError for what systemctl refuses. */
function systemd(args: readonly string[]): boolean {
  if (!existsSync('/run/systemd/system')) return false;
  const output = run('systemctl', args);
  if (output.kind === 'text') return true;
  const why = output.kind === 'missing' ? 'it is not installed' : output.stderr;
  throw new CommandError(exitCodes.host, `systemctl ${args.join(' ')}: ${why}`);
}
