/** Counters go on when a program is replaced: what its predecessors have counted, told by the rules that there are now. */
import type { RuleDecision } from '../plan/plan.js';
import type { CountedRule, Earlier } from './install-record.js';
import { sameRule, uncounted } from './rule-text.js';

export interface Totals {
  readonly passed: bigint;
  readonly drops: { readonly packets: bigint; readonly bytes: bigint };
  /** Null: nobody knows which rules dropped. */
  readonly rules:
    | readonly { readonly rule: string; readonly text: string; readonly packets: bigint; readonly bytes: bigint }[]
    | null;
}

/** Characters that texts of one rule share however they were shortened: `sameRule` says the rest. */
const keyLength = 80;

type Rule = Pick<RuleDecision, 'id' | 'text'>;

const chainOf = (rule: string): string => rule.slice(0, rule.lastIndexOf(' '));
const keyOf = (rule: string, text: string): string => `${chainOf(rule)}\n${uncounted(text).slice(0, keyLength)}`;

/** A rule is found again by its chain and text, of several alike by their order. */
export function carried({ passed, drops, rules }: Totals, now: readonly Rule[]): Earlier {
  const found = rules?.some(({ packets }) => packets > 0n) === true ? carriedRules(rules, now) : [];
  return { packets: String(drops.packets), bytes: String(drops.bytes), passed: String(passed), rules: found };
}

function carriedRules(rules: NonNullable<Totals['rules']>, now: readonly Rule[]): readonly CountedRule[] {
  const byKey = new Map<string, Rule[]>();
  for (const rule of now) {
    const key = keyOf(rule.id, rule.text);
    const alike = byKey.get(key);
    if (alike === undefined) byKey.set(key, [rule]);
    else alike.push(rule);
  }
  return rules.flatMap(({ rule, text, packets, bytes }): CountedRule[] => {
    const alike = byKey.get(keyOf(rule, text)) ?? [];
    const at = alike.findIndex((one) => sameRule(text, one.text));
    const [one] = at < 0 ? [] : alike.splice(at, 1);
    if (one === undefined || packets === 0n) return [];
    return [{ rule: one.id, text, packets: String(packets), bytes: String(bytes) }];
  });
}
