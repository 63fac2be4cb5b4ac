/** What a line of a rules file does to its table: -A -I -D -R -F -N -X -P -Z. */
import type { Span } from '../diagnostic.js';
import type { Command, RuleLine, VariantLine } from '../parse/iptables-tree.js';
import { printOption } from '../parse/print-iptables.js';
import { quote } from '../parse/syntax-error.js';
import { editSingly } from './append-run.js';
import { baseChainPlace } from './base-chains.js';
import { report } from './dump-walk.js';
import type { DumpWalk } from './dump-walk.js';
import type { LoweredRule } from './lower-rule.js';
import { ruleOf } from './lower-variant.js';
import { TableDraft } from './table-draft.js';
import type { ChainDraft, Entry } from './table-draft.js';

/** A line with where it stands, and as it stands there. */
export interface PlacedLine {
  readonly line: RuleLine | VariantLine;
  readonly span: Span;
  readonly text: string;
}

/** `lower` lowers the line if its command needs it. */
export function applyCommand(walk: DumpWalk, table: TableDraft, placed: PlacedLine, lower: () => LoweredRule): void {
  const { line, span } = placed;
  const command = line.kind === 'rule' ? line.command : line.shape.rule.command;
  const expected = wordCounts[command.name];
  if (command.values.length < expected.least || command.values.length > expected.most) {
    const count = expected.least === expected.most ? `${expected.least}` : `${expected.least} to ${expected.most}`;
    const message = `${command.values.length} words after ${command.name}; expected ${count}`;
    report(walk, 'syntax', { ...span, column: command.span.column }, message);
    return;
  }
  const name = command.values[0]?.text ?? null;
  switch (command.name) {
    case 'append':
    case 'insert':
    case 'replace':
    case 'delete': {
      changeRules(walk, table, placed, command, lower);
      return;
    }
    case 'flush':
      for (const chain of table.chains.values()) if (name === null || chain.name === name) chain.entries.clear();
      return;
    case 'new-chain': {
      table.declare(name ?? '', span, 'accept');
      return;
    }
    case 'delete-chain':
      for (const chain of [...table.chains.keys()]) {
        const base = baseChainPlace(table.name, chain) !== null;
        if (!base && (name === null || chain === name)) table.chains.delete(chain);
      }
      return;
    case 'policy': {
      setPolicy(walk, table, command, span);
      return;
    }
    case 'rename-chain': {
      report(walk, 'syntax', span, 'renaming a chain is not read; expected a dump as iptables-save writes it');
      return;
    }
    case 'zero':
      return;
  }
}

const wordCounts = {
  append: { least: 1, most: 1 },
  insert: { least: 1, most: 2 },
  replace: { least: 2, most: 2 },
  delete: { least: 1, most: 2 },
  flush: { least: 0, most: 1 },
  'new-chain': { least: 1, most: 1 },
  'delete-chain': { least: 0, most: 1 },
  policy: { least: 2, most: 2 },
  'rename-chain': { least: 2, most: 2 },
  zero: { least: 0, most: 2 },
} as const satisfies Record<Command['name'], unknown>;

function setPolicy(walk: DumpWalk, table: TableDraft, command: Command, span: Span): void {
  const [name, policy] = command.values;
  const chain = name && baseChainPlace(table.name, name.text) ? table.chain(name.text, span) : null;
  if (!chain) {
    report(walk, 'unknown-chain', span, `${quote(name?.text ?? '')} is not built into table ${table.name}`);
    return;
  }
  if (policy?.text !== 'ACCEPT' && policy?.text !== 'DROP') {
    report(walk, 'syntax', span, `unknown policy ${quote(policy?.text ?? '')}; expected ACCEPT or DROP`);
    return;
  }
  chain.policy = policy.text === 'DROP' ? 'drop' : 'accept';
}

function changeRules(
  walk: DumpWalk,
  table: TableDraft,
  { line, span, text }: PlacedLine,
  command: Command,
  lower: () => LoweredRule,
): void {
  const [name, position] = command.values;
  const chain = table.chain(name!.text, span);
  if (!chain) {
    const message = `chain ${quote(name!.text)} is not in table ${table.name}; expected one of ${chainNames(table)}`;
    report(walk, 'unknown-chain', { ...span, column: name!.span.column }, message);
    return;
  }
  const tableOption = ruleOfShape(line).options.findIndex(({ name }) => name === '-t' || name === '--table');
  if (tableOption >= 0) {
    report(
      walk,
      'syntax',
      ruleOf(line).options[tableOption]!.span,
      '-t in a rules file; expected the table by its own line',
    );
    return;
  }
  if (command.name !== 'append') editSingly(chain);
  if (command.name === 'delete' && !position) {
    deleteSame(walk, chain, line, span);
    return;
  }
  const index = position ? numbered(walk, chain, position.text, command, span) : command.name === 'insert' ? 0 : null;
  if (index === undefined) return;
  if (command.name === 'delete') {
    chain.entries.remove(index ?? 0);
    return;
  }
  const lowered = lower();
  if (lowered.onlyFamily !== null && lowered.onlyFamily !== walk.dump.family) return;
  const { parts, rules, onlyFamily } = lowered;
  const entry: Entry = { parts, rules, onlyFamily, line, span, text };
  if (index === null) chain.entries.push(entry);
  else if (command.name === 'replace') chain.entries.replace(index, entry);
  else chain.entries.insert(index, entry);
}

const ruleOfShape = (line: RuleLine | VariantLine): RuleLine => (line.kind === 'rule' ? line : line.shape.rule);

function chainNames(table: TableDraft): string {
  const names = [...table.chains.keys()];
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} …` : names.join(', ');
}

/** Index of the entry with that rule number; undefined, and reported, where there is none. */
function numbered(walk: DumpWalk, chain: ChainDraft, text: string, command: Command, span: Span): number | undefined {
  const index = /^[1-9][0-9]{0,8}$/.test(text) ? TableDraft.indexOf(chain, Number(text)) : null;
  const most = command.name === 'insert' ? chain.entries.length : chain.entries.length - 1;
  if (index !== null && index <= most) return index;
  const message = `chain ${chain.name} has no rule ${quote(text)} of its own here; expected the number of one of its rules`;
  report(walk, 'syntax', { ...span, column: command.values[1]!.span.column }, message);
  return undefined;
}

/** `-D` with a rule removes the first that is written the same. */
function deleteSame(walk: DumpWalk, chain: ChainDraft, line: RuleLine | VariantLine, span: Span): void {
  const wanted = spellingOf(line);
  const index = chain.entries.findIndex((entry) => 'line' in entry && spellingOf(entry.line) === wanted);
  if (index < 0) {
    report(walk, 'syntax', span, `chain ${chain.name} has no such rule; expected the rule as it was added`);
    return;
  }
  chain.entries.remove(index);
}

const spellings = new WeakMap<RuleLine | VariantLine, string>();

function spellingOf(line: RuleLine | VariantLine): string {
  const known = spellings.get(line) ?? ruleOf(line).options.map(printOption).join(' ');
  spellings.set(line, known);
  return known;
}
