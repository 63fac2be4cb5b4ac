/** Random hosts: iptables rules, nft rules, or both on one host. */
import { randomNft } from '../../property/random-nft.js';
import type { FirewallCase } from './firewall-case.js';
import { createRandom } from './random.js';
import { randomCase } from './random-ruleset.js';

export const randomKinds = ['iptables', 'nft', 'mixed'] as const;
export type RandomKind = (typeof randomKinds)[number];

export const kindOf = (seed: number): RandomKind => randomKinds[seed % randomKinds.length] ?? 'nft';

/** The same seed gives the same host; consecutive seeds give each kind in turn. */
export function randomHost(seed: number, kind: RandomKind = kindOf(seed)): FirewallCase {
  const iptables = randomCase(seed);
  if (kind === 'iptables') return iptables;
  const random = createRandom(seed);
  const nft = randomNft(random);
  const name = `random-${kind}-${seed}`;
  // Of iptables one family is enough beside nft.
  if (kind === 'mixed') return { ...iptables, name, v6: null, nft };
  return { name, v4: null, v6: null, sets: null, nft, forwarding: random.chance(0.7) };
}
