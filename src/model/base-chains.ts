/** The built-in chains of iptables: hooks and priorities as include/uapi/linux/netfilter_ipv4.h and the iptable_* modules have them. */
import type { BaseChain, Hook } from './ruleset.js';

export type BaseChainPlace = Pick<BaseChain, 'type' | 'hook' | 'priority'>;

const hooks = new Map<string, Hook>([
  ['PREROUTING', 'prerouting'],
  ['INPUT', 'input'],
  ['FORWARD', 'forward'],
  ['OUTPUT', 'output'],
  ['POSTROUTING', 'postrouting'],
]);

const all = [...hooks.keys()];
const tables = new Map<string, { readonly priority: number; readonly chains: readonly string[] }>([
  ['raw', { priority: -300, chains: ['PREROUTING', 'OUTPUT'] }],
  ['mangle', { priority: -150, chains: all }],
  ['nat', { priority: -100, chains: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'] }],
  ['filter', { priority: 0, chains: ['INPUT', 'FORWARD', 'OUTPUT'] }],
  ['security', { priority: 50, chains: ['INPUT', 'FORWARD', 'OUTPUT'] }],
]);

export const iptablesTables: readonly string[] = [...tables.keys()];

/** Where a built-in chain hangs; null for a chain of the user's. */
export function baseChainPlace(table: string, chain: string): BaseChainPlace | null {
  const made = tables.get(table);
  const hook = hooks.get(chain);
  if (!made?.chains.includes(chain) || !hook) return null;
  // Source NAT comes last: NF_IP_PRI_NAT_SRC 100, also in nat INPUT.
  const source = table === 'nat' && (hook === 'input' || hook === 'postrouting');
  const type = table === 'nat' ? 'nat' : table === 'mangle' && hook === 'output' ? 'route' : 'filter';
  return { type, hook, priority: source ? 100 : made.priority };
}
