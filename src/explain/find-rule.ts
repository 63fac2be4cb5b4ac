/** A rule's name as a person types it. */
import type { RuleDecision } from '../plan/plan.js';

export type Found =
  | { readonly kind: 'rule'; readonly decision: RuleDecision }
  /** `near`: names that may have been meant, the nearest first. */
  | { readonly kind: 'none'; readonly near: readonly string[] }
  | { readonly kind: 'several'; readonly ids: readonly string[] };

const shown = 5;

const words = (text: string): string => text.trim().split(/\s+/).join(' ');

/** Letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++)
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

const split = (id: string): readonly [chain: string, number: string] => {
  const at = id.lastIndexOf(' ');
  return at < 0 ? [id, ''] : [id.slice(0, at), id.slice(at + 1)];
};

/** Chains by their name, rules in them by their number: of a hundred thousand rules a few chains are compared. */
function nearest(wanted: string, rules: readonly RuleDecision[]): string[] {
  const chains = new Map<string, RuleDecision[]>();
  for (const rule of rules) {
    const [chain] = split(rule.id);
    const known = chains.get(chain);
    if (known === undefined) chains.set(chain, [rule]);
    else known.push(rule);
  }
  const [wantedChain, wantedNumber] = split(wanted.toLowerCase());
  const ranked = [...chains]
    .map(([chain, members]) => ({ members, far: distance(chain.toLowerCase(), wantedChain) }))
    .sort((a, b) => a.far - b.far);
  const number = Number(wantedNumber);
  return ranked.flatMap(({ members }, i) => {
    const off = ({ number: own }: RuleDecision): number =>
      own === null ? (wantedNumber === 'policy' ? -1 : Infinity) : Math.abs(own - (Number.isNaN(number) ? 1 : number));
    return [...members]
      .sort((a, b) => off(a) - off(b))
      .slice(0, i === 0 ? 3 : 1)
      .map(({ id }) => id);
  });
}

/** Case and spacing do not count, unless they tell two rules apart; the family may be left out where that leaves one rule. */
export function findRule(name: string, rules: readonly RuleDecision[]): Found {
  const wanted = words(name);
  const exact = rules.find(({ id }) => id === wanted);
  if (exact !== undefined) return { kind: 'rule', decision: exact };
  const lower = wanted.toLowerCase();
  const same = rules.filter(({ id }) => id.toLowerCase() === lower);
  const found = same.length > 0 ? same : rules.filter(({ id }) => id.toLowerCase().endsWith(` ${lower}`));
  const [decision] = found;
  if (decision === undefined) return { kind: 'none', near: nearest(wanted, rules).slice(0, shown) };
  if (found.length > 1) return { kind: 'several', ids: found.slice(0, shown).map(({ id }) => id) };
  return { kind: 'rule', decision };
}
