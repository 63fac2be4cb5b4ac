/** Texts of any format to one ruleset: detects, parses, lowers. Throws InputError with all that is wrong, or returns warnings beside it. */
import type { Diagnostic } from '../diagnostic.js';
import { dirname, resolve } from 'node:path';
import { InputError } from '../diagnostic.js';
import { parseIpset } from '../parse/parse-ipset.js';
import { parseIptables } from '../parse/parse-iptables.js';
import { parseNftJson } from '../parse/nft/parse-nft-json.js';
import { parseNft } from '../parse/nft/parse-nft.js';
import type { NftFile } from '../parse/nft/tree.js';
import { detectFormat } from './detect-format.js';
import { lowerIpset } from './lower-ipset.js';
import { lowerIptables } from './lower-iptables.js';
import { withoutDumped } from './lower-nft/managed.js';
import { lowerNft } from './lower-nft/lower-nft.js';
import type { NftText } from './nft-text.js';
import type { Input, InputFormat, Ruleset, Table } from './ruleset.js';
import { rulesetWarnings } from './ruleset-warnings.js';
import type { NamedSet, SetId } from './set.js';

export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** Milliseconds since the epoch; null where nobody knows. */
  readonly takenAt: number | null;
}

interface ReadInput {
  readonly tables: readonly Table[];
  readonly sets: readonly NamedSet[];
  readonly diagnostics: readonly Diagnostic[];
  readonly nft?: NftText;
}

export function readRuleset(inputs: readonly SourceText[]): { ruleset: Ruleset; diagnostics: Diagnostic[] } {
  const read: Input[] = [];
  const tables: Table[] = [];
  const sets = new Map<SetId, NamedSet>();
  const diagnostics: Diagnostic[] = [];
  for (const source of inputs) {
    const format = detectFormat(source.text, source.file);
    if (format === null || format === 'host') {
      diagnostics.push(unknownFormat(source, format));
      continue;
    }
    const made = readers[format](source);
    diagnostics.push(...made.diagnostics, ...collisions(made, tables, sets));
    tables.push(...made.tables);
    const input: Input = { ...source, format, ...totals(made), ...(made.nft && { nft: made.nft }) };
    for (const set of made.sets) sets.set(set.id, { ...set, ...ageOf(input) });
    read.push(input);
  }
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0) throw new InputError(errors);
  const whole = withoutDumped(tables);
  const warnings = rulesetWarnings(whole, sets);
  return { ruleset: { inputs: read, tables: whole, sets }, diagnostics: [...diagnostics, ...warnings] };
}

const readers = {
  'iptables-save': (source) => readIptables(source, 'ip'),
  'ip6tables-save': (source) => readIptables(source, 'ip6'),
  ipset: readIpset,
  nft: readNft,
  'nft-json': (source) => withWarnings(parseNftJson(source.text, source.file)),
} as const satisfies Record<InputFormat, (source: SourceText) => ReadInput>;

function readIptables(source: SourceText, family: 'ip' | 'ip6'): ReadInput {
  const dump = parseIptables(source.text, source.file, family);
  // Lines that could not be read may have opened or closed tables: what lowering says of the others would mislead.
  if (dump.errors.length > 0) return { tables: [], sets: [], diagnostics: dump.errors };
  return { ...lowerIptables(dump), sets: [] };
}

function readIpset(source: SourceText): ReadInput {
  const dump = parseIpset(source.text, source.file);
  if (dump.errors.length > 0) return { tables: [], sets: [], diagnostics: dump.errors };
  return { tables: [], ...lowerIpset(dump) };
}

/** Included files are looked for below the file's own directory. */
function readNft(source: SourceText): ReadInput {
  const folder = source.file === '-' ? {} : { includeRoot: dirname(resolve(source.file)) };
  return withWarnings(parseNft(source.text, source.file, folder));
}

function withWarnings(file: NftFile): ReadInput {
  return { ...lowerNft(file), diagnostics: file.diagnostics };
}

const atStart = (source: SourceText, code: Diagnostic['code'], message: string): Diagnostic => ({
  code,
  severity: 'error',
  span: { file: source.file, line: 1, column: 1 },
  message,
  notes: [],
});

function unknownFormat(source: SourceText, format: 'host' | null): Diagnostic {
  const found =
    format === 'host'
      ? 'this describes a host, not a ruleset; give it with --host'
      : source.text.trim() === ''
        ? 'the input is empty'
        : 'this is no ruleset';
  return atStart(
    source,
    'unknown-format',
    `${found}; expected the output of iptables-save, ip6tables-save, ipset save or nft list ruleset`,
  );
}

/** Tables and sets that an earlier input has already: which of them is in force is not known. */
function collisions(made: ReadInput, tables: readonly Table[], sets: ReadonlyMap<SetId, NamedSet>): Diagnostic[] {
  const out: Diagnostic[] = [];
  for (const table of made.tables) {
    const other = tables.find(
      (one) => one.family === table.family && one.name === table.name && one.dialect === table.dialect,
    );
    if (!other) continue;
    const message = `table ${table.family} ${table.name} stands in ${other.file} too; which of them is in force is not known`;
    out.push({ code: 'duplicate-table', severity: 'error', span: table.span, message, notes: [] });
  }
  for (const set of made.sets) {
    const other = sets.get(set.id);
    if (!other) continue;
    const message = `set "${set.name}" is created in ${other.span.file} too`;
    out.push({ code: 'duplicate-set', severity: 'error', span: set.span, message, notes: [] });
  }
  return out;
}

/** Elements that a dumping tool surely writes in a second. */
const writtenInASecond = 50_000;

/**
 * A file is as old as its last byte, its elements are as old as their listing: by the second that the clock may be in, and by the time that
 * the tool took to write.
 */
function ageOf({ takenAt, elements }: Input): Pick<NamedSet, 'asOf'> {
  if (takenAt === null) return {};
  return { asOf: Math.floor(takenAt / 1000) - 1 - Math.floor(elements / writtenInASecond) };
}

function totals(made: ReadInput): Pick<Input, 'rules' | 'sets' | 'elements'> {
  const chains = made.tables.flatMap((table) => [...table.chains.values()]);
  return {
    rules: chains.reduce((sum, chain) => sum + new Set(chain.rules.map(({ id }) => id)).size, 0),
    sets: made.sets.length,
    elements: made.sets.reduce((sum, set) => sum + set.elements, 0),
  };
}
