/**
 * Defaults from a file: `/etc/offload/offload.json`, or the one that `--config` names. Its schema is made from the options of the commands, so
 * that every long option has a key: the options of `offload` itself at the top, those of another command under the command's name.
 */
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { newAjv } from '../json-schema.js';
import { CommandError, exitCodes } from './exit-code.js';
import { readText } from './read-files.js';
import { schemaErrorText } from './snapshot-file.js';

export const defaultConfig = '/etc/offload/offload.json';

/** What a configuration file may hold of one option. */
interface Key {
  readonly schema: object;
  readonly option: Option;
}

/** Options that make no sense as a default, or that somebody must want right now. */
const notInFiles: ReadonlySet<string> = new Set(['help', 'version', 'config', 'attach', 'force']);

/** Options that can be given several times have a parser that collects. */
const collects = (option: Option): boolean => /repeatable/.test(option.description);

/** By the long option's name without its dashes; `conntrack` for `--no-conntrack`. */
export function keysOf(command: Command): ReadonlyMap<string, Key> {
  // What a command cannot do without is asked for before a file is read.
  const options = command.options.filter(
    (option) => typeof option.long === 'string' && !option.mandatory && !notInFiles.has(option.name()),
  );
  return new Map(
    options.map((option) => [
      option.negate ? option.name().replace(/^no-/, '') : option.name(),
      { schema: schemaOf(option), option },
    ]),
  );
}

function schemaOf(option: Option): object {
  const description = option.description;
  if (!option.required && !option.optional) return { type: 'boolean', description };
  const value = option.argChoices ? { enum: option.argChoices } : { type: ['string', 'integer'] };
  return collects(option) ? { type: 'array', items: value, description } : { ...value, description };
}

/** What these do, somebody must want right now. */
const withoutSection: ReadonlySet<string> = new Set(['detach', 'guard', 'install-service']);

/** Commands whose options have a section of their own; the name of an option of `offload` itself is that option (`confirm`). */
const sections = (program: Command): readonly Command[] => {
  const taken = keysOf(program);
  return program.commands.filter(
    (command) => !withoutSection.has(command.name()) && !taken.has(command.name()) && keysOf(command).size > 0,
  );
};

export function configSchema(program: Command): object {
  const properties = (command: Command): object =>
    Object.fromEntries([...keysOf(command)].map(([key, { schema }]) => [key, schema]));
  const section = (command: Command): object => ({
    type: 'object',
    additionalProperties: false,
    description: `options of \`offload ${command.name()}\``,
    properties: properties(command),
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:offload:config:1',
    title: 'Defaults of offload: /etc/offload/offload.json',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...(properties(program) as Record<string, object>),
      ...Object.fromEntries(sections(program).map((command) => [command.name(), section(command)])),
    },
  };
}

type Values = Readonly<Record<string, unknown>>;

/** Gives `command` what the file says wherever the command line says nothing. Throws CommandError that names the place and the fix. */
export function applyConfig(program: Command, command: Command): void {
  const named = program.getOptionValue('config') as string | undefined;
  const file = named ?? defaultConfig;
  const mayLack = named === undefined || command.name() === 'install-service'; // which writes it
  if (mayLack && !existsSync(file)) return;
  const config = readConfig(file, program);
  const own =
    command === program
      ? config
      : { ...shared(config, command), ...((config[command.name()] as Values | undefined) ?? {}) };
  for (const [key, { option }] of keysOf(command)) {
    const source = command.getOptionValueSource(option.attributeName());
    if (!(key in own) || (source !== undefined && source !== 'default')) continue;
    command.setOptionValueWithSource(option.attributeName(), parsed(file, key, option, own[key]), 'config');
  }
}

/** Commands that plan and attach as `offload` itself does. */
const alike: ReadonlySet<string> = new Set(['watch']);

/** Where things are is the same for every command, and what filters are like for every one that attaches. */
const shared = (config: Values, command: Command): Values => {
  const keys = keysOf(command);
  const takes = (key: string): boolean =>
    keys.has(key) && (alike.has(command.name()) || ['bpffs', 'state'].includes(key));
  return Object.fromEntries(Object.entries(config).filter(([key]) => takes(key)));
};

function readConfig(file: string, program: Command): Values {
  let value: unknown;
  try {
    value = JSON.parse(readText(file, 1 << 20));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      exitCodes.usage,
      `${file}: ${error instanceof SyntaxError ? 'not JSON' : 'cannot be read'}: ${why}`,
    );
  }
  const validate = newAjv([]).compile(configSchema(program));
  if (validate(value)) return value as Values;
  const keys = [...keysOf(program).keys(), ...sections(program).map((command) => command.name())];
  const errors = (validate.errors ?? []).slice(0, 5).map(schemaErrorText).join('\n');
  throw new CommandError(exitCodes.usage, `${file}:\n${errors}\nKeys are the long options: ${keys.join(', ')}.`);
}

/** The option's own parser, as if it had been typed. */
function parsed(file: string, key: string, option: Option, value: unknown): unknown {
  if (typeof value === 'boolean' || option.parseArg === undefined) return value;
  const parse = option.parseArg;
  try {
    if (!Array.isArray(value)) return parse(String(value), undefined as never);
    return value.reduce<unknown>((before, each) => parse(String(each), before as never), undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CommandError(exitCodes.usage, `${file}: /${key}: ${JSON.stringify(value)}: ${error.message}`);
  }
}
