/** The base chains that a packet arriving on a covered device meets, and whether NAT may change its course. */
import type { AddressFamily } from '../model/address.js';
import { effectsOf } from '../model/effects.js';
import type { BaseChain, Hook, Ruleset, Table } from '../model/ruleset.js';

export interface PathChain {
  readonly table: Table;
  readonly chain: BaseChain;
}

const familyNames = { 4: 'ip', 6: 'ip6' } as const;

/** Tables of family inet see packets of both families, netdev chains every frame of their devices. */
export const tablesOf = (ruleset: Ruleset, family: AddressFamily): Table[] =>
  ruleset.tables.filter((table) => [familyNames[family], 'inet', 'netdev'].some((name) => name === table.family));

/** Ingress chains are bound to devices; `*` is any. One that sees some of the covered devices only is walked for all: see `walkHook`. */
const isBound = (chain: BaseChain, devices: readonly string[]): boolean =>
  chain.hook !== 'ingress' || chain.devices.some((name) => name === '*' || devices.includes(name));

/** NAT chains are called where nf_nat hangs, whatever their own priority is (nf_nat_register_fn, Linux 6.18). */
function calledAt({ type, hook, priority }: BaseChain): number {
  if (type !== 'nat') return priority;
  return hook === 'prerouting' || hook === 'output' ? -100 : 100;
}

/** In the order netfilter calls them: by priority; the order of equal ones, which depends on who registered last, is nothing to rely on (see `walkHook`). */
export function chainsAt(
  ruleset: Ruleset,
  family: AddressFamily,
  hook: Hook,
  devices: readonly string[] = [],
): PathChain[] {
  const found: PathChain[] = [];
  for (const table of tablesOf(ruleset, family)) {
    for (const chain of table.chains.values())
      if (chain.kind === 'base' && chain.hook === hook && isBound(chain, devices)) found.push({ table, chain });
  }
  return found.sort((a, b) => calledAt(a.chain) - calledAt(b.chain) || a.chain.priority - b.chain.priority);
}

/** Any rule that translates addresses, or that we cannot read in a table that could: then tracked replies may change course. */
export function hasNat(ruleset: Ruleset, family: AddressFamily): boolean {
  return tablesOf(ruleset, family).some((table) => {
    const chains = [...table.chains.values()];
    const natTable = chains.some((chain) => chain.kind === 'base' && chain.type === 'nat');
    return effectsOf(table).some(
      ({ kind }) => kind === 'nat' || (natTable && (kind === 'opaque' || kind === 'handover')),
    );
  });
}
