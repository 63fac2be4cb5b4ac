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
  const records = new FamilyRecords(memory, layout, escapes.length, expiries);
  for (const field of layout.fields) {
    const shared = { layout, field, labels: new FieldLabels(memory, field, records), slots: slotsOf(memory, field) };
    for (const set of setsOf(layout, field)) {
      const atoms = atomsOf(layout, field, set);
      const target: Target = { ...shared, atoms, guards: guards(layout, field, atoms) };
      bySet.set(set, [...(bySet.get(set) ?? []), target]);
    }
  }
}

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

const setsOf = ({ program }: FamilyLayout, { use }: FieldLayout): ReadonlySet<SetId> =>
  new Set(use.atoms.flatMap((atom) => program.atoms[atom]!.live?.set ?? []));

const atomsOf = ({ program }: FamilyLayout, { use }: FieldLayout, set: SetId): TargetAtom[] =>
  use.atoms.flatMap((index, atom): TargetAtom[] => {
    const { live } = program.atoms[index]!;
    if (live?.set !== set) return [];
    return [{ atom, as: live.as, countedBy: use.counted.find((one) => one.atom === atom)?.steps[0] ?? null }];
  });

function guards({ program }: FamilyLayout, { use }: FieldLayout, atoms: readonly TargetAtom[]): boolean {
  const indices = new Set(atoms.map(({ atom }) => use.atoms[atom]!));
  return program.steps.some(
    ({ when, outcome }) => outcome.kind !== 'drop' && when.some(({ atom }) => indices.has(atom)),
  );
}
