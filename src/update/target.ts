/** A followed set as it stands in the table of one field. */
import type { FamilyLayout, FieldLayout } from '../compile/family.js';
import type { SetId } from '../model/set.js';
import type { LiveEntries } from '../plan/program.js';
import { AddressSlots } from './address-slots.js';
import { FamilyRecords, FieldLabels } from './field-labels.js';
import { PrefixSlots, type Key } from './prefix-slots.js';
import { TupleSlots } from './tuple-slots.js';
import type { TableMemory } from './table-memory.js';

/** Where keys find their labels. */
interface Slots {
  label(key: Key): number;
  /** False: there is no room for it. */
  set(key: Key, label: number): boolean;
}

/** An atom that has the set's elements. */
export interface TargetAtom {
  /** Position among the field's atoms. */
  readonly atom: number;
  readonly as: LiveEntries['as'];
  /** The step that counts by its elements; null: none does. */
  readonly countedBy: number | null;
}

export interface Target {
  readonly layout: FamilyLayout;
  readonly field: FieldLayout;
  readonly labels: FieldLabels;
  readonly slots: Slots;
  readonly atoms: readonly TargetAtom[];
  /** Something other than a drop asks for the set in this field. */
  readonly guards: boolean;
}

/** Adds the targets of a family to those of each set. */
export function addTargets(memory: TableMemory, layout: FamilyLayout, bySet: Map<SetId, Target[]>): void {
  const [first] = layout.fields;
  if (first === undefined) return;
  const { escapes } = first.labels;
  const expiries = layout.fields.reduce((most, { labels }) => Math.max(most, labels.expiries?.count ?? 0), 0);
  const asked = guarding(layout);
  const records = new FamilyRecords(memory, layout, escapes.length, expiries);
  for (const field of layout.fields) {
    const shared = { layout, field, labels: new FieldLabels(memory, field, records), slots: slotsOf(memory, field) };
    for (const [set, atoms] of atomsBySet(layout, field)) {
      const target: Target = { ...shared, atoms, guards: atoms.some(({ atom }) => asked.has(field.use.atoms[atom]!)) };
      bySet.set(set, [...(bySet.get(set) ?? []), target]);
    }
  }
}

/** Atoms that something other than a drop asks for. */
const guarding = ({ program }: FamilyLayout): ReadonlySet<number> =>
  new Set(program.steps.flatMap(({ when, outcome }) => (outcome.kind === 'drop' ? [] : when.map(({ atom }) => atom))));

function slotsOf(memory: TableMemory, { address, prefix, tuple }: FieldLayout): Slots {
  if (tuple !== null) return new TupleSlots(memory, tuple);
  const addresses = address === null ? null : new AddressSlots(memory, address);
  if (prefix !== null) return new PrefixSlots(memory, prefix, addresses);
  if (addresses === null) throw new Error('bug: a followed field without a table');
  return {
    label: ([word]) => addresses.label(word!),
    set: ([word], label) => addresses.set(word!, label),
  };
}

function atomsBySet({ program }: FamilyLayout, { use }: FieldLayout): Map<SetId, TargetAtom[]> {
  const countedBy = new Map(use.counted.map(({ atom, steps }) => [atom, steps[0] ?? null]));
  const found = new Map<SetId, TargetAtom[]>();
  use.atoms.forEach((index, atom) => {
    const { live } = program.atoms[index]!;
    if (!live) return;
    const own = found.get(live.set) ?? [];
    own.push({ atom, as: live.as, countedBy: countedBy.get(atom) ?? null });
    found.set(live.set, own);
  });
  return found;
}
