/** Elements of several parts as entries of several packet fields. */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import type { SetPart, TupleSet } from '../model/set.js';
import { Availability } from '../model/field.js';
import {
  leastAvailable,
  noMac,
  pickRanges,
  pick16,
  smallTupleMax,
  type SmallTupleField,
  type TupleColumn,
  type Tuples,
} from '../model/tuples.js';

type Side = 'src' | 'dst';

const addressField = { src: 'saddr', dst: 'daddr' } as const;
const portField = { src: 'sport', dst: 'dport' } as const;

/** Protocols of which `get_port` (ip_set_getport.c, Linux 6.18) reads a port, and those of which it reads type and code. */
const withPorts = new Set([6, 17, 132, 136]);
const withTypes = new Set([1, 58]);
const dccp = 33;

/**
 * The entries of the set for `order`, a list of elements. Where two parts ask for one field both must hold; elements that no packet
 * satisfies stay, as entries that hold for none, so that entry i is element `order[i]`.
 */
export function tuplesOf(set: TupleSet, sides: readonly Side[], order: Uint32Array, except: Uint8Array | null): Tuples {
  const columns = joined(set.parts.flatMap((part, i) => columnsOf(part, sides[i] ?? 'src', order)));
  // `ip_set_get_ip4_port` fails on a fragment and on a header that is cut short, whatever the element asks of the port.
  const hasPort = set.parts.some(({ kind }) => kind === 'port');
  // Sets of ports keep all of theirs: they share a table, and elements may come that differ in others.
  const telling = hasPort ? columns : columns.filter((column) => !isFull(column, order.length));
  const kept = telling.length > 0 ? telling : columns.slice(0, 1);
  const availableUpTo = hasPort ? Availability.complete : leastAvailable(kept);
  return { set: { id: set.id, name: set.name }, count: order.length, columns: kept, except, availableUpTo };
}

function columnsOf(part: SetPart, side: Side, order: Uint32Array): TupleColumn[] {
  switch (part.kind) {
    case 'address':
      return [{ field: addressField[side], ranges: pickRanges(part.ranges, order) }];
    case 'port':
      return portColumns(part, side, order);
    case 'mac':
      return [{ field: 'smac', addresses: Float64Array.from(order, (i) => part.addresses[i] ?? 0) }];
    case 'number':
      return [{ field: part.field, lo: pick16(part.lo, order), hi: pick16(part.hi, order) }];
    // Which devices it names is known for each device: see `elementsFor`.
    case 'interface':
      return [];
  }
}

/**
 * Protocol and port, or of ICMP type and code. What a protocol does not have is 0 in every packet (SmallField), so that elements are
 * single values in each column; of DCCP, whose ports ipset does not read, they may be any.
 */
function portColumns(
  { protocol, portLo, portHi }: SetPart & { kind: 'port' },
  side: Side,
  order: Uint32Array,
): TupleColumn[] {
  const number = Uint16Array.from(order, (i) => protocol[i] ?? 0);
  const column = (field: SmallTupleField, wanted: ReadonlySet<number>): TupleColumn => {
    const bound = (of: Uint16Array, otherwise: number): Uint16Array =>
      Uint16Array.from(order, (i, at) =>
        wanted.has(number[at]!) ? (of[i] ?? 0) : number[at] === dccp ? otherwise : 0,
      );
    return { field, lo: bound(portLo, 0), hi: bound(portHi, smallTupleMax[field]) };
  };
  return [{ field: 'protocol', lo: number, hi: number }, column(portField[side], withPorts), column('icmp', withTypes)];
}

/** One column a field. */
function joined(columns: readonly TupleColumn[]): TupleColumn[] {
  const byField = new Map<string, TupleColumn>();
  for (const column of columns) {
    const known = byField.get(column.field);
    byField.set(column.field, known ? intersected(known, column) : column);
  }
  return [...byField.values()];
}

/** What both say; where they contradict each other the low bound is above the high one, which no value satisfies. */
function intersected(a: TupleColumn, b: TupleColumn): TupleColumn {
  if ('ranges' in a && 'ranges' in b) return { field: a.field, ranges: intersectRanges(a.ranges, b.ranges) };
  if ('lo' in a && 'lo' in b)
    return {
      field: a.field,
      lo: a.lo.map((low, i) => Math.max(low, b.lo[i]!)),
      hi: a.hi.map((high, i) => Math.min(high, b.hi[i]!)),
    };
  if ('addresses' in a && 'addresses' in b)
    return { field: a.field, addresses: a.addresses.map((mac, i) => (mac === b.addresses[i] ? mac : noMac)) };
  throw new Error('bug: columns of one field differ in kind');
}

function intersectRanges(a: AddressRanges, b: AddressRanges): AddressRanges {
  const words = wordsPerAddress(a.family);
  const [lo, hi] = [a.lo.slice(), a.hi.slice()];
  for (let at = 0; at < a.count * words; at += words) {
    if (isAbove(b.lo, a.lo, at, words)) lo.set(b.lo.subarray(at, at + words), at);
    if (isAbove(a.hi, b.hi, at, words)) hi.set(b.hi.subarray(at, at + words), at);
  }
  return { family: a.family, count: a.count, lo, hi };
}

function isAbove(a: Uint32Array, b: Uint32Array, at: number, words: number): boolean {
  for (let w = at; w < at + words; w++) if (a[w] !== b[w]) return a[w]! > b[w]!;
  return false;
}

function isFull(column: TupleColumn, count: number): boolean {
  if ('addresses' in column) return false;
  if ('ranges' in column) {
    const size = count * wordsPerAddress(column.ranges.family);
    const { lo, hi } = column.ranges;
    for (let at = 0; at < size; at++) if (lo[at] !== 0 || hi[at] !== 0xffffffff) return false;
    return true;
  }
  const max = smallTupleMax[column.field];
  return column.lo.every((low) => low === 0) && column.hi.every((high) => high === max);
}
