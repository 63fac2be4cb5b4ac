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

/** Rules by chain, and by how their text begins; those that have been found again are taken out. */
type Index = Map<string, Map<string, Rule[]>>;

const chainOf = (rule: string): string => rule.slice(0, rule.lastIndexOf(' '));
const beginningOf = (text: string): string => uncounted(text).slice(0, keyLength);

/** A rule is found again by its chain and text, of several alike by their order; once, for all that is carried to these rules. */
export function carrier(now: readonly Rule[]): (before: Totals) => Earlier {
  let index: Index | null = null;
  const found = new Map<string, Rule | null>();
  const again = (rule: string, text: string): Rule | null => {
    let one = found.get(rule);
    if (one === undefined) found.set(rule, (one = take((index ??= indexOf(now)), rule, text)));
    return one;
  };
  return ({ passed, drops, rules }) => {
    const counted: CountedRule[] = [];
    // Where nothing was dropped it does not matter which rule is which; else those without drops count among the ones alike.
    if (rules?.some(({ packets }) => packets > 0n) === true)
      for (const { rule, text, packets, bytes } of rules) {
        const one = again(rule, text);
        if (one === null || packets === 0n) continue;
        counted.push({ rule: one.id, text, packets: String(packets), bytes: String(bytes) });
      }
    return { packets: String(drops.packets), bytes: String(drops.bytes), passed: String(passed), rules: counted };
  };
}

function indexOf(rules: readonly Rule[]): Index {
  const index: Index = new Map();
  for (const rule of rules) {
    const chain = chainOf(rule.id);
    let texts = index.get(chain);
    if (texts === undefined) index.set(chain, (texts = new Map<string, Rule[]>()));
    const beginning = beginningOf(rule.text);
    const alike = texts.get(beginning);
    if (alike === undefined) texts.set(beginning, [rule]);
    else alike.push(rule);
  }
  return index;
}

function take(index: Index, rule: string, text: string): Rule | null {
  const alike = index.get(chainOf(rule))?.get(beginningOf(text)) ?? [];
  const at = alike.findIndex((one) => sameRule(text, one.text));
  const [one = null] = at < 0 ? [] : alike.splice(at, 1);
  return one;
}
