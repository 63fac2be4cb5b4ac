/** The split as an administrator makes it: by the command. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repository, type Net } from '../namespace.js';
import type { Target } from './topology.js';

/** Runs `offload FILES --dev eth0 --residual DIR` in the target; the filter stays attached. Returns the residuals. */
export async function offloadByCommand(
  net: Net,
  target: Target,
  files: readonly string[],
): Promise<{ readonly name: string; readonly text: string }[]> {
  const residual = net.directory();
  const places = ['--residual', residual, '--bpffs', net.bpffs(), '--state', net.directory()];
  await net.exec(target.name, join(repository, 'bin/offload'), [...files, '--dev', 'eth0', ...places]);
  return files
    .map((file) => basename(file))
    .filter((name) => name !== 'ipset.save')
    .map((name) => ({ name, text: readFileSync(join(residual, name), 'utf8') }));
}
