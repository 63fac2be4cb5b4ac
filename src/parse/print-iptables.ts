/** Syntax tree back to text. `parse(print(tree))` is `tree` but for columns. */
import type { Counters, IptablesDump, IptablesLine, Option, RuleLine, Word } from './iptables-tree.js';
import { variantsOf } from './line-run.js';
import { linesInTurn } from './line-turns.js';
import { expandVariant } from './rule-shape.js';

export function printIptables(dump: IptablesDump): string {
  return dump.lines.map((line) => `${printIptablesLine(line)}\n`).join('');
}

/** A run of lines is several, and so are runs in turn. */
export function printIptablesLine(line: IptablesLine): string {
  switch (line.kind) {
    case 'blank':
      return '';
    case 'comment':
      return line.text;
    case 'commit':
      return 'COMMIT';
    case 'table':
      return `*${printWord(line.name)}`;
    case 'chain':
      return [`:${printWord(line.name)}`, line.policy && printWord(line.policy), printCounters(line.counters)]
        .filter(Boolean)
        .join(' ');
    case 'rule':
      return printRule(line);
    case 'variant':
      return printRule(expandVariant(line));
    case 'run':
      return variantsOf(line).map(printIptablesLine).join('\n');
    case 'turns':
      return Array.from(linesInTurn(line), (one) => printIptablesLine(one.line)).join('\n');
  }
}

const letters = {
  append: '-A',
  insert: '-I',
  delete: '-D',
  replace: '-R',
  flush: '-F',
  'new-chain': '-N',
  'delete-chain': '-X',
  policy: '-P',
  'rename-chain': '-E',
  zero: '-Z',
} as const satisfies Record<RuleLine['command']['name'], string>;

function printRule(rule: RuleLine): string {
  const command = [letters[rule.command.name], ...rule.command.values.map(printWord)].join(' ');
  return [printCounters(rule.counters), command, ...rule.options.map(printOption)].filter(Boolean).join(' ');
}

const printCounters = (counters: Counters | null): string | null =>
  counters && `[${counters.packets}:${counters.bytes}]`;

/** Also the text by which an extension is kept that nobody interprets. */
export function printOption(option: Option): string {
  return [option.negated ? '!' : null, option.name, ...option.values.map(printWord)]
    .filter((part) => part !== null)
    .join(' ');
}

/** Quoted whenever a bare word would be read as something else; iptables-save quotes the same way. */
export function printText(text: string): string {
  if (/^[A-Za-z0-9_./:,+%@~^*|;&<>()?#$=[\]{}-]+$/.test(text) && !/^[-#*:[]/.test(text)) return text;
  if (text === '-') return '-';
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

const printWord = (word: Word): string => printText(word.text);
