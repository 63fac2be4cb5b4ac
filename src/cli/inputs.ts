/** The one way in which every command reads what it is about: rulesets, and what is known of the host that runs them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type LiveText, readLive } from '../host/live/read-live.js';
import { readHostFacts } from '../host/read-host-facts.js';
import type { HostFacts } from '../model/host.js';
import { readInstall } from '../state/install.js';
import { asOriginal, listedOnce } from '../state/swap.js';
import { usageError } from './exit-code.js';
import { readHostFile } from './host-file.js';
import type { Holding } from '../host/long-text/long-text.js';
import { largestText } from '../host/long-text/marks.js';
import { defaultMaxInput, readFiles, type ReadFile } from './read-files.js';
import type { Snapshot } from './snapshot-file.js';

export interface InputOptions {
  readonly live?: true;
  readonly host?: string;
  /** Devices on this host: its facts are those that count for them. */
  readonly dev?: readonly string[];
  /** Bytes. */
  readonly maxInput: number;
  /** Where it is told which tables hold a residual of ours: what is planned for are the originals. */
  readonly state: string;
}

export interface Inputs {
  /** What was read of this host, in the same order; null: files were read. */
  readonly live: readonly LiveText[] | null;
  readonly read: readonly ReadFile[];
  /** Null: nothing is known of the host. */
  readonly facts: HostFacts | null;
  /** What was found on the host when it was read: of a snapshot, not of this host. */
  readonly checks: Snapshot['checks'];
}

/** RULESET, --live, --host and --max-input. */
export const addInputOptions = (command: Command): Command =>
  addReadingOptions(
    command.argument(
      '[RULESET...]',
      'output of iptables-save, ip6tables-save, ipset save, nft list ruleset, or a snapshot; - is standard input',
    ),
  );

/** --live, --host and --max-input, of a command whose rulesets are not all of its arguments. */
export function addReadingOptions(command: Command): Command {
  return command
    .option('--live', 'read the rulesets of the running host instead')
    .option('--host <FILE>', 'facts of the host, from `offload snapshot`, when planning elsewhere')
    .addOption(
      new Option('--max-input <MIB>', 'refuse more input than this, in MiB')
        .default(defaultMaxInput, String(defaultMaxInput >> 20))
        .argParser(mebibytes),
    );
}

function mebibytes(value: string): number {
  const bytes = Number(value) * 2 ** 20;
  if (!/^\d+$/.test(value) || bytes < 1 || bytes > largestText)
    throw new InvalidArgumentError(`It wants a number from 1 to ${largestText >> 20}.`);
  return bytes;
}

/** `holding`: as of `readFiles`. Throws InputError, LoadError where this host cannot be read, or CommandError where the files or options are wrong. */
export function readInputs(
  files: readonly string[],
  { live, host, dev, maxInput, state }: InputOptions,
  holding?: Holding,
): Inputs {
  if (live && files.length > 0) throw usageError('--live reads the rulesets of this host: name no RULESET beside it');
  if (live && host !== undefined) throw usageError('--live reads this host: --host is for another one');
  if (!live && files.length === 0) throw usageError('name at least one RULESET, or read this host with --live');
  if (live) {
    const swaps = readInstall(state)?.swaps ?? [];
    // Where a residual is installed, texts of tables are put in place of others.
    const texts = asOriginal(readLive(swaps.length === 0 ? (holding ?? null) : null), swaps);
    const read = texts.map(({ name, format, discard: _, ...text }) => ({
      file: name,
      ...text,
      text: listedOnce({ format, text: text.text }, swaps),
      origin: { format },
    }));
    return { live: texts, read, facts: readHostFacts(dev), checks: [] };
  }
  const { read, snapshots } = readFiles(files, maxInput, holding);
  const [snapshot] = snapshots;
  if (snapshots.length > 1)
    throw usageError('only one snapshot can be planned for: these are of two readings of a host');
  if (host !== undefined) return { live: null, read, facts: readHostFile(host, maxInput), checks: [] };
  if (dev !== undefined) return { live: null, read, facts: readHostFacts(dev), checks: [] };
  return { live: null, read, facts: snapshot?.host ?? null, checks: snapshot?.checks ?? [] };
}
