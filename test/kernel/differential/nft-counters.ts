/** What nft's own rules counted: those with a counter, in chains that arriving packets meet and the host's own do not. */
import { inside } from './firewall.js';

interface ListedChain {
  readonly table: string;
  readonly name: string;
  /** Null for regular chains. */
  hook: string | null;
  readonly rules: string[];
}

/** Not the probes, and not what iptables-nft keeps there: iptables-save counts that. */
function chainsIn(listing: string): ListedChain[] {
  const chains: ListedChain[] = [];
  let table: string | null = null;
  let isManaged = false;
  for (const line of listing.split('\n')) {
    const [, opened] = /^table (\S+ \S+) \{/.exec(line) ?? [];
    const [, name] = /^\tchain (\S+) \{/.exec(line) ?? [];
    if (line.startsWith('# Warning: table')) isManaged = true;
    else if (opened !== undefined) {
      table = isManaged || opened.endsWith(' probe') ? null : opened;
      isManaged = false;
    } else if (table !== null && name !== undefined) chains.push({ table, name, hook: null, rules: [] });
    else if (/^\t\ttype \S+ hook /.test(line) && chains.length > 0)
      (chains.at(-1) as ListedChain).hook = /hook (\S+)/.exec(line)?.[1] ?? null;
    else if (table !== null && /\bcounter packets \d+ bytes \d+/.test(line)) chains.at(-1)?.rules.push(line.trim());
    else if (table !== null && /\b(jump|goto) /.test(line)) chains.at(-1)?.rules.push(line.trim());
  }
  return chains;
}

/** Chains that packets may reach from these hooks. */
function reachedFrom(chains: readonly ListedChain[], hooks: readonly string[]): ReadonlySet<ListedChain> {
  const reached = new Set(chains.filter(({ hook }) => hook !== null && hooks.includes(hook)));
  for (const chain of reached) {
    const targets = chain.rules.flatMap((rule) => [...rule.matchAll(/\b(?:jump|goto) (\S+?)[,;]?(?= |$)/g)]);
    for (const [, target] of targets)
      for (const other of chains) if (other.table === chain.table && other.name === target) reached.add(other);
  }
  return reached;
}

/** Packets by `nft <family> <table> <chain>: <rule text>`; equal rules are told apart by their number among equals. */
export function nftCounters(ns: string): Map<string, number> {
  const chains = chainsIn(inside(ns, 'nft', ['--terse', 'list', 'ruleset']));
  const leaving = reachedFrom(chains, ['output', 'postrouting']);
  const counts = new Map<string, number>();
  for (const chain of reachedFrom(chains, ['ingress', 'prerouting', 'input', 'forward'])) {
    if (leaving.has(chain)) continue;
    for (const rule of chain.rules) {
      const packets = /\bcounter packets (\d+)/.exec(rule)?.[1];
      if (packets === undefined) continue;
      const text = `nft ${chain.table} ${chain.name}: ${rule.replace(/counter packets \d+ bytes \d+/, 'counter')}`;
      let key = text;
      for (let twin = 2; counts.has(key); twin++) key = `${text} #${twin}`;
      counts.set(key, Number(packets));
    }
  }
  return counts;
}
