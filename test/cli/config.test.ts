/** Defaults from a file: every long option has a key, the command line wins, and errors name the path and the fix. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Command } from 'commander';
import { applyConfig, configSchema, keysOf } from '../../src/cli/config.js';
import { CommandError } from '../../src/cli/exit-code.js';
import { commandLine } from '../../src/cli/run.js';

/** The options a command would run with: parsed, but not run. */
function optionsWith(t: ExecutionContext, config: unknown, args: readonly string[], name?: string): object {
  const directory = mkdtempSync(join(tmpdir(), 'offload-config-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'offload.json');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  const program = commandLine();
  const command = name === undefined ? program : program.commands.find((each) => each.name() === name);
  if (command === undefined) throw new Error(`no command ${String(name)}`);
  program.parseOptions(['--config', file, ...(command === program ? args : [])]);
  if (command !== program) command.parseOptions([...args]);
  applyConfig(program, command);
  return command.opts();
}

const refusal = (t: ExecutionContext, config: unknown): string => {
  const error = t.throws(() => optionsWith(t, config, []), { instanceOf: CommandError });
  return error?.message ?? '';
};

test('the file gives what the command line does not say', (t) => {
  t.like(optionsWith(t, { dev: ['eth0'], mode: 'generic', conntrack: false, confirm: 60 }, ['--mode', 'native']), {
    dev: ['eth0'],
    mode: 'native',
    conntrack: false,
  });
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
  const hasOwnOptions = (command: Command) => command.name() !== 'guard' && !keysOf(program).has(command.name());
  for (const command of program.commands.filter(hasOwnOptions)) {
    for (const key of keysOf(command).keys()) {
      t.true(key in (properties[command.name()]?.properties ?? {}), `${command.name()} ${key}`);
    }
  }
});
