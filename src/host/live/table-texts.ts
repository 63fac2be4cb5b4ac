/** The tables of a ruleset's text, each as a text of its own. */
import type { InputFormat } from '../../model/ruleset.js';
import { structureOf } from './structure.js';

/** Formats that hold tables which a tool loads one by one. */
export type TableFormat = Extract<InputFormat, 'iptables-save' | 'ip6tables-save' | 'nft'>;

export const holdsTables = (format: InputFormat): format is TableFormat =>
  format === 'iptables-save' || format === 'ip6tables-save' || format === 'nft';

/** By name: `filter`, or in nft `inet filter`. Lines between tables belong to none. */
export function tableTexts(format: TableFormat, text: string): ReadonlyMap<string, string> {
  const [begin, end] = format === 'nft' ? [/^table (.+) \{$/, '}'] : [/^\*(\S+)/, 'COMMIT'];
  const tables = new Map<string, string>();
  let name: string | null = null;
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    if (name === null) {
      name = begin.exec(line)?.[1] ?? null;
      lines = [];
    }
    if (name === null) continue;
    lines.push(line);
    if (line !== end) continue;
    tables.set(name, `${lines.join('\n')}\n`);
    name = null;
  }
  return tables;
}

export interface ChangedTable {
  readonly table: string;
  readonly before: string;
  readonly after: string;
}

/** Tables of both texts whose rules differ. */
export function changedTables(format: TableFormat, before: string, after: string): readonly ChangedTable[] {
  const then = tableTexts(format, after);
  return [...tableTexts(format, before)].flatMap(([table, text]) => {
    const other = then.get(table);
    return other === undefined || structureOf(format, text) === structureOf(format, other)
      ? []
      : [{ table, before: text, after: other }];
  });
}

/** The text with one of its tables replaced. */
export function withTable(format: TableFormat, text: string, table: string, replacement: string): string {
  const old = tableTexts(format, text).get(table);
  if (old === undefined) return text;
  const at = text.indexOf(old.trimEnd());
  return text.slice(0, at) + replacement.trimEnd() + text.slice(at + old.trimEnd().length);
}
