/** Tables that iptables-nft made, in its own dump and in an nft listing: one table, seen twice. */
import type { Diagnostic } from '../../diagnostic.js';
import type { Table } from '../ruleset.js';

/** The iptables dump says all of it: nft's view of the same table is left out, once it is sure that both are of one moment. */
export function withoutListed(tables: readonly Table[]): { tables: readonly Table[]; diagnostics: Diagnostic[] } {
  const nameOf = ({ family, name }: Table): string => `${family} ${name}`;
  const dumps = new Map(tables.filter(({ dialect }) => dialect === 'iptables').map((table) => [nameOf(table), table]));
  const diagnostics: Diagnostic[] = [];
  const whole = tables.filter((table) => {
    const dump =
      table.dialect === 'nft' && table.managed && table.managed !== 'owner' ? dumps.get(nameOf(table)) : undefined;
    if (!dump) return true;
    const difference = differenceOf(dump, table);
    if (difference !== null) diagnostics.push(differs(dump, table, difference));
    return false;
  });
  return { tables: whole, diagnostics };
}

/** iptables-nft keeps each rule as one rule of nft; of the built-in chains it makes those that it needs, and dumps them all. */
function differenceOf(dump: Table, listed: Table): string | null {
  for (const name of new Set([...dump.chains.keys(), ...listed.chains.keys()])) {
    const [ours, theirs] = [dump, listed].map(({ chains }) => chains.get(name));
    const [dumped, shown] = [ours, theirs].map((chain) => chain?.rules.at(-1)?.number ?? 0);
    if (dumped !== shown) return `chain ${name} has ${rules(dumped)} in the first and ${rules(shown)} in the second`;
    const [policy, listedPolicy] = [ours, theirs].map((chain) => (chain?.kind === 'base' ? chain.policy : 'accept'));
    if (policy !== listedPolicy)
      return `the policy of chain ${name} is ${policy} in the first and ${listedPolicy} in the second`;
  }
  return null;
}

const rules = (count: number | undefined): string => (count === 1 ? '1 rule' : `${count} rules`);

const differs = (dump: Table, listed: Table, difference: string): Diagnostic => ({
  code: 'duplicate-table',
  severity: 'error',
  span: listed.span,
  message: `table ${listed.family} ${listed.name} is not the same in ${dump.file} and ${listed.file}: ${difference}; which of them is in force is not known`,
  notes: ['take both anew, one right after the other; or leave the dump of a table out that iptables does not manage'],
});
