/** The rules behind a merged step: a member is one of them, or a run of them. */
import type { AddressRanges } from '../model/address.js';
import type { AddressRun } from '../model/address-run.js';
import type { RuleId } from '../model/ruleset.js';
import type { Conj } from '../analyse/logic.js';
import type { RawStep, RuleOrRun } from '../analyse/walk.js';

export type Member = Pick<RawStep, 'when' | 'rule'>;

interface RuleMember {
  readonly when: Conj;
  readonly rule: RuleId;
}

/** One rule after the other, made as they are asked for. */
export function* ruleMembers(members: readonly Member[]): Generator<RuleMember> {
  for (const { when, rule } of members) {
    if (typeof rule === 'string') yield { when, rule };
    else for (let i = 0; i < rule.count; i++) yield { when: narrowTo(rule, when, rule.rangeOf(i)), rule: rule.id(i) };
  }
}

/** More than one rule. */
export const areSeveral = ([first, second]: readonly Member[]): boolean =>
  second !== undefined || (first !== undefined && typeof first.rule !== 'string');

/** What a condition on all rules of a run is for those that ask for these addresses. */
export const narrowTo = (run: AddressRun, when: Conj, ranges: AddressRanges): Conj =>
  when.map((literal) => {
    const { set } = literal;
    if (set.kind !== 'addresses' || set.ranges !== run.ranges) return literal;
    return { ...literal, set: { ...set, ranges, named: false } };
  });

export const firstRule = (rule: RuleOrRun): RuleId => (typeof rule === 'string' ? rule : rule.id(0));
