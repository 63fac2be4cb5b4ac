/** A step of the prefilter as a condition that a firewall admin reads. */
import type { AddressRanges } from '../model/address.js';
import type { SmallField } from '../model/field.js';
import type { Ranges } from '../model/match.js';
import type { TupleField } from '../model/tuples.js';
import { formatAddress } from '../oracle/describe-frame.js';
import type { Atom, Literal, Step, StepProgram } from '../plan/program.js';

const shownEntries = 3;

const fieldNames: Record<SmallField | 'saddr' | 'daddr', string> = {
  protocol: 'protocol',
  sport: 'source port',
  dport: 'destination port',
  tcpFlags: 'TCP flags',
  icmp: 'ICMP type',
  ttl: 'TTL',
  tos: 'TOS',
  length: 'length',
  packetType: 'packet type',
  device: 'device',
  availability: 'header',
  mark: 'packet mark',
  reversePath: 'source',
  saddr: 'source address',
  daddr: 'destination address',
};

const protocols: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
};
const packetTypes = ['host', 'broadcast', 'multicast'];
const routed = [
  'routed nobody knows how',
  'refused by its route',
  'without a route',
  'routed elsewhere',
  'routed back',
];
const availabilities = ['whole', 'cut short', 'of a fragment', 'unknown'];

function smallValue(field: SmallField, value: number, devices: readonly string[]): string {
  switch (field) {
    case 'protocol':
      return protocols[value] ?? String(value);
    case 'icmp':
      return `${value >> 8}/${value & 255}`;
    case 'tos':
    case 'tcpFlags':
    case 'mark':
      return `0x${value.toString(16)}`;
    case 'packetType':
      return packetTypes[value] ?? String(value);
    case 'device':
      return devices[value] ?? String(value);
    case 'reversePath':
      return routed[value] ?? String(value);
    case 'availability':
      return availabilities[value] ?? String(value);
    case 'sport':
    case 'dport':
    case 'ttl':
    case 'length':
      return String(value);
  }
}

const list = (entries: readonly string[], total: number): string =>
  `${entries.join(', ')}${total > entries.length ? ` … (${total} in all)` : ''}`;

function valuesText(field: SmallField, ranges: Ranges, devices: readonly string[]): string {
  // Every value of a type's codes is one ICMP type; flags are listed by how many they are.
  if (field === 'tcpFlags' && ranges.length > shownEntries)
    return `one of ${ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0)} combinations`;
  // Not in an order that means anything.
  if (field === 'reversePath') return ranges.flatMap(([low, high]) => routed.slice(low, high + 1)).join(' or ');
  const shown = ranges.slice(0, shownEntries).map(([low, high]) => {
    if (field === 'icmp' && low % 256 === 0 && high === low + 255) return String(low >> 8);
    return low === high
      ? smallValue(field, low, devices)
      : `${smallValue(field, low, devices)}–${smallValue(field, high, devices)}`;
  });
  return list(shown, ranges.length);
}

/** A prefix where the range is one. */
function rangeText({ family, lo, hi }: AddressRanges, i: number): string {
  const words = family === 4 ? 1 : 4;
  const low = lo.subarray(i * words, (i + 1) * words);
  const high = hi.subarray(i * words, (i + 1) * words);
  let bits = 0;
  let open = false;
  for (let w = 0; w < words; w++) {
    const free = (low[w]! ^ high[w]!) >>> 0;
    const isMask = ((free + 1) & free) === 0 && (low[w]! & free) === 0;
    if (!isMask || (open && free !== 0xffff_ffff)) return `${formatAddress(low)}–${formatAddress(high)}`;
    if (!open) bits += Math.clz32(free);
    open ||= free !== 0;
  }
  return bits === words * 32 ? formatAddress(low) : `${formatAddress(low)}/${bits}`;
}

function rangesText(ranges: AddressRanges): string {
  const shown = Array.from({ length: Math.min(shownEntries, ranges.count) }, (_, i) => rangeText(ranges, i));
  return list(shown, ranges.count);
}

const macText = (mac: number): string => (mac.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');

const columnName = (field: TupleField): string => (field === 'smac' ? 'source MAC' : fieldNames[field]);

function atomText(atom: Atom, devices: readonly string[]): readonly [name: string, values: string] {
  switch (atom.kind) {
    case 'values':
      return [fieldNames[atom.field], valuesText(atom.field, atom.ranges, devices)];
    case 'addresses':
      return [fieldNames[atom.field], rangesText(atom.ranges)];
    case 'macs':
      return ['source MAC', list(Array.from(atom.addresses.subarray(0, shownEntries), macText), atom.addresses.length)];
    case 'tuples':
      return [atom.columns.map(({ field }) => columnName(field)).join(' and '), `one of ${atom.count} elements`];
  }
}

const within = (inner: Ranges, outer: Ranges): boolean =>
  inner.every(([low, high]) => outer.some(([from, to]) => from <= low && high <= to));

/** The second literal says nothing beside the first: `protocol udp` and `protocol tcp or udp`. */
function implies(atoms: readonly Atom[], first: Literal, second: Literal): boolean {
  const [one, other] = [atoms[first.atom], atoms[second.atom]];
  if (one?.kind !== 'values' || other?.kind !== 'values' || one.field !== other.field) return false;
  if (first.negate || second.negate) return false;
  return within(one.ranges, other.ranges) && !(first.atom > second.atom && within(other.ranges, one.ranges));
}

export function stepText({ atoms }: StepProgram, { when }: Step, devices: readonly string[]): string {
  if (when.length === 0) return 'every packet';
  return when
    .filter((literal) => !when.some((other) => other !== literal && implies(atoms, other, literal)))
    .map(({ atom, negate }) => {
      const [name, values] = atomText(atoms[atom]!, devices);
      return `${name} ${negate ? 'not ' : ''}${values}`;
    })
    .join(', ');
}
