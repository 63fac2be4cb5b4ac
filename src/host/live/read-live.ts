/** The rulesets of the running host, in the caller's network namespace. */
import { LoadError } from '../../load/load-error.js';
import type { InputFormat } from '../../model/ruleset.js';
import { run } from '../command.js';
import type { LongOutput } from '../long-text/long-output.js';
import type { Holding, LongText } from '../long-text/long-text.js';
import { decode } from '../text-encoding.js';
import { kernelHas, legacyTables } from './kernel-side.js';
import { listed, listingOf } from './long-listing.js';
import { structureOf } from './structure.js';
import { tableTexts, withTable } from './table-texts.js';
import { brokenOff, tablesInJson } from './whole-output.js';

export type LiveName =
  | 'live:iptables-legacy-save'
  | 'live:ip6tables-legacy-save'
  | 'live:iptables-nft-save'
  | 'live:ip6tables-nft-save'
  | 'live:nft'
  | 'live:ipset';

/** Not held as a whole where that was asked for, and it is long. */
export interface LiveText extends LongText {
  readonly name: LiveName;
  readonly format: InputFormat;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  /** Gives up what a text that is not held as a whole is kept in. */
  readonly discard?: () => void;
}

/** Readings that are compared before it is said that the ruleset does not stand still. */
const maxReadings = 6;

/**
 * All rulesets, read twice with equal rules: so they all were in the kernel together, between the two readings. Set elements may move. With
 * `holding`, listings of nft and ipset that are long are not held as a whole.
 * Throws LoadError that says what to install when a ruleset may be there that cannot be read, or when rules keep changing.
 */
export function readLive(
  holding: Holding | null = null,
  readOnce: () => readonly LiveText[] = () => readAll(holding),
): readonly LiveText[] {
  let before: readonly string[] | null = null;
  for (let reading = 0; reading < maxReadings; reading++) {
    const texts = readOnce();
    const now = structuresOf(texts);
    if (before !== null && areEqual(before, now)) return texts;
    before = now;
    for (const { discard } of texts) discard?.();
  }
  throw new LoadError({
    errno: 11,
    step: 'read ruleset',
    message: `the rules changed between each two of ${maxReadings} readings, so no reading is all of them at one time`,
    hint: 'see what rewrites the firewall (`nft monitor`), and try again when it has finished',
  });
}

export const sameStructure = (a: readonly LiveText[], b: readonly LiveText[]): boolean =>
  areEqual(structuresOf(a), structuresOf(b));

const areEqual = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((structure, i) => structure === right[i]);

/** What iptables-nft says of its tables is all of them: nft's listing of the same ones tells less. */
function structuresOf(texts: readonly LiveText[]): string[] {
  const dumped = texts.flatMap(({ name, text }) =>
    name === 'live:iptables-nft-save' || name === 'live:ip6tables-nft-save'
      ? [...tableTexts('iptables-save', text).keys()].map(
          (table) => `${name.startsWith('live:ip6') ? 'ip6' : 'ip'} ${table}`,
        )
      : [],
  );
  return texts.map(({ name, format, text, rest }) => {
    const own = name === 'live:nft' ? dumped.reduce((all, table) => withTable('nft', all, table, ''), text) : text;
    return `${name}\n${structureOf(format, own, rest)}`;
  });
}

/** In the order in which they are planned for. Null: the kernel holds nothing of it. */
const readers: Readonly<Record<LiveName, (began: number, holding: Holding | null) => LiveText | null>> = {
  'live:iptables-legacy-save': (began) => readLegacy('iptables', began),
  'live:iptables-nft-save': (began) => readIptablesNft('iptables', began),
  'live:ip6tables-legacy-save': (began) => readLegacy('ip6tables', began),
  'live:ip6tables-nft-save': (began) => readIptablesNft('ip6tables', began),
  'live:nft': readNft,
  'live:ipset': readIpset,
};

function readAll(holding: Holding | null): readonly LiveText[] {
  const began = Date.now();
  return Object.values(readers).flatMap((read) => read(began, holding) ?? []);
}

/** One ruleset as it is now, by a single run of its tool, which shows all of it at one time. Throws as `readLive` does. */
export const readNow = (name: LiveName): LiveText | null => readers[name](Date.now(), null);

type Base = 'iptables' | 'ip6tables';

function readLegacy(base: Base, began: number): LiveText | null {
  if (legacyTables(base === 'iptables' ? 'ip' : 'ip6').length === 0) return null;
  const tool = toolOf(base, 'legacy', 'save');
  if (tool === null) throw unreadable(`${base}-legacy tables are in force`, `${base}-legacy-save`, 'install iptables');
  const text = reading(tool, ['-c'], 'install iptables');
  const told = tableTexts('iptables-save', text);
  const untold = legacyTables(base === 'iptables' ? 'ip' : 'ip6').find((table) => !told.has(table));
  if (untold !== undefined && brokenOff('iptables-save', text) === null)
    throw notWhole(tool, `it says nothing of table ${untold}, which the kernel has`);
  return made(`live:${base}-legacy-save`, `${base}-save`, text, began, tool);
}

/** Where the tool is missing, nft's listing still shows the rules, though not the options of extensions: these then stay unknown. */
function readIptablesNft(base: Base, began: number): LiveText | null {
  const tool = kernelHas('nft') ? toolOf(base, 'nft', 'save') : null;
  if (tool === null) return null;
  const text = reading(tool, ['-c'], 'see what the tool says');
  return /^\*/m.test(text) ? made(`live:${base}-nft-save`, `${base}-save`, text, began, tool) : null;
}

/** `began`: before the tool ran, so that what an element has left is never overrated. Throws LoadError where the output breaks off. */
function made(name: LiveName, format: InputFormat, bytes: string, began: number, tool: string): LiveText {
  const why = brokenOff(format, bytes);
  if (why !== null) throw notWhole(tool, why);
  return { name, format, ...decode(Buffer.from(bytes, 'latin1')), takenAt: began };
}

function madeLong(
  name: LiveName,
  format: 'ipset' | 'nft',
  { kept, holding }: Extract<LongOutput, { kind: 'long' }>,
  began: number,
): LiveText {
  const { text, discard, broken } = listingOf(format, kept, holding);
  if (broken !== null) throw notWhole(format, broken);
  return { name, format, ...text, takenAt: began, ...(discard && { discard }) };
}

function readNft(began: number, holding: Holding | null, isSecond = false): LiveText | null {
  const output = listed('nft', ['list', 'ruleset'], holding);
  if (output.kind === 'missing') {
    if (!kernelHas('nft')) return null;
    throw unreadable('the kernel may hold nft tables', 'nft', 'install nftables');
  }
  if (output.kind === 'failed') {
    if (!kernelHas('nft')) return null;
    throw failed('nft list ruleset', output.stderr);
  }
  if (output.kind === 'long') return madeLong('live:nft', 'nft', output, began);
  if (output.stdout.trim() !== '') return made('live:nft', 'nft', output.stdout, began, 'nft');
  const [table] = tablesToldAsJson();
  if (table === undefined) return null;
  // It may have come meanwhile.
  if (isSecond)
    throw notWhole('nft', `\`nft list ruleset\` prints nothing, and \`nft -j list ruleset\` has table ${table}`);
  return readNft(began, holding, true);
}

/** A listing of no rules is an empty text, and so is one that failed without a word: as JSON it is not. */
function tablesToldAsJson(): readonly string[] {
  const output = run('nft', ['-j', 'list', 'ruleset']);
  // Built without JSON it cannot be asked twice.
  if (output.kind === 'failed' && output.stderr.includes('not compiled-in')) return [];
  const tables = output.kind === 'text' ? tablesInJson(output.stdout) : null;
  if (tables !== null) return tables;
  throw notWhole('nft', '`nft list ruleset` prints nothing, and `nft -j list ruleset` does not even print its version');
}

/** Without the tool a match of a set stays unknown, which is said where a rule uses one. */
function readIpset(began: number, holding: Holding | null): LiveText | null {
  const output = listed('ipset', ['save'], holding);
  if (output.kind === 'missing') return null;
  if (output.kind === 'failed') {
    if (!kernelHas('ipset')) return null;
    throw failed('ipset save', output.stderr);
  }
  if (output.kind === 'long') return madeLong('live:ipset', 'ipset', output, began);
  return output.stdout.trim() === '' ? null : made('live:ipset', 'ipset', output.stdout, began, 'ipset');
}

/** What was found once stays for this process: each reading would ask again. */
const tools = new Map<string, string>();

/** The command of that back end: its own name, or the plain one where that is of this back end. Null: neither is installed. */
export function toolOf(...which: Parameters<typeof findTool>): string | null {
  const known = tools.get(which.join(' '));
  if (known !== undefined) return known;
  const found = findTool(...which);
  if (found !== null) tools.set(which.join(' '), found);
  return found;
}

function findTool(base: 'iptables' | 'ip6tables', backend: 'legacy' | 'nft', verb: 'save' | 'restore'): string | null {
  const own = `${base}-${backend}-${verb}`;
  if (run(own, ['-V']).kind !== 'missing') return own;
  const plain = run(`${base}-${verb}`, ['-V']);
  if (plain.kind !== 'text') return null;
  return plain.stdout.includes('nf_tables') === (backend === 'nft') ? `${base}-${verb}` : null;
}

function reading(tool: string, args: readonly string[], hint: string): string {
  const output = run(tool, args, { encoding: 'latin1' });
  if (output.kind === 'text') return output.stdout;
  if (output.kind === 'missing') throw unreadable('a ruleset is in force', tool, hint);
  throw failed([tool, ...args].join(' '), output.stderr);
}

const unreadable = (what: string, tool: string, hint: string): LoadError =>
  new LoadError({
    errno: 2,
    step: 'read ruleset',
    message: `${what}, and \`${tool}\`, which reads them, is not installed: nothing is planned without them`,
    hint,
  });

const notWhole = (tool: string, why: string): LoadError =>
  new LoadError({
    errno: 5,
    step: 'read ruleset',
    message: `the output of \`${tool}\` is not whole, so a part of the ruleset is not known: ${why}`,
    hint: `see which program that is (\`command -v ${tool}\`) and what it prints by itself; nothing is planned without it`,
  });

const failed = (command: string, stderr: string): LoadError =>
  new LoadError({
    errno: 5,
    step: 'read ruleset',
    message: `\`${command}\` failed, so a part of the ruleset is not known: ${stderr.trim() || 'it says nothing'}`,
    hint: /permission|not permitted|must be root/i.test(stderr)
      ? 'run it as root'
      : 'mend that first; nothing is planned without it',
  });
