/**
 * An nft text without the rules that XDP decides for the covered devices. Everything else stays, layout and comments too. Each run of such
 * rules becomes one jump at its place to a chain that holds them for other devices: behind the chain's block, or, for commands, made
 * before the first of them. Where the text does not empty its tables itself, it first makes and deletes them, so that loading it replaces
 * them in one transaction (`nft -f`).
 */
import type { NftText, Place } from '../model/nft-text.js';
import type { Table } from '../model/ruleset.js';
import { printName } from '../parse/nft/print-expression.js';
import type { ResidualOptions } from './iptables.js';
import { firstHeld, runsOf, type Run } from './nft-runs.js';
import { indentOf, lineOf, TextEdits, withHandle } from './text-edits.js';

type BlockRun = Run<Extract<Run['rules'][number]['cut'], { kind: 'block' }>>;
type CommandRun = Run<Extract<Run['rules'][number]['cut'], { kind: 'command' | 'item' }>>;

export function residualNft(main: NftText, tables: readonly Table[], options: ResidualOptions): string {
  const edits = new TextEdits();
  const replaced = tables.filter((table) => !isLeftOut(table) && table.loads === 'on-top');
  prepend(main, replaced, edits);
  for (const table of tables) {
    if (isLeftOut(table)) leaveOut(table, edits);
    else for (const run of runsOf(table, options)) editRun(run, options.devices, edits);
  }
  return edits.render(main);
}

/** Others load the table. A text that empties it itself was meant to make it. */
export const isLeftOut = ({ managed, loads }: Table): boolean =>
  (managed === 'iptables-nft' || managed === 'owner') && loads !== 'afresh';

function leaveOut({ family, name, managed, blocks }: Table, edits: TextEdits): void {
  for (const { of, start, end } of blocks ?? []) {
    const behind = of.text.charAt(end) === '\n' ? end + 1 : end;
    const whose = managed === 'owner' ? 'the program that owns it' : 'iptables';
    edits.replace({ of, start, end: behind }, `# table ${family} ${name} is left to ${whose}\n`);
  }
}

/** `table X` makes it where it is not there yet, so that `delete table X` always has one to delete. */
function prepend(main: NftText, tables: readonly Table[], edits: TextEdits): void {
  if (tables.length === 0) return;
  const at = /^\uFEFF?(#!.*\n)?/.exec(main.text)?.[0].length ?? 0;
  const lines = tables.map((table) => `table ${named(table)}\ndelete table ${named(table)}\n`);
  edits.replace({ of: main, start: at, end: at }, `${lines.join('')}\n`);
}

const named = ({ family, name }: Table): string => `${family} ${printName(name)}`;

function editRun(run: Run, devices: readonly string[], edits: TextEdits): void {
  const [first] = run.rules;
  if (first?.cut.kind === 'block') editBlock(run as BlockRun, devices, edits);
  else editCommands(run as CommandRun, devices, edits);
}

/** Packets that a covered device did not bring, those that the host makes itself among them. */
function jumpTo(name: string, devices: readonly string[]): string {
  const quoted = devices.map((device) => `"${device}"`);
  return `iifname != ${quoted.length === 1 ? quoted.join('') : `{ ${quoted.join(', ')} }`} jump ${printName(name)}`;
}

function editBlock({ table, name, rules }: BlockRun, devices: readonly string[], edits: TextEdits): void {
  const [first] = rules;
  if (!first) return;
  if (name === null) {
    edits.removeLines(rules.map(({ cut }) => cut.place));
    return;
  }
  edits.removeLines(rules.slice(1).map(({ cut }) => cut.place));
  edits.replace(withHandle(first.cut.place), jumpTo(name, devices));
  const { home, declared } = first.cut;
  const indent = indentOf(home);
  const inner = standsAlone(first.cut.place, home) ? indentOf(first.cut.place) : `${indent}\t`;
  const body = joined(heldLines(rules), inner);
  const block = (head: string): string => `${head} {\n${body}${indent}}`;
  // A command's jump can only name a chain that is there already.
  if (declared)
    edits.replace({ ...home, end: home.start }, `${block(`add chain ${named(table)} ${printName(name)}`)}\n${indent}`);
  else edits.replace({ ...home, start: home.end }, `\n\n${indent}${block(`chain ${printName(name)}`)}`);
}

/** Whether a rule begins a line in the text of its chain's block, as others there may do. */
const standsAlone = (rule: Place, home: Place): boolean =>
  rule.of === home.of && /\n[ \t]*$/.test(rule.of.text.slice(Math.max(0, rule.start - 200), rule.start));

/** The rules as written, with the definitions of their block, which end with it. */
function* heldLines(rules: BlockRun['rules']): Generator<string> {
  const useNames = rules.some(({ held, text }) => held && text.includes('$'));
  let known = 0;
  for (const { held, text, cut } of rules) {
    if (!held) continue;
    const defines = useNames ? cut.defines.slice(known, cut.defined) : [];
    known = cut.defined;
    for (const { of, start, end } of defines) yield of.text.slice(start, end);
    yield text.trim();
  }
}

/** Strings that are joined at a time: one made of many holds all of them until it is read. */
const joinedAtOnce = 4096;

/** Lines with that before each. */
function joined(lines: Iterable<string>, before: string): string {
  const parts: string[] = [];
  let few: string[] = [];
  for (const line of lines) {
    if (few.push(before, line, '\n') < joinedAtOnce) continue;
    parts.push(few.join(''));
    few = [];
  }
  return parts.join('') + few.join('');
}

/** Commands stay where they are, and add to the new chain: what they name is there by then. */
function editCommands({ table, chain, name, rules }: CommandRun, devices: readonly string[], edits: TextEdits): void {
  const verb = rules[0]?.cut.verb ?? 'add';
  const first = firstHeld(rules, verb);
  for (const one of rules) {
    const { place } = one.cut;
    if (!one.held || name === null) {
      edits.replace(lineOf(place), '');
      continue;
    }
    const rule = `${verb} rule ${named(table)} ${printName(name)} ${one.text.trim()}`;
    edits.replace(
      place,
      one === first ? [...makeChain(table, chain, name, verb, devices), rule].join(newLine(place)) : rule,
    );
  }
}

const makeChain = (table: Table, chain: string, name: string, verb: string, devices: readonly string[]): string[] => [
  `add chain ${named(table)} ${printName(name)}`,
  `${verb} rule ${named(table)} ${printName(chain)} ${jumpTo(name, devices)}`,
];

const newLine = (place: Place): string => `\n${indentOf(place)}`;
