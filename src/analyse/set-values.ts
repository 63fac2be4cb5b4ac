/**
 * Named sets as value sets: what is certainly in them (`must`: permanent elements) and what may be (`may`: also elements whose timeout
 * may have run out since the dump).
 */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import type { AddressPortSet, AddressSet, ElementColumns, NamedSet } from '../model/set.js';
import type { ElementCounters, ValueSet } from './logic.js';
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
    const make = (keep: Uint32Array | null): ValueSet => addressSet(set, side, keep);
    if (!set.nomatch) return split(set, make);
    // An exception that expires brings addresses back: then nothing but "inside some element" is sure.
    const timed = set.timeout?.some((seconds) => seconds > 0) === true;
    const ranges = flattenNomatch(set.ranges, set.nomatch);
    if (!ranges || timed) return { may: addressSet(set, side, null), must: null };
    const exact: ValueSet = { kind: 'addresses', field: addressField[side], ranges, named: true, counters: null };
    return { may: exact, must: exact };
  });
}

export function tupleValues(set: AddressPortSet, sides: readonly [Side, Side], cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${sides.join()}`, () => {
    const make = (keep: Uint32Array | null): ValueSet => ({
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
    });
    return split(set, make);
  });
}

function addressSet(set: AddressSet, side: Side, keep: Uint32Array | null): ValueSet {
  return {
    kind: 'addresses',
    field: addressField[side],
    ranges: pickRanges(set.ranges, keep),
    named: true,
    counters: elementCounters(set, keep),
  };
}

/** All elements for `may`, the permanent ones for `must`. */
function split(set: NamedSet & ElementColumns, make: (keep: Uint32Array | null) => ValueSet): SetValues {
  const all = make(null);
  const permanent = permanentElements(set);
  return { may: all, must: permanent ? make(permanent) : all };
}

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
