/**
 * Named sets as value sets: what is certainly in them (`must`: elements until their timeout runs out) and what may be (`may`: elements
 * with a timeout for good, for the kernel may be told to keep them longer).
 */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import type { Ranges } from '../model/match.js';
import type { AddressPortSet, AddressSet, ElementColumns, NamedSet, PortSet } from '../model/set.js';
import type { ElementCounters, ValueSet } from './logic.js';
import { smallSet } from './logic.js';
import { flattenNomatch } from './nomatch.js';

export interface SetValues {
  readonly may: ValueSet;
  /** Null: nothing is certain. The same object as `may` when no element can expire. */
  readonly must: ValueSet | null;
}

type Side = 'src' | 'dst';
const addressField = { src: 'saddr', dst: 'daddr' } as const;
const portField = { src: 'sport', dst: 'dport' } as const;

/** Per analysis, since value sets carry identity. */
export type SetValueCache = Map<string, SetValues>;

export function addressValues(set: AddressSet, side: Side, cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${side}`, () => {
    const make: Make = (keep, ends) => addressSet(set, side, keep, ends);
    if (!set.nomatch) return split(set, make);
    const isTimed = permanentElements(set) !== null;
    const flat = flattenNomatch(set.ranges, set.nomatch, isTimed ? sureEnds(set) : null);
    if (!flat) return { may: make(null, null), must: null };
    const must: ValueSet = { kind: 'addresses', field: addressField[side], ...flat, named: true, counters: null };
    // An exception that expires brings addresses back: nothing more than "inside some element" can be said of all that may be in.
    return { may: isTimed ? make(null, null) : must, must };
  });
}

export function tupleValues(set: AddressPortSet, sides: readonly [Side, Side], cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${sides.join()}`, () => {
    const make: Make = (keep, ends) => ({
      kind: 'tuples',
      field: 'tuple',
      addressField: addressField[sides[0]],
      portField: portField[sides[1]],
      ranges: pickRanges(set.ranges, keep),
      protocol: keep
        ? keep.reduce((out, from, i) => ((out[i] = set.protocol[from] ?? 0), out), new Uint8Array(keep.length))
        : set.protocol,
      portLo: pick16(set.portLo, keep),
      portHi: pick16(set.portHi, keep),
      counters: elementCounters(set, keep),
      ...(ends && { expires: ends }),
    });
    return split(set, make);
  });
}

/** Ports of bitmap:port and nft inet_service sets. */
export function portValues(set: PortSet, side: Side, cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${side}`, () => {
    const ranges = (keep: Uint32Array | null): Ranges =>
      Array.from(keep ?? set.portLo.keys(), (i) => [set.portLo[i] ?? 0, set.portHi[i] ?? 0] as const);
    return split(set, (keep, ends) =>
      ends
        ? { kind: 'values', field: portField[side], ranges: ranges(null), expires: ends }
        : smallSet(portField[side], ranges(keep)),
    );
  });
}

function addressSet(set: AddressSet, side: Side, keep: Uint32Array | null, ends: Uint32Array | null): ValueSet {
  return {
    kind: 'addresses',
    field: addressField[side],
    ranges: pickRanges(set.ranges, keep),
    named: true,
    counters: elementCounters(set, keep),
    ...(ends && { expires: ends }),
  };
}

/** `keep`: indexes of the elements wanted, null for all. `ends`: when each expires; null: none is to. */
type Make = (keep: Uint32Array | null, ends: Uint32Array | null) => ValueSet;

/** All elements for `may`; for `must` those that are left at any time, or only the permanent ones where nobody knows when that is. */
function split(set: NamedSet & ElementColumns, make: Make): SetValues {
  const all = make(null, null);
  const permanent = permanentElements(set);
  if (!permanent) return { may: all, must: all };
  const ends = set.asOf === undefined ? null : sureEnds(set);
  return { may: all, must: ends ? make(null, ends) : make(permanent, null) };
}

/**
 * Until when each element is certainly there, in seconds since the epoch; 0: for good. `ipset save` and nft round what is left down, but
 * never to 0 (`ip_set_timeout_get`, Linux 6.18): 1 says nothing.
 */
function sureEnds({ timeout, asOf }: NamedSet & ElementColumns): Uint32Array {
  return (timeout ?? new Uint32Array()).map((left) => {
    if (left === 0) return 0;
    return left === 1 || asOf === undefined ? longAgo : Math.min(asOf + left, 0xffffffff);
  });
}

/** An end that was. */
const longAgo = 1;

/** Indexes of the elements that never expire; null when all of them are such. */
export function permanentElements(columns: ElementColumns): Uint32Array | null {
  const { timeout } = columns;
  if (!timeout?.some((seconds) => seconds > 0)) return null;
  return Uint32Array.from(timeout.keys()).filter((i) => timeout[i] === 0);
}

function elementCounters(set: NamedSet, keep: Uint32Array | null): ElementCounters | null {
  if (!set.counters) return null;
  return { set: set.name, index: keep ?? Uint32Array.from({ length: set.elements }, (_, i) => i) };
}

function pickRanges(ranges: AddressRanges, keep: Uint32Array | null): AddressRanges {
  if (!keep) return ranges;
  const words = wordsPerAddress(ranges.family);
  const pick = (column: Uint32Array): Uint32Array => {
    const out = new Uint32Array(keep.length * words);
    keep.forEach((from, i) => {
      out.set(column.subarray(from * words, (from + 1) * words), i * words);
    });
    return out;
  };
  return { family: ranges.family, count: keep.length, lo: pick(ranges.lo), hi: pick(ranges.hi) };
}

function pick16(column: Uint16Array, keep: Uint32Array | null): Uint16Array {
  return keep ? Uint16Array.from(keep, (from) => column[from] ?? 0) : column;
}

function cached(cache: SetValueCache, key: string, make: () => SetValues): SetValues {
  const known = cache.get(key) ?? make();
  cache.set(key, known);
  return known;
}
