/** Which entry of an atom holds for a packet. */
import type { Atom } from '../plan/program.js';
import type { SmallField } from '../model/field.js';
import { indexRanges, type AddressLookup } from './address-index.js';
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

const withPorts = new Set([6, 17, 132, 136]);

/** ipset's port of a packet: type and code for the family's ICMP, 0 for protocols of which it knows no port. */
function tuplePort({ family, small }: FrameFields, side: 'sport' | 'dport'): number {
  if (small.protocol === (family === 4 ? 1 : 58)) return small.icmp;
  return withPorts.has(small.protocol) ? small[side] : 0;
}

interface PortGroup {
  readonly protocol: number;
  readonly low: number;
  readonly high: number;
  readonly lookup: AddressLookup;
}

function tuplesLookup(atom: AtomOf<'tuples'>): EntryLookup {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < atom.ranges.count; i++) {
    const key = `${String(atom.protocol[i])} ${String(atom.portLo[i])} ${String(atom.portHi[i])}`;
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [i]);
    else members.push(i);
  }
  const single = new Map<number, PortGroup>();
  const ranges: PortGroup[] = [];
  for (const [key, members] of groups) {
    const [protocol = 0, low = 0, high = 0] = key.split(' ').map(Number);
    const group = { protocol, low, high, lookup: indexRanges(atom.ranges, Uint32Array.from(members)) };
    if (low === high) single.set(protocol * 65_536 + low, group);
    else ranges.push(group);
  }
  return (fields, _device, at) => {
    const address = fields[atom.addressField];
    const { protocol } = fields.small;
    const port = tuplePort(fields, atom.portField);
    const found = [...(single.get(protocol * 65_536 + port)?.lookup(address) ?? [])];
    for (const group of ranges) {
      if (group.protocol !== protocol || port < group.low || port > group.high) continue;
      found.push(...group.lookup(address));
    }
    return first(atom, found, at);
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
