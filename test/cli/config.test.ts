/** Defaults from a file: every long option has a key, the command line wins, and errors name the path and the fix. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Command } from 'commander';
import { applyConfig, configSchema, keysOf } from '../../src/cli/config.js';
import { commandLineWins } from '../../src/cli/command-line-wins.js';
import { CommandError } from '../../src/cli/exit-code.js';
import type { OffloadOptions } from '../../src/cli/offload-command.js';
import { commandLine } from '../../src/cli/run.js';
import { offload } from '../samples/sample-runs.js';

function written(t: ExecutionContext, config: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'offload-config-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'offload.json');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return file;
}

/** A command that has been parsed, but not run. */
function commandWith(t: ExecutionContext, config: unknown, args: readonly string[], name?: string): Command {
  const file = written(t, config);
  const program = commandLine();
  const command = name === undefined ? program : program.commands.find((each) => each.name() === name);
  if (command === undefined) throw new Error(`no command ${String(name)}`);
  program.parseOptions(['--config', file, ...(command === program ? args : [])]);
  if (command !== program) command.parseOptions([...args]);
  applyConfig(program, command);
  return command;
}

const optionsWith = (...given: Parameters<typeof commandWith>): object => commandWith(...given).opts();

/** What `offload FILE...` would do after it has given way to the command line. */
function offloadWith(
  t: ExecutionContext,
  config: unknown,
  args: readonly string[],
  files: readonly string[] = [],
): OffloadOptions {
  const command = commandWith(t, config, args);
  return commandLineWins(files, command.opts(), (name) => command.getOptionValueSource(name) === 'config');
}

const refusal = (t: ExecutionContext, config: unknown): string => {
  const error = t.throws(() => optionsWith(t, config, []), { instanceOf: CommandError });
  return error.message;
};

test('the file gives what the command line does not say', (t) => {
  t.like(optionsWith(t, { dev: ['eth0'], mode: 'generic', conntrack: false, confirm: 60 }, ['--mode', 'native']), {
    dev: ['eth0'],
    mode: 'native',
    conntrack: false,
  });
});

test('a command line that names no device touches nothing, whatever the file says', (t) => {
  const config = { dev: ['eth0'], confirm: 60, 'install-residual': true, live: true, 'dry-run': false };
  const nothing = { dev: undefined, confirm: undefined, installResidual: undefined };
  t.like(offloadWith(t, config, [], ['rules.v4']), { ...nothing, live: undefined });
  t.like(offloadWith(t, config, []), { ...nothing, live: true });
  t.like(offloadWith(t, config, ['--live']), { ...nothing, live: true });
  t.like(offloadWith(t, config, ['--attach']), { dev: ['eth0'], confirm: 60, installResidual: true, live: true });
  t.like(offloadWith(t, config, ['--dev', 'eth1']), { dev: ['eth1'], confirm: 60, installResidual: true, live: true });
  t.like(offloadWith(t, config, ['--attach'], ['rules.v4']), {
    dev: ['eth0'],
    confirm: 60,
    installResidual: undefined,
    live: undefined,
  });
  t.like(offloadWith(t, config, ['--attach', '--dry-run']), { dev: ['eth0'], confirm: undefined, dryRun: true });
  const { stderr, status } = offload(['--attach', '--config', written(t, {}), 'rules.v4']);
  t.is(status, 1);
  t.regex(stderr, /--attach is for the devices of the configuration file, which has no "dev"/);
});

test('what is typed is never taken back', (t) => {
  const typed = ['--dev', 'eth0', '--confirm', '5', '--install-residual'];
  t.like(offloadWith(t, {}, typed, ['rules.v4']), { dev: ['eth0'], confirm: 5, installResidual: true });
  t.like(offloadWith(t, { live: true }, ['--host', 'h.json'], ['rules.v4']), { host: 'h.json', live: undefined });
  t.like(offloadWith(t, { host: 'h.json' }, ['--live']), { host: undefined, live: true });
});

test('nobody forces or attaches by a file', (t) => {
  t.regex(refusal(t, { attach: true }), /attach/);
  t.regex(refusal(t, { detach: { force: true } }), /detach/);
  t.regex(refusal(t, { detach: { dev: ['eth0'] } }), /detach/);
});

test('a section is for one command; where things are is for all', (t) => {
  const config = { state: '/run/offload', status: { format: 'json' } };
  t.like(optionsWith(t, config, [], 'status'), { state: '/run/offload', format: 'json' });
  t.like(optionsWith(t, config, ['--format', 'text'], 'status'), { format: 'text' });
});

test('errors name the path and the fix', (t) => {
  t.regex(refusal(t, { device: 'eth0' }), /device[^]*Keys are the long options: .*\bdev\b/);
  t.regex(refusal(t, { mode: 'fast' }), /\/mode[^]*native/);
  t.regex(refusal(t, { status: { mode: 'native' } }), /\/status[^]*mode/);
  t.regex(refusal(t, '{ "mode": '), /not JSON/);
});

test('every long option of every command has a key in the schema', (t) => {
  const program = commandLine();
  const { properties } = configSchema(program) as { properties: Record<string, { properties?: object }> };
  for (const key of keysOf(program).keys()) t.true(key in properties, key);
  const byHand = ['guard', 'detach', 'install-service'];
  const hasOwnOptions = (command: Command) => !byHand.includes(command.name()) && !keysOf(program).has(command.name());
  for (const command of program.commands.filter(hasOwnOptions)) {
    for (const key of keysOf(command).keys()) {
      t.true(key in (properties[command.name()]?.properties ?? {}), `${command.name()} ${key}`);
    }
  }
});
