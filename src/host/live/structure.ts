/**
 * A ruleset's text without what changes by itself: packet counters, set elements, what is left of timeouts, quotas and limits. Chains and
 * sets are sorted, because tools list them in an order of their own. Two texts of equal structure hold the same rules in the same order.
 */
import type { InputFormat } from '../../model/ruleset.js';

/** `rest`: what follows the text, in whole lines. */
export function structureOf(format: InputFormat, text: string, rest: Iterable<string> = []): string {
  switch (format) {
    case 'iptables-save':
    case 'ip6tables-save':
      return ofIptables(text);
    case 'nft':
      return ofNft(text);
    case 'ipset':
      return ofIpset(text, rest);
    case 'nft-json':
      return text;
  }
}

function ofIptables(text: string): string {
  const tables = new Map<string, string[]>();
  let table: string[] = [];
  for (const line of text.split('\n')) {
    const rule = line.replace(/^\[\d+:\d+\] /, '');
    if (rule.startsWith('*')) tables.set(rule, (table = []));
    else if (rule.startsWith(':')) table.push(rule.replace(/ \[\d+:\d+\]$/, ''));
    else if (rule.startsWith('-A ')) table.push(rule);
  }
  // A stable sort by chain: rules keep their order, and a declaration begins with another character.
  const chainOf = (line: string): string => /^(?:-A|:)\s*(\S+)/.exec(line)?.[1] ?? '';
  const sorted = [...tables].map(([name, lines]) =>
    [name, ...lines.toSorted((a, b) => order(`${a[0] ?? ''}${chainOf(a)}`, `${b[0] ?? ''}${chainOf(b)}`))].join('\n'),
  );
  return sorted.toSorted(order).join('\n');
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function ofNft(text: string): string {
  const tables: string[] = [];
  for (const table of blocks(withoutElements(text).split('\n'), 0)) {
    const [head = '', ...lines] = table;
    // What defines and then deletes a table before it is made again is no part of it.
    if (!head.endsWith('{')) continue;
    tables.push(
      [
        head,
        ...blocks(lines.slice(0, -1), 1)
          .map((block) => block.map(still).join('\n'))
          .toSorted(order),
      ].join('\n'),
    );
  }
  return tables.toSorted(order).join('\n');
}

/** Lines that stand at `depth` tabs begin a block, which ends with the line `}` of the same depth. */
function blocks(lines: readonly string[], depth: number): string[][] {
  const indent = '\t'.repeat(depth);
  const found: string[][] = [];
  let open = false;
  for (const line of lines) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (open) found.at(-1)?.push(line);
    else found.push([line]);
    if (line === `${indent}}`) open = false;
    else if (!open) open = line.startsWith(indent) && line.endsWith('{');
  }
  return found;
}

/** Leaves out `elements = { … }` of sets, which may go over many lines; the last one ends in a brace outside of quotes. */
export function withoutElements(text: string): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    const begins: boolean = !inside && line.startsWith('\t\telements = {');
    if (!inside && !begins) kept.push(line);
    inside = (inside || begins) && !line.endsWith('}');
  }
  return kept.join('\n');
}

const still = (line: string): string =>
  line
    .replaceAll(/\bcounter packets \d+ bytes \d+/g, 'counter')
    .replaceAll(/^\t\tpackets \d+ bytes \d+$/g, '')
    .replaceAll(/ used \d+ \w+/g, '')
    .replace(/ # handle \d+$/, '')
    .trimEnd();

function ofIpset(text: string, rest: Iterable<string>): string {
  const lines = createLines(text);
  for (const piece of rest) lines.push(...createLines(piece));
  // hashsize grows by itself.
  return lines
    .map((line) => line.replace(/ hashsize \d+/, '').replace(/ initval \S+/, ''))
    .toSorted(order)
    .join('\n');
}

/** Of very many lines they are few. */
const createLines = (text: string): string[] =>
  `\n${text}`
    .split('\ncreate ')
    .slice(1)
    .map((line) => `create ${line.split('\n', 1)[0] ?? ''}`);
