/** Texts of any format to one ruleset: detects, parses, lowers. Throws InputError with all that is wrong, or returns warnings beside it. */
import type { Diagnostic } from '../diagnostic.js';
import { dirname } from 'node:path';
import { InputError } from '../diagnostic.js';
import { ipsetLines } from '../parse/parse-ipset.js';
import { plainText } from '../parse/source-text.js';
import { parseIptables } from '../parse/parse-iptables.js';
import { parseNftJson } from '../parse/nft/parse-nft-json.js';
import type { ReadIncluded } from '../parse/nft/include-source.js';
import { type LongList, MarkedText } from '../parse/nft/long-lists.js';
import { parseNft, type ParseNftOptions } from '../parse/nft/parse-nft.js';
import type { NftFile } from '../parse/nft/tree.js';
import { excerpt } from '../parse/syntax-error.js';
import { checkLoops } from './check-jumps.js';
import { detectFormat } from './detect-format.js';
import { lowerIpset } from './lower-ipset.js';
import { lowerIptables } from './lower-iptables.js';
import { withoutListed } from './lower-nft/same-table.js';
import { lowerNft } from './lower-nft/lower-nft.js';
import type { NftText } from './nft-text.js';
import type { Input, InputFormat, RuleId, Ruleset, Table } from './ruleset.js';
import { rulesetWarnings } from './ruleset-warnings.js';
import { isRun, rulesIn, segmentsOf, type Segment } from './segments.js';
import type { NamedSet, SetId } from './set.js';

export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** Of a long ipset save, whose text nobody writes back: what follows, in whole lines, read once and as it is asked for. May throw InputError. */
  readonly rest?: Iterable<string>;
  /** Of a long nft file that is read in pieces: `text` is with marks. */
  readonly marked?: MarkedSource;
  /** Reads a file that an nft file includes; marks may stand in it, others than in `text`. */
  readonly included?: ReadIncluded;
  /** Milliseconds since the epoch; null where nobody knows. */
  readonly takenAt: number | null;
  /** What made the text, where that is known: then nothing is guessed from the text, and it includes no other file. */
  readonly origin?: { readonly format: InputFormat };
}

export interface MarkedSource {
  /** For whose elements marks stand in the text. Null: they were taken before, and nobody holds them any more. */
  readonly takeLists: () => readonly LongList[] | null;
  /** The text without marks. May throw InputError. */
  readonly whole: () => string;
}

interface ReadInput {
  readonly tables: readonly Table[];
  readonly sets: readonly NamedSet[];
  readonly diagnostics: readonly Diagnostic[];
  readonly nft?: NftText;
  readonly isMarked?: true;
}

export function readRuleset(inputs: readonly SourceText[]): { ruleset: Ruleset; diagnostics: Diagnostic[] } {
  const read: Input[] = [];
  const tables: Table[] = [];
  const sets = new Map<SetId, NamedSet>();
  const diagnostics: Diagnostic[] = [];
  for (const { source, format, made } of readAll(inputs)) {
    diagnostics.push(...made.diagnostics, ...collisions(made, tables, sets));
    if (format === null) continue;
    tables.push(...made.tables);
    const { file, takenAt } = source;
    const { nft, isMarked } = made;
    const text = nft?.text ?? source.text;
    const more = { ...(nft && { nft }), ...(isMarked && { isMarked }) };
    const input: Input = { file, text, takenAt, format, ...totals(made), ...more };
    for (const set of made.sets) sets.set(set.id, { ...set, ...ageOf(input) });
    read.push(input);
  }
  const { tables: whole, diagnostics: differences } = withoutListed(tables);
  const errors = [...diagnostics, ...differences].filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0) throw new InputError(errors);
  const warnings = rulesetWarnings(whole, sets);
  return { ruleset: { inputs: read, tables: whole, sets }, diagnostics: [...diagnostics, ...warnings] };
}

interface Made {
  readonly source: SourceText;
  /** null: none that is read; `made` says so. */
  readonly format: InputFormat | null;
  readonly made: ReadInput;
}

function readAll(inputs: readonly SourceText[]): readonly Made[] {
  const all = inputs.map((source): Made => {
    const format = source.origin?.format ?? detectFormat(source.text, source.file);
    if (format !== null && format !== 'host') return { source, format, made: readers[format](source) };
    return { source, format: null, made: { tables: [], sets: [], diagnostics: [unknownFormat(source, format)] } };
  });
  // A host can have a table of one name three times: iptables-legacy's, iptables-nft's and nft's own are called one after the other.
  return all.map((one) => {
    const label = labelBesides(one, all);
    if (label === null || (one.format !== 'iptables-save' && one.format !== 'ip6tables-save')) return one;
    return { ...one, made: readIptables(one.source, one.format === 'iptables-save' ? 'ip' : 'ip6', label) };
  });
}

/** How a dump of iptables-legacy calls its tables where another input has tables of the same names; null: there are none. */
function labelBesides({ source, made }: Made, all: readonly Made[]): ((table: string) => string) | null {
  if (backendOf(source.text) === 'nft') return null;
  const legacy = backendOf(source.text) === 'legacy';
  const shared = new Set<string>();
  for (const other of all.filter((one) => one.source !== source)) {
    const iptables = other.format !== 'nft' && other.format !== 'nft-json';
    if (iptables && !(legacy && backendOf(other.source.text) === 'nft')) continue;
    for (const { family, name, managed } of other.made.tables)
      if ((legacy || !managed) && made.tables.some((table) => table.family === family && table.name === name))
        shared.add(name);
  }
  return shared.size === 0 ? null : (table) => (shared.has(table) ? `${table}@legacy` : table);
}

/** Which kernel interface a dump of iptables is of, as its first line tells since 1.8; null: it does not. */
function backendOf(text: string): 'legacy' | 'nft' | null {
  const head = /^# Generated by \S+ v\S+( \(nf_tables\))?/m.exec(text.slice(0, 4096));
  if (head === null) return null;
  return head[1] === undefined ? 'legacy' : 'nft';
}

const readers = {
  'iptables-save': (source) => readIptables(source, 'ip'),
  'ip6tables-save': (source) => readIptables(source, 'ip6'),
  ipset: readIpset,
  nft: readNft,
  'nft-json': (source) => withWarnings(parseNftJson(source.text, source.file)),
} as const satisfies Record<InputFormat, (source: SourceText) => ReadInput>;

function readIptables(source: SourceText, family: 'ip' | 'ip6', label?: (table: string) => string): ReadInput {
  const dump = parseIptables(source.text, source.file, family);
  // Lines that could not be read may have opened or closed tables: what lowering says of the others would mislead.
  if (dump.errors.length > 0) return { tables: [], sets: [], diagnostics: dump.errors };
  return { ...lowerIptables(dump, label), sets: [] };
}

function readIpset(source: SourceText): ReadInput {
  const errors: Diagnostic[] = [];
  const lowered = lowerIpset({ lines: ipsetLines(piecesOf(source), source.file, errors) });
  return { tables: [], ...(errors.length > 0 ? { sets: [], diagnostics: errors } : lowered) };
}

function* piecesOf({ text, rest }: SourceText): Generator<string> {
  yield plainText(text);
  for (const piece of rest ?? []) yield plainText(piece);
}

/** Included files are looked for below the file's own directory. */
function readNft(source: SourceText): ReadInput {
  const folder = source.file === '-' || source.origin ? {} : { includeRoot: dirname(source.file) };
  return readMarked(source, folder) ?? withWarnings(parseNft(wholeText(source), source.file, folder));
}

const wholeText = ({ text, marked }: SourceText): string => marked?.whole() ?? text;

/** Null: the text has no marks, or it takes the whole text to read it or to say what is wrong. */
function readMarked({ file, text, marked, included }: SourceText, folder: ParseNftOptions): ReadInput | null {
  const lists = marked ? marked.takeLists() : included ? [] : null;
  if (!lists) return null;
  try {
    const read = withWarnings(parseNft(text, file, { ...folder, lists, ...(included && { readFile: included }) }));
    // Lines of errors are counted in the whole text.
    return read.diagnostics.some(({ severity }) => severity === 'error') ? null : { ...read, isMarked: true };
  } catch (error) {
    if (error instanceof InputError || error instanceof MarkedText) return null;
    throw error;
  }
}

function withWarnings(file: NftFile): ReadInput {
  const lowered = lowerNft(file);
  const loops = lowered.tables.flatMap(checkLoops).map(({ code, span, message }): Diagnostic => {
    const line = span.file === file.file ? (file.text.split('\n', span.line)[span.line - 1] ?? '') : '';
    return { code, severity: 'error', span, message, notes: line === '' ? [] : excerpt(line, span.column) };
  });
  return { ...lowered, diagnostics: [...file.diagnostics, ...loops] };
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
    rules: chains.reduce((sum, chain) => sum + distinct(segmentsOf(chain)), 0),
    sets: made.sets.length,
    elements: made.sets.reduce((sum, set) => sum + set.elements, 0),
  };
}

/** Rules as written: the ways through one nft rule have one id, and stand together. */
function distinct(segments: readonly Segment[]): number {
  let count = 0;
  let before: RuleId | null = null;
  for (const segment of segments) {
    const id = isRun(segment) ? null : segment.id;
    if (id === null || id !== before) count += rulesIn(segment);
    before = id;
  }
  return count;
}
