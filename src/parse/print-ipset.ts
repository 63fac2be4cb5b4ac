/** Syntax tree of ipset save back to text. `parse(print(tree))` is `tree` but for columns and offsets. */
import type { AddRun, IpsetDump, IpsetLine, IpsetOption } from './ipset-tree.js';
import type { Word } from './iptables-tree.js';
import { timeoutNotWritten } from './scan-adds.js';

export function printIpset(dump: IpsetDump): string {
  return dump.lines.map((line) => (line.kind === 'adds' ? printRun(line) : `${printLine(line)}\n`)).join('');
}

function printLine(line: IpsetLine): string {
  switch (line.kind) {
    case 'blank':
      return '';
    case 'comment':
      return line.text;
    case 'commit':
      return 'COMMIT';
    case 'create':
      return words([
        'create',
        line.exist && '-exist',
        printWord(line.set),
        printWord(line.type),
        ...line.options.map(printOption),
      ]);
    case 'add':
    case 'del':
      return words([
        line.kind,
        line.exist && '-exist',
        printWord(line.set),
        printWord(line.element),
        ...line.options.map(printOption),
      ]);
    case 'swap':
    case 'rename':
      return words([line.kind, printWord(line.from), printWord(line.to)]);
    case 'flush':
    case 'destroy':
      return words([line.kind, line.set && printWord(line.set)]);
  }
}

const words = (parts: readonly (string | false | null)[]): string => parts.filter(Boolean).join(' ');

const printOption = (option: IpsetOption): string =>
  option.value
    ? `${option.name} ${option.name === 'comment' ? `"${option.value.text}"` : printWord(option.value)}`
    : option.name;

/** ipset knows no escapes, so a bare word is printed as it stood. */
const printWord = (word: Word): string => (word.text === '' || /[ \t]/.test(word.text) ? `"${word.text}"` : word.text);

function printRun(run: AddRun): string {
  const out: string[] = [];
  for (let i = 0; i < run.count; i++) out.push(printAdd(run, i));
  return out.join('');
}

function printAdd(run: AddRun, i: number): string {
  const timeout = run.timeout?.[i] ?? timeoutNotWritten;
  const packets = run.packets?.[i] ?? -1;
  const bytes = run.bytes?.[i] ?? -1;
  const comment = run.commentStart?.[i] ?? 0;
  return `${words([
    `add ${run.set} ${run.text.slice(run.start[i], run.end[i])}`,
    timeout !== timeoutNotWritten && `timeout ${timeout}`,
    packets >= 0 && `packets ${packets}`,
    bytes >= 0 && `bytes ${bytes}`,
    comment > 0 && `comment "${run.text.slice(comment, run.commentEnd?.[i])}"`,
    run.nomatch?.[i] === 1 && 'nomatch',
  ])}\n`;
}
