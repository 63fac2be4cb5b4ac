/** Entries of several fields at once, as columns: an entry holds where each of its fields lies in its range. */
import { wordsPerAddress, type AddressRanges } from './address.js';
import { Availability, availableUpTo } from './field.js';

/** Fields of at most 16 bits that an entry may have beside others; what GRO changes is none. */
export type SmallTupleField = 'protocol' | 'sport' | 'dport' | 'icmp' | 'ttl' | 'tos';
export type TupleField = 'saddr' | 'daddr' | 'smac' | SmallTupleField;

/** Largest value of a field; a range from 0 to it says nothing. */
export const smallTupleMax: Readonly<Record<SmallTupleField, number>> = {
  protocol: 255,
  sport: 65535,
  dport: 65535,
  icmp: 65535,
  ttl: 255,
  tos: 255,
};

export type TupleColumn =
  | { readonly field: 'saddr' | 'daddr'; readonly ranges: AddressRanges }
  /** 48-bit numbers, or `noMac`. */
  | { readonly field: 'smac'; readonly addresses: Float64Array }
  /** Inclusive; a low bound above the high one holds for none. */
  | { readonly field: SmallTupleField; readonly lo: Uint16Array; readonly hi: Uint16Array };

/** No frame has this address. */
export const noMac = -1;

export interface Tuples {
  /** The set that they are of: its id, for none is like it, and what to call it. */
  readonly set: { readonly id: string; readonly name: string };
  readonly count: number;
  /** No two of one field. */
  readonly columns: readonly TupleColumn[];
  /**
   * 1 where the entry is an exception; null: there are none. Of the entries that hold, the first one that has not expired says whether the
   * packet is in the set; exceptions do not expire.
   */
  readonly except: Uint8Array | null;
  /** Least known availability (`Availability`) at which the question can be answered: at most that of any field. */
  readonly availableUpTo: number;
  /** They share a table with others of which this is said only: as keys they would meet each of many others. */
  readonly apart?: true;
}

export const leastAvailable = (columns: readonly TupleColumn[]): number =>
  columns.reduce<number>((least, { field }) => Math.min(least, availableUpTo[field]), Availability.noProtocol);

/** Equal for sets that ask the same fields of the same packets: they can share a table. */
export const tupleSignature = ({ columns, availableUpTo: least, apart }: Tuples): string =>
  `${columns
    .map(({ field }) => field)
    .sort()
    .join()} ${String(least)}${apart ? ' apart' : ''}`;

/** One of the entries. */
export const rowAt = (columns: readonly TupleColumn[], i: number): TupleColumn[] => sliceRows(columns, i, i + 1);

/** Entries from one up to another. */
export function sliceRows(columns: readonly TupleColumn[], from: number, to: number): TupleColumn[] {
  return columns.map((column): TupleColumn => {
    if ('addresses' in column) return { field: column.field, addresses: column.addresses.slice(from, to) };
    if ('ranges' in column) return { field: column.field, ranges: sliceRanges(column.ranges, from, to) };
    const lo = column.lo.slice(from, to);
    return { field: column.field, lo, hi: column.hi === column.lo ? lo : column.hi.slice(from, to) };
  });
}

/** A single address is both its bounds. */
export function sliceRanges({ family, lo, hi }: AddressRanges, from: number, to: number): AddressRanges {
  const words = wordsPerAddress(family);
  const low = lo.slice(from * words, to * words);
  const high = hi.slice(from * words, to * words);
  const single = to - from === 1 && low.every((word, w) => word === high[w]);
  return { family, count: to - from, lo: low, hi: single ? low : high };
}

/** The entries of these numbers, in their order. */
export const pickRows = (columns: readonly TupleColumn[], rows: Uint32Array): TupleColumn[] =>
  columns.map((column): TupleColumn => {
    if ('addresses' in column)
      return { field: column.field, addresses: Float64Array.from(rows, (i) => column.addresses[i]!) };
    if ('ranges' in column) return { field: column.field, ranges: pickRanges(column.ranges, rows) };
    return { field: column.field, lo: pick16(column.lo, rows), hi: pick16(column.hi, rows) };
  });

export function pickRanges(ranges: AddressRanges, order: Uint32Array): AddressRanges {
  const words = wordsPerAddress(ranges.family);
  const pick = (column: Uint32Array): Uint32Array => {
    const out = new Uint32Array(order.length * words);
    order.forEach((from, i) => {
      for (let w = 0; w < words; w++) out[i * words + w] = column[from * words + w]!;
    });
    return out;
  };
  return { family: ranges.family, count: order.length, lo: pick(ranges.lo), hi: pick(ranges.hi) };
}

export const pick16 = (column: Uint16Array, order: Uint32Array): Uint16Array =>
  Uint16Array.from(order, (i) => column[i] ?? 0);
