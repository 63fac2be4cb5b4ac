/** `offload save`: the dumps as netfilter alone would have counted, for monitoring that reads them. */
import { type Command, Option } from 'commander';
import { loadNative } from '../load/native.js';
import { readRuleset } from '../model/read-ruleset.js';
import type { Input } from '../model/ruleset.js';
import { counted } from '../report/quantity.js';
import type { DeviceStatus, RuleDrops } from '../report/status-report.js';
import { withDrops } from '../report/with-drops.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { addInputOptions, type InputOptions, readInputs } from './inputs.js';
import { bpffsOption, stateOption } from './option.js';
import { complain, print } from './output.js';
import { readStatus } from './read-status.js';

const formats = ['iptables-save', 'ip6tables-save', 'nft', 'nft-json'] as const;

interface SaveOptions extends InputOptions {
  readonly only?: (typeof formats)[number];
  readonly bpffs: string;
}

export function addSaveCommand(program: Command): void {
  const command = program
    .command('save')
    .description('print a ruleset with what XDP has dropped added to its counters');
  addInputOptions(command)
    .addOption(new Option('--only <FORMAT>', 'print this one of several rulesets').choices([...formats]))
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(async (files: readonly string[], options: SaveOptions) => {
      const { read } = readInputs(files, options);
      const { ruleset } = readRuleset(read);
      const drops = dropsOf(await readStatus(loadNative(), options));
      const { texts, unknown, ambiguous } = withDrops(ruleset, drops);
      const chosen = texts.filter(({ input }) => options.only === undefined || input.format === options.only);
      const [one, ...others] = chosen;
      if (one === undefined) throw usageError('none of these rulesets has counters to print');
      if (others.length > 0)
        throw usageError(
          `these are ${counted(chosen.length, 'ruleset')} (${chosen.map(({ input }) => nameOf(input)).join(', ')}): choose one with --only FORMAT`,
        );
      const encoding = read.find(({ file }) => file === one.input.file)?.encoding ?? 'utf8';
      if (unknown.length > 0)
        complain(
          `${unknown.map(({ rule }) => rule).join(', ')}: has dropped packets, but is not among these rules, or is another rule now: not added`,
        );
      for (const chain of ambiguous)
        complain(`chain ${chain}: several rules lead there, so their own counters stay short of what it dropped`);
      if (encoding === 'latin1') process.stdout.setDefaultEncoding('latin1');
      await print([one.text]);
    });
}

const nameOf = ({ file, format }: Input): string => `${file}: ${format}`;

/** Devices that were attached together share their counters. */
function dropsOf(devices: readonly DeviceStatus[]): readonly RuleDrops[] {
  const groups = new Map(devices.map((device) => [device.counters, device]));
  const lacking = [...groups.values()].find(({ rules }) => rules === null);
  if (lacking)
    throw new CommandError(
      exitCodes.host,
      `which rules dropped packets on ${lacking.device} is not recorded here: name the directory with --state`,
    );
  return [...groups.values()].flatMap(({ rules }) => rules ?? []);
}
