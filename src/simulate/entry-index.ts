/** Which entry of an atom holds for a packet. */
import type { Atom } from '../plan/program.js';
import type { SmallField } from '../model/field.js';
import type { TupleColumn } from '../model/tuples.js';
import { indexRanges, isInside } from './address-index.js';
import type { FrameFields } from './parse-frame.js';

/** Number of the first entry that contains the packet's value and has not expired, or -1. `at`: see Clock. */
export type EntryLookup = (fields: FrameFields, device: number, at: number | null) => number;

/** Second since the epoch at which frames arrive; null: not known, then an entry that will expire counts as expired. */
export type Clock = () => number | null;

type AtomOf<Kind extends Atom['kind']> = Extract<Atom, { readonly kind: Kind }>;

function isAlive({ expires }: Atom, entry: number, at: number | null): boolean {
  const end = expires?.[entry] ?? 0;
  return end === 0 || (at !== null && at < end);
}

function first(atom: Atom, entries: readonly number[], at: number | null): number {
  let least = -1;
  for (const entry of entries) if ((least < 0 || entry < least) && isAlive(atom, entry, at)) least = entry;
  return least;
}

export const smallValue = (fields: FrameFields, field: SmallField, device: number): number =>
  field === 'device' ? device : fields.small[field];

function valuesLookup(atom: AtomOf<'values'>): EntryLookup {
  const { field, ranges } = atom;
  return (fields, device, at) => {
    const value = smallValue(fields, field, device);
    return ranges.findIndex(([low, high], i) => low <= value && value <= high && isAlive(atom, i, at));
  };
}

function macsLookup(atom: AtomOf<'macs'>): EntryLookup {
  const entries = new Map<number, number[]>();
  atom.addresses.forEach((address, i) => {
    const known = entries.get(address);
    if (known === undefined) entries.set(address, [i]);
    else known.push(i);
  });
  return (fields, _device, at) => first(atom, entries.get(fields.smac) ?? [], at);
}

function addressesLookup(atom: AtomOf<'addresses'>): EntryLookup {
  const lookup = indexRanges(atom.ranges, null);
  return (fields, _device, at) => first(atom, lookup(fields[atom.field]), at);
}

function columnHolds(column: TupleColumn, entry: number, fields: FrameFields): boolean {
  if ('addresses' in column) return column.addresses[entry] === fields.smac;
  if ('ranges' in column) return isInside(column.ranges, entry, fields[column.field]);
  const value = fields.small[column.field];
  return column.lo[entry]! <= value && value <= column.hi[entry]!;
}

/** Of the entries that hold and have not expired the first one; -1 where that is an exception. */
function tuplesLookup(atom: AtomOf<'tuples'>): EntryLookup {
  const { columns, except } = atom;
  const most = columns
    .filter((column) => 'ranges' in column)
    .sort((a, b) => new Set(b.ranges.lo).size - new Set(a.ranges.lo).size)[0];
  const lookup = most ? indexRanges(most.ranges, null) : null;
  const every = Array.from({ length: atom.count }, (_, i) => i);
  return (fields, _device, at) => {
    const candidates = most && lookup ? lookup(fields[most.field]) : every;
    const found = first(
      atom,
      candidates.filter((entry) => columns.every((column) => columnHolds(column, entry, fields))),
      at,
    );
    return found >= 0 && except?.[found] === 1 ? -1 : found;
  };
}

export function entryLookup(atom: Atom): EntryLookup {
  switch (atom.kind) {
    case 'values':
      return valuesLookup(atom);
    case 'addresses':
      return addressesLookup(atom);
    case 'macs':
      return macsLookup(atom);
    case 'tuples':
      return tuplesLookup(atom);
  }
}
