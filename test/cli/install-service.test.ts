/** `offload install-service`: what it refuses. What it installs runs in test/kernel/systemd. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { offload } from '../samples/sample-runs.js';

function scratch(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'offload-service-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}

function refused(t: ExecutionContext, config: object | null, args: readonly string[], message: RegExp): void {
  const directory = scratch(t);
  const file = join(directory, 'offload.json');
  if (config !== null) writeFileSync(file, JSON.stringify(config));
  const units = join(directory, 'units');
  const { status, stdout, stderr } = offload(['--config', file, 'install-service', '--unit-dir', units, ...args]);
  t.is(status, 1, stderr);
  t.is(stdout, '');
  t.regex(stderr, message);
  t.false(existsSync(units));
  t.is(existsSync(file), config !== null);
}

test('no configuration file and no device: said how to give one', (t) => {
  refused(t, null, [], /there is no .*offload\.json that names the devices: give them here, with --dev/);
});

test('a configuration file is never changed', (t) => {
  refused(t, {}, ['--dev', 'eth0'], /names no devices: add "dev": \["eth0"\] to it/);
  refused(t, { dev: ['eth1'] }, ['--dev', 'eth0'], /says "dev": \["eth1"\] and is left as it is/);
  refused(t, { dev: 'eth1' }, [], /\/dev must be array/);
});

test('removing what is not there', (t) => {
  const { status, stdout } = offload(['install-service', '--remove', '--unit-dir', scratch(t)]);
  t.is(status, 0);
  t.regex(stdout, /nothing of offload is in /);
});
