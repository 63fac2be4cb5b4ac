/** Tables in an nft listing that others than nft load: iptables-nft, or the program that owns them. */
import { baseChainPlace, iptablesTables } from '../base-chains.js';
import type { Table } from '../ruleset.js';
import type { NftFile } from '../../parse/nft/tree.js';
import type { TableDraft } from './draft.js';

/** Who else loads the table; null: nft. */
export function managerOf(file: NftFile, table: TableDraft): NonNullable<Table['managed']> | null {
  if (table.flags.has('owner')) return 'owner';
  if (isDeclared(file, table)) return 'iptables-nft';
  return hasItsNames(table) ? 'iptables-names' : null;
}

/** nft says so in a comment (1.0.6 and later), or shows extensions that only iptables knows. */
function isDeclared({ text, format }: NftFile, { family, name, chains }: TableDraft): boolean {
  if (family !== 'ip' && family !== 'ip6') return false;
  if (format === 'text') {
    for (const [, ofFamily, table] of text.matchAll(/^# Warning: table (\S+) (\S+) is managed by iptables-nft/gm))
      if (ofFamily === family && table === name) return true;
  }
  return [...chains.values()].some(({ rules }) =>
    rules.some(({ rule }) => rule.statements.some(({ kind }) => kind === 'xt')),
  );
}

/** The base chains are those of iptables. */
function hasItsNames({ family, name, chains }: TableDraft): boolean {
  const base = [...chains.values()].filter((chain) => chain.base);
  if ((family !== 'ip' && family !== 'ip6') || base.length === 0) return false;
  return iptablesTables.includes(name) && base.every((chain) => baseChainPlace(name, chain.name) !== null);
}

/** The iptables dump of a table says all of it: then nft's view of the same table is left out. */
export function withoutDumped(tables: readonly Table[]): readonly Table[] {
  const dumped = new Set(
    tables.filter(({ dialect }) => dialect === 'iptables').map(({ family, name }) => `${family} ${name}`),
  );
  return tables.filter(
    ({ family, name, managed, dialect }) =>
      dialect === 'iptables' || !managed || managed === 'owner' || !dumped.has(`${family} ${name}`),
  );
}
