/** Who counts where. */
import type { AddressRun } from '../model/address-run.js';
import type { RuleId } from '../model/ruleset.js';
import type { RuleOrRun } from '../analyse/walk.js';
import { firstRule } from './members.js';
import type { CounterOwner } from './plan.js';

/**
 * Hands out counter ids from 1: 0 means "no counter of its own" in the data plane. A rule keeps one id wherever it is met by itself, and one
 * wherever its run is: these may be of different families.
 */
export interface CounterBook {
  /** Of a run the first of consecutive ids, one for each of its rules. */
  readonly ofRule: (rule: RuleOrRun) => number;
  /** First of `count` consecutive ids for the elements of a set as that rule meets them. */
  readonly ofElements: (rule: RuleOrRun, set: string, index: Uint32Array) => number;
  readonly owner: (counter: number) => CounterOwner | null;
  /** One more than the largest id. */
  readonly size: () => number;
}

/** Consecutive ids from `first`. */
type Block =
  | { readonly first: number; readonly count: number; readonly run: AddressRun }
  | {
      readonly first: number;
      readonly count: number;
      readonly run: null;
      readonly rule: RuleId;
      readonly set: string;
      readonly index: Uint32Array;
    };

export function counterBook(): CounterBook {
  const rules = new Map<RuleOrRun, number>();
  const byId: (RuleId | undefined)[] = [];
  const blocks: Block[] = [];
  const ofIndex = new Map<Uint32Array, Map<RuleOrRun, number>>();
  let next = 1;
  const take = (count: number): number => {
    const first = next;
    next += count;
    return first;
  };
  return {
    ofRule: (rule) => {
      const known = rules.get(rule);
      if (known !== undefined) return known;
      const count = typeof rule === 'string' ? 1 : rule.count;
      const first = take(count);
      rules.set(rule, first);
      if (typeof rule === 'string') byId[first] = rule;
      else blocks.push({ first, count, run: rule });
      return first;
    },
    ofElements: (rule, set, index) => {
      const known = ofIndex.get(index) ?? new Map<RuleOrRun, number>();
      ofIndex.set(index, known);
      const before = known.get(rule);
      if (before !== undefined) return before;
      const count = index.length;
      const first = take(count);
      blocks.push({ first, count, run: null, rule: firstRule(rule), set, index });
      known.set(rule, first);
      return first;
    },
    owner: (counter) => {
      const rule = byId[counter];
      if (rule !== undefined) return { rule, element: null };
      const block = blockOf(blocks, counter);
      if (block === undefined) return null;
      const at = counter - block.first;
      if (block.run) return { rule: block.run.id(at), element: null };
      return { rule: block.rule, element: { set: block.set, index: block.index[at]! } };
    },
    size: () => next,
  };
}

/** They are in order. */
function blockOf(blocks: readonly Block[], counter: number): Block | undefined {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (blocks[middle]!.first <= counter) low = middle + 1;
    else high = middle;
  }
  const block = blocks[low - 1];
  return block && counter < block.first + block.count ? block : undefined;
}
