/** The base chains that a packet of one family meets on one device, hook by hook, in the order of their priorities. */
import type { AddressFamily } from '../model/address.js';
import type { Statement } from '../model/match.js';
import type { BaseChain, Family, Hook, Ruleset, Table } from '../model/ruleset.js';

export interface HookedChain {
  readonly table: Table;
  readonly chain: BaseChain;
}

/** Chains of one priority: which of them comes first depends on when they were loaded. */
export type Level = readonly HookedChain[];

/** An ingress chain of which the ruleset does not tell the devices. */
export const isAnywhere = (chain: BaseChain): boolean => chain.hook === 'ingress' && chain.devices.includes('*');

const familiesOf = (family: AddressFamily): ReadonlySet<Family> => new Set([family === 4 ? 'ip' : 'ip6', 'inet']);

export function levelsOf(ruleset: Ruleset, family: AddressFamily, hook: Hook, device: string): Level[] {
  const families = familiesOf(family);
  const found: HookedChain[] = [];
  for (const table of ruleset.tables) {
    const onDevice = hook === 'ingress' && (table.family === 'netdev' || table.family === 'inet');
    if (!onDevice && !(hook !== 'ingress' && families.has(table.family))) continue;
    for (const chain of table.chains.values()) {
      if (chain.kind !== 'base' || chain.hook !== hook) continue;
      if (onDevice && !chain.devices.includes(device) && !isAnywhere(chain)) continue;
      found.push({ table, chain });
    }
  }
  const levels = new Map<number, HookedChain[]>();
  for (const one of found) {
    const level = levels.get(one.chain.priority);
    if (level === undefined) levels.set(one.chain.priority, [one]);
    else level.push(one);
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level);
}

const hasNatChain = (table: Table): boolean =>
  [...table.chains.values()].some((chain) => chain.kind === 'base' && chain.type === 'nat');

/** A statement that may rewrite addresses: NAT itself, or what is not understood in a table that has NAT chains. */
const mayRewrite = (statement: Statement, natTable: boolean): boolean =>
  statement.kind === 'nat' || (natTable && (statement.kind === 'opaque' || statement.kind === 'handover'));

/** Any NAT of this family: then tracked packets may change course, in either direction. */
export function usesNat(ruleset: Ruleset, family: AddressFamily): boolean {
  const families = familiesOf(family);
  return ruleset.tables.some((table) => {
    if (!families.has(table.family)) return false;
    const natTable = hasNatChain(table);
    return statementsOf(table).some((statement) => mayRewrite(statement, natTable));
  });
}

function statementsOf(table: Table): Statement[] {
  const found: Statement[] = [];
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) {
      for (const part of rule.parts) if ('statement' in part) found.push(part.statement);
    }
  }
  return found;
}

const isEffect = (statement: Statement): statement is Extract<Statement, { text: string }> =>
  statement.kind === 'observe' || statement.kind === 'opaque' || statement.kind === 'handover';

/** A flowtable: packets of the flows in it skip the chains altogether. */
export const usesFlowtable = (ruleset: Ruleset): boolean =>
  ruleset.tables.some((table) => statementsOf(table).some((one) => isEffect(one) && /^\s*flow\b/.test(one.text)));

/** Names of the sets that the ruleset itself writes to (SET, `add @set`, `update @set`): any word of such a statement. */
export function changingSets(ruleset: Ruleset): ReadonlySet<string> {
  const words = new Set<string>();
  for (const table of ruleset.tables) {
    for (const statement of statementsOf(table).filter(isEffect)) {
      for (const word of statement.text.split(/[\s@{}",]+/)) words.add(word);
    }
  }
  return words;
}

/** What rules may do to a packet's connection state. */
export interface ConnectionRules {
  /** A missing entry says nothing: a zone hides entries, and helpers make packets RELATED that have none. */
  readonly hidden: boolean;
  /** Rules keep packets from conntrack. */
  readonly notrack: boolean;
}

export function connectionRules(ruleset: Ruleset): ConnectionRules {
  const names = new Set<string>();
  for (const table of ruleset.tables) {
    for (const statement of statementsOf(table)) if (statement.kind === 'annotate') names.add(statement.name);
  }
  return { hidden: names.has('zone') || names.has('helper'), notrack: names.has('notrack') };
}
