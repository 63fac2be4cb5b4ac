/** The samples, and the command line run on one of them from its own folder, so that file names in reports are short. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, root } from '../command.js';

export { root };
export const samples = readdirSync(join(root, 'samples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** Inputs of a sample in the order they are given: sets first, as they are restored. */
export function inputsOf(sample: string): readonly string[] {
  return ['ipset.save', 'rules.v4', 'rules.v6', 'ruleset.nft'].filter((file) => existsSync(join(root, 'samples', sample, file)));
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function offload(args: readonly string[], folder: string = root, input = ''): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    encoding: 'utf8',
    input,
    maxBuffer: 256 << 20,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

/** Set files are as old as the checkout. */
const withoutTimes = (text: string): string =>
  text.replaceAll(/as\s+of\s+\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'as of <time of the file>');

export interface SampleRun {
  readonly text: string;
  readonly json: string;
  readonly residual: string;
}

export function runSample(sample: string): SampleRun {
  const folder = join(root, 'samples', sample);
  const scratch = mkdtempSync(join(tmpdir(), 'offload-sample-'));
  try {
    const facts = existsSync(join(folder, 'host.json')) ? ['--host', 'host.json'] : [];
    const args = [...inputsOf(sample), ...facts];
    const residual = join(scratch, 'residual');
    const asText = offload([...args, '--residual', residual], folder);
    const asJson = offload([...args, '--format', 'json'], folder);
    for (const { status, stderr } of [asText, asJson]) {
      if (status !== 0) throw new Error(`offload on ${sample} ended with ${String(status)}:\n${stderr}`);
    }
    return {
      text: withoutTimes(asText.stdout).replaceAll(residual, 'RESIDUAL'),
      json: withoutTimes(asJson.stdout),
      residual: readFileSync(residual, 'utf8'),
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
