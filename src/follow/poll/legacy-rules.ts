/** Dumps of iptables-legacy, compared: whether anything but silent drops has come. */
import { pureExtensions } from '../pure-extensions.js';

/** The text without what moves by itself: comments, and counters of chains and rules. */
export const still = (text: string): string =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/^\[\d+:\d+\] /gm, '')
    .replaceAll(/^(:\S+ \S+) \[\d+:\d+\]$/gm, '$1');

interface Chain {
  readonly policy: string;
  readonly rules: string[];
}

type Tables = ReadonlyMap<string, ReadonlyMap<string, Chain>>;

export interface Difference {
  readonly addsDropsOnly: boolean;
  /** "filter INPUT" */
  readonly where: string;
}

/** Of still texts that differ. */
export function differenceOf(before: string, after: string): Difference {
  const [old, now] = [tablesOf(before), tablesOf(after)];
  let where = '';
  for (const [table, chains] of now)
    for (const [name, chain] of chains) {
      const known = old.get(table)?.get(name);
      if (!known || known.policy !== chain.policy || known.rules.join('\n') !== chain.rules.join('\n'))
        where ||= `${table} ${name}`;
      if (!isHarmless(known, chain, table, old.has(table))) return { addsDropsOnly: false, where: `${table} ${name}` };
    }
  const gone = [...old].flatMap(([table, chains]) =>
    [...chains.keys()].filter((name) => !now.get(table)?.has(name)).map((name) => `${table} ${name}`),
  );
  return gone.length > 0 ? { addsDropsOnly: false, where: gone[0]! } : { addsDropsOnly: true, where };
}

function tablesOf(text: string): Tables {
  const tables = new Map<string, Map<string, Chain>>();
  let chains = new Map<string, Chain>();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) tables.set(line.slice(1), (chains = new Map<string, Chain>()));
    const [, declared, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (declared !== undefined) chains.set(declared, { policy: policy!, rules: [] });
    const chain = /^-A (\S+) /.exec(`${line} `)?.[1];
    if (chain !== undefined) chains.get(chain)?.rules.push(line);
  }
  return tables;
}

function isHarmless(old: Chain | undefined, { policy, rules }: Chain, table: string, isKnownTable: boolean): boolean {
  if (old === undefined) {
    // A chain of the user's own does nothing by itself. A table comes with its chains; that of NAT brings conntrack.
    if (policy === '-') return true;
    return !isKnownTable && table !== 'nat' && rules.every(dropsSilently);
  }
  if (policy !== old.policy && policy !== 'DROP') return false;
  let at = 0;
  for (const rule of rules) {
    if (rule === old.rules[at]) at++;
    else if (!dropsSilently(rule)) return false;
  }
  return at === old.rules.length;
}

/** A line of iptables-save that drops, and whose matches only read the packet. */
export function dropsSilently(line: string): boolean {
  const bare = line.replaceAll(/"(?:\\.|[^"\\])*"/g, '""');
  const words = bare.split(' ');
  if (!bare.endsWith(' -j DROP') || words.includes('-g') || words.indexOf('-j') !== words.length - 2) return false;
  return words.every((word, i) => words[i - 1] !== '-m' || pureExtensions.has(word));
}
