/** Tables in an nft listing that others than nft load: iptables-nft, or the program that owns them. */
import { baseChainPlace, iptablesTables } from '../base-chains.js';
import type { Table } from '../ruleset.js';
import type { NftFile, Rule as RuleTree } from '../../parse/nft/tree.js';
import { likeOf } from '../../parse/nft/rule-variants.js';
import type { BasePlace, TableDraft } from './draft.js';

/** Tables, as `family name`, of which nft says in a comment that iptables-nft manages them (1.0.6 and later). */
export function warnedOf({ text, format }: NftFile): ReadonlySet<string> {
  if (format !== 'text') return new Set();
  return new Set(
    Array.from(text.matchAll(/^# Warning: table (\S+ \S+) is managed by iptables-nft/gm), ([, it = '']) => it),
  );
}

/** Who else loads the table; null: nft. */
export function managerOf(table: TableDraft, warned: ReadonlySet<string>): NonNullable<Table['managed']> | null {
  if (table.flags.has('owner')) return 'owner';
  if (isDeclared(table, warned)) return 'iptables-nft';
  return hasItsNames(table) ? 'iptables-names' : null;
}

/** nft says so, or shows extensions that only iptables knows. */
function isDeclared({ family, name, chains }: TableDraft, warned: ReadonlySet<string>): boolean {
  if (family !== 'ip' && family !== 'ip6') return false;
  if (warned.has(`${family} ${name}`)) return true;
  return [...chains.values()].some(({ rules }) =>
    rules.all().some(({ rule }) => likeOf(rule).statements.some(({ kind }) => kind === 'xt')),
  );
}

/** A base chain stands where iptables has one of that name. */
function hasItsNames({ family, name, chains }: TableDraft): boolean {
  if ((family !== 'ip' && family !== 'ip6') || !iptablesTables.includes(name)) return false;
  return [...chains.values()].some(({ base, name: chain }) => base !== null && isBuiltIn(name, chain, base));
}

function isBuiltIn(table: string, chain: string, { hook, priority }: BasePlace): boolean {
  const place = baseChainPlace(table, chain);
  return place?.hook === hook && place.priority === priority;
}

/**
 * Whether nft may show less of a rule than it holds: nft 1.0.6 writes what iptables' extensions say in its own words as iptables-translate
 * does, and `--ctstate NEW,DNAT` becomes `ct status dnat`. iptables-nft counts in each of its rules.
 */
export const isShortened = (rule: RuleTree): boolean =>
  likeOf(rule).statements.some(({ kind }) => kind === 'counter' || kind === 'xt');

/** Stands in such a rule for what may be missing: it could match anything and do anything. */
export const notShown = 'what nft does not show of a rule of iptables-nft';
