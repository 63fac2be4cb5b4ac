/** Merged steps to the compiled list: value sets become atoms, drops get their counters. */
import type { AddressFamily } from '../model/address.js';
import type { Lit, ValueSet } from '../analyse/logic.js';
import type { RuleOrRun } from '../analyse/walk.js';
import type { MergedStep } from './merge.js';
import { entriesOf, memberEntries } from './merge.js';
import type { CounterBook } from './counter-book.js';
import { firstRule, startsIn } from './members.js';
import type { Atom, Literal, Outcome, Step, StepProgram } from './program.js';

interface Building {
  readonly family: AddressFamily;
  readonly atoms: Atom[];
  readonly known: Map<string, number>;
  readonly setIds: Map<ValueSet, number>;
}

export function toProgram(family: AddressFamily, steps: readonly MergedStep[], book: CounterBook): StepProgram {
  const building: Building = { family, atoms: [], known: new Map(), setIds: new Map() };
  return { family, steps: steps.map((step) => toStep(step, building, book)), atoms: building.atoms };
}

function toStep(step: MergedStep, building: Building, book: CounterBook): Step {
  const { outcome } = step;
  if (outcome.kind !== 'drop')
    return { when: step.when.map((literal) => toLiteral(literal, null, null, building)), outcome };
  const rule = step.members[0]!.rule;
  const counters = step.when.map((literal, i) => countersOf(step, literal, i, book));
  const when = step.when.map((literal, i) => toLiteral(literal, counters[i] ?? null, rule, building));
  const counted = counters.findIndex((list) => list !== null);
  const drop: Outcome = { kind: 'drop', counter: book.ofRule(rule), counted: counted < 0 ? null : counted };
  return { when, outcome: drop };
}

/** Counter of each entry of a drop's literal: one a line where lines were merged, one an element where the set counts. */
function countersOf(step: MergedStep, literal: Lit, at: number, book: CounterBook): Uint32Array | null {
  const { set } = literal;
  if (at === step.varying) {
    const ids = new Uint32Array(entriesOf(set));
    let next = 0;
    for (const member of step.members) {
      const id = book.ofRule(member.rule);
      const count = memberEntries(member, step);
      const rules = typeof member.rule === 'string' ? 1 : member.rule.count;
      const starts = startsIn(member.rule, set);
      const startOf = (i: number): number => next + (starts?.[i] ?? (i * count) / rules);
      for (let i = 0; i < rules; i++) ids.fill(id + i, startOf(i), startOf(i + 1));
      next += count;
    }
    return ids;
  }
  if (step.varying !== null || literal.negate || (set.kind !== 'addresses' && set.kind !== 'tuples') || !set.counters)
    return null;
  // A second counted set in the same step counts with the first.
  if (
    step.when
      .slice(0, at)
      .some((other) => (other.set.kind === 'addresses' || other.set.kind === 'tuples') && other.set.counters)
  )
    return null;
  const { set: name, index } = set.counters;
  const first = book.ofElements(step.members[0]!.rule, name, index);
  return index.map((_, i) => first + i);
}

function toLiteral(literal: Lit, counters: Uint32Array | null, rule: RuleOrRun | null, building: Building): Literal {
  const { set } = literal;
  const id = building.setIds.get(set) ?? building.setIds.size;
  building.setIds.set(set, id);
  const key = counters ? `${String(id)} ${rule === null ? '' : firstRule(rule)}` : String(id);
  let atom = building.known.get(key);
  if (atom === undefined) {
    atom = building.atoms.push(toAtom(set, counters, building.family)) - 1;
    building.known.set(key, atom);
  }
  return { atom, negate: literal.negate };
}

function toAtom(set: ValueSet, counters: Uint32Array | null, family: AddressFamily): Atom {
  const atom = lastingAtom(set, counters, family);
  const live = 'live' in set ? { live: { set: set.live.of.set, as: set.live.as } } : {};
  return 'expires' in set ? { ...atom, expires: set.expires, ...live } : { ...atom, ...live };
}

function lastingAtom(set: ValueSet, counters: Uint32Array | null, family: AddressFamily): Atom {
  switch (set.kind) {
    case 'values':
      return { kind: 'values', field: set.field, ranges: set.ranges, counters };
    case 'addresses':
      return { kind: 'addresses', field: set.field, ranges: set.ranges, counters };
    case 'macs':
      return { kind: 'macs', field: 'smac', addresses: set.addresses, counters };
    // Without host facts a plan can be read but not attached; nobody compiles it for a device.
    case 'host':
      return {
        kind: 'addresses',
        field: set.field,
        ranges: { family, count: 0, lo: new Uint32Array(), hi: new Uint32Array() },
        counters: null,
      };
    case 'tuples': {
      const { set: of, count, columns, except, availableUpTo, apart } = set;
      const atom = {
        kind: 'tuples',
        field: 'tuple',
        set: of,
        count,
        columns,
        except,
        availableUpTo,
        counters,
      } as const;
      return apart ? { ...atom, apart } : atom;
    }
  }
}
