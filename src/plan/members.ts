/** The rules behind a merged step: a member is one of them, or a run of them. */
import type { AddressRun, VaryingMatch } from '../model/address-run.js';
import {
  allAddresses,
  allPorts,
  isAddressColumn,
  isPortColumn,
  rangesAt,
  ruleEntries,
  type RuleColumn,
} from '../model/rule-columns.js';
import type { RuleId } from '../model/ruleset.js';
import { markOverlapping } from '../analyse/address-index.js';
import { small, smallSet, type Conj, type Lit, type ValueSet } from '../analyse/logic.js';
import { areTuplesOf, asTupleValues, tupleStarts } from '../analyse/run-as-one.js';
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
    else for (let i = 0; i < rule.count; i++) yield { when: narrowTo(rule, when, rule.row(i)), rule: rule.id(i) };
  }
}

/** As `ruleMembers`, without many that packets of the condition do not meet. */
export function* membersMeeting(members: readonly Member[], condition: Conj): Generator<RuleMember> {
  for (const member of members) {
    const { when, rule } = member;
    const marks = typeof rule === 'string' ? null : rowsMeeting(rule, condition);
    if (typeof rule === 'string' || marks === null) yield* ruleMembers([member]);
    else
      for (let i = marks.indexOf(1); i >= 0; i = marks.indexOf(1, i + 1))
        yield { when: narrowTo(rule, when, rule.row(i)), rule: rule.id(i) };
  }
}

/** 1 for each rule whose addresses, or ports, are among those of the condition; null: it does not tell by them. */
function rowsMeeting(run: AddressRun, condition: Conj): Uint8Array | null {
  for (const [c, column] of run.columns.entries()) {
    if (isNegated(run, c)) continue;
    const asked = condition.find(({ set, negate }) => set.field === column.field && !negate)?.set;
    const marks = new Uint8Array(run.count);
    if (asked?.kind === 'addresses' && !asked.live && 'ranges' in column) {
      markOverlapping(column.ranges, asked.ranges, marks);
      return marks;
    }
    if (asked?.kind === 'values' && 'lo' in column) {
      for (const [low, high] of asked.ranges)
        for (let i = 0; i < marks.length; i++) if (column.lo[i]! <= high && low <= column.hi[i]!) marks[i] = 1;
      return marks;
    }
  }
  return null;
}

/** More than one rule. */
export const areSeveral = ([first, second]: readonly Member[]): boolean =>
  second !== undefined || (first !== undefined && typeof first.rule !== 'string');

/** What a condition on all rules of a run is for those that have these values. */
export const narrowTo = (run: AddressRun, when: Conj, values: readonly RuleColumn[]): Conj =>
  when.flatMap((literal): Lit | readonly Lit[] => {
    const { set } = literal;
    const [first] = values;
    if (set.kind === 'addresses' && first && isAddressColumn(first) && isOf(run, set))
      return { ...literal, set: { ...set, ranges: allAddresses(first), named: false } };
    if (set.kind === 'macs' && first && 'addresses' in first && isOf(run, set))
      return { ...literal, set: { ...set, addresses: first.addresses } };
    if (set.kind === 'values' && first && isPortColumn(first) && isOf(run, set))
      return { ...literal, set: smallSet(first.field, allPorts(first)) };
    if (set.kind !== 'tuples' || !isOf(run, set)) return literal;
    const count = countOf(values);
    if (count === 1) return values.map(literalOf);
    return { ...literal, set: { ...set, ...asTupleValues(ruleEntries(values, count)) } };
  });

/** What one rule asks of packets where addresses that they must not have differ, of which conditions on all of them say nothing. */
export function negatedOf(run: AddressRun, values: readonly RuleColumn[]): readonly Lit[] {
  if (!run.negated || countOf(values) !== 1) return [];
  return values.map((value, i): Lit => ({ ...literalOf(value), negate: isNegated(run, i) }));
}

/** That column has what packets must not have. */
export function isNegated(run: AddressRun, column: number): boolean {
  const { match } = run.first.parts[run.varying[column]!] as { match: VaryingMatch };
  return match.negate && match.kind !== 'port';
}

/** The literal in which a condition has what the rules of the run differ in. */
export const isOf = (run: AddressRun, set: ValueSet): boolean => {
  const [first] = run.columns;
  if (set.kind === 'tuples') return areTuplesOf(run, set);
  if (set.kind === 'values') return set.field === first?.field && set.ranges === run.ports;
  if (set.kind === 'macs') return first !== undefined && 'addresses' in first && set.addresses === first.addresses;
  return (
    set.kind === 'addresses' && first !== undefined && isAddressColumn(first) && set.ranges === allAddresses(first)
  );
};

/** Where the values of each rule begin in what they differ in; null: each has as many. */
export function startsIn(rule: RuleOrRun, set: ValueSet): Uint32Array | null {
  if (typeof rule === 'string') return null;
  if (set.kind === 'tuples') return isOf(rule, set) ? tupleStarts(rule) : null;
  return listStarts(rule);
}

/** The same where they differ in lists of one field alone. */
export function listStarts({ columns: [column, more] }: AddressRun): Uint32Array | null {
  return column && !more && 'lists' in column ? column.lists.starts : null;
}

function countOf([first]: readonly RuleColumn[]): number {
  if (first && 'ranges' in first) return first.ranges.count;
  if (first && 'addresses' in first) return first.addresses.length;
  if (first && 'lists' in first) return first.lists.starts.length - 1;
  return first?.lo.length ?? 0;
}

/** As the rule by itself asks. */
function literalOf(value: RuleColumn): Lit {
  if ('addresses' in value) return { set: { kind: 'macs', field: 'smac', addresses: value.addresses }, negate: false };
  if (!isAddressColumn(value)) return small(value.field, rangesAt(value, 0));
  const ranges = allAddresses(value);
  return { set: { kind: 'addresses', field: value.field, ranges, named: false, counters: null }, negate: false };
}

export const firstRule = (rule: RuleOrRun): RuleId => (typeof rule === 'string' ? rule : rule.id(0));
