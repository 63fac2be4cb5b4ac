/**
 * What a configuration file says gives way where the command line asks for something else. Above all: a command line that names no device,
 * neither by --dev nor by --attach, touches nothing, whatever the file says.
 */
import type { OffloadOptions } from './offload-command.js';

type Name = keyof OffloadOptions;

export function commandLineWins(
  files: readonly string[],
  options: OffloadOptions,
  isFromFile: (name: Name) => boolean,
): OffloadOptions {
  const typed = (name: Name): boolean => options[name] !== undefined && !isFromFile(name);
  const live = options.live === true && (typed('live') || (files.length === 0 && !typed('host')));
  const asked = options.attach === true || typed('dev');
  const dry = options.dryRun === true;
  const gives: Partial<Record<Name, boolean>> = {
    live: !live,
    host: live || asked,
    dev: !asked,
    dryRun: !asked,
    confirm: !asked || dry,
    installResidual: !asked || !live,
  };
  const kept = Object.entries(options).filter(([name]) => gives[name as Name] !== true || typed(name as Name));
  return Object.fromEntries(kept) as unknown as OffloadOptions;
}
