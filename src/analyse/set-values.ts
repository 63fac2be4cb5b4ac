/**
 * Named sets as value sets: what is certainly in them (`must`: elements until their timeout runs out) and what may be (`may`: elements
 * with a timeout for good, for the kernel may be told to keep them longer).
 */
import type { AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import type { Ranges } from '../model/match.js';
import type { AddressPortSet, AddressSet, ElementColumns, NamedSet, PortSet, SetId } from '../model/set.js';
import type { ElementCounters, ValueSet } from './logic.js';
import { smallSet } from './logic.js';
import { liveSet, type LiveSet, type Liveness } from './live-set.js';
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
export interface SetValueCache {
  /** By id and sides. */
  readonly values: Map<string, SetValues>;
  /** Null: sets stay as they are. */
  readonly follow: FollowedSets | null;
}

/** What the analysis made of the sets, as far as it read them. */
export interface FollowedSets {
  /** By id and sides. */
  readonly live: Map<string, LiveSet>;
  /** Sets whose elements do not stand in the prefilter one for one: every change of them wants a new analysis. */
  readonly fixed: Set<SetId>;
}

export const setValueCache = (follows: boolean): SetValueCache => ({
  values: new Map(),
  follow: follows ? { live: new Map(), fixed: new Set() } : null,
});

/** To be called for a set that is read in another way than by the functions below. */
export const readOnce = ({ follow }: SetValueCache, set: SetId): void => void follow?.fixed.add(set);

export function addressValues(set: AddressSet, side: Side, cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${side}`, () => {
    const make: Make = (keep, ends, live) => addressSet(set, side, keep, ends, live);
    if (!set.nomatch) return split(set, make, followed(cache, set, side));
    readOnce(cache, set.id);
    const isTimed = permanentElements(set) !== null;
    const flat = flattenNomatch(set.ranges, set.nomatch, isTimed ? sureEnds(set, set.ranges.count) : null);
    if (!flat) return { may: make(null, null, null), must: null };
    const must: ValueSet = { kind: 'addresses', field: addressField[side], ...flat, named: true, counters: null };
    // An exception that expires brings addresses back: nothing more than "inside some element" can be said of all that may be in.
    return { may: isTimed ? make(null, null, null) : must, must };
  });
}

export function tupleValues(set: AddressPortSet, sides: readonly [Side, Side], cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${sides.join()}`, () => {
    const make: Make = (keep, ends, live) => ({
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
      ...(live && { live }),
    });
    return split(set, make, followed(cache, set, sides.join()));
  });
}

/** Ports of bitmap:port and nft inet_service sets. */
export function portValues(set: PortSet, side: Side, cache: SetValueCache): SetValues {
  return cached(cache, `${set.id} ${side}`, () => {
    const ranges = (keep: Uint32Array | null): Ranges =>
      Array.from(keep ?? set.portLo.keys(), (i) => [set.portLo[i] ?? 0, set.portHi[i] ?? 0] as const);
    readOnce(cache, set.id);
    return split(
      set,
      (keep, ends) =>
        ends
          ? { kind: 'values', field: portField[side], ranges: ranges(null), expires: ends }
          : smallSet(portField[side], ranges(keep)),
      null,
    );
  });
}

function addressSet(
  set: AddressSet,
  side: Side,
  keep: Uint32Array | null,
  ends: Uint32Array | null,
  live: Liveness | null,
): ValueSet {
  return {
    kind: 'addresses',
    field: addressField[side],
    ranges: pickRanges(set.ranges, keep),
    named: true,
    counters: elementCounters(set, keep),
    ...(ends && { expires: ends }),
    ...(live && { live }),
  };
}

function followed({ follow }: SetValueCache, { id, inRules }: NamedSet, sides: string): LiveSet | null {
  if (!follow) return null;
  if (inRules === true) {
    follow.fixed.add(id);
    return null;
  }
  const live = liveSet(id);
  follow.live.set(`${id} ${sides}`, live);
  return live;
}

/** `keep`: indexes of the elements wanted, null for all. `ends`: when each expires; null: none is to. */
type Make = (keep: Uint32Array | null, ends: Uint32Array | null, live: Liveness | null) => ValueSet;

/**
 * All elements for `may`; for `must` those that are left at any time, or only the permanent ones where nobody knows when that is. A set
 * that is followed and may get elements that time out is two sets from the start.
 */
function split(set: AddressSet | AddressPortSet | PortSet, make: Make, live: LiveSet | null): SetValues {
  const as = (role: Liveness['as']): Liveness | null => live && { of: live, as: role };
  const permanent = permanentElements(set);
  if (!permanent && (!live || set.defaultTimeout === null)) {
    const all = make(null, null, as('exact'));
    return { may: all, must: all };
  }
  const ends =
    set.asOf === undefined && permanent ? null : sureEnds(set, 'ranges' in set ? set.ranges.count : set.portLo.length);
  return {
    may: make(null, null, as('may')),
    must: ends ? make(null, ends, as('must')) : make(permanent, null, as('must')),
  };
}

/**
 * Until when each element is certainly there, in seconds since the epoch; 0: for good. `ipset save` and nft round what is left down, but
 * never to 0 (`ip_set_timeout_get`, Linux 6.18): 1 says nothing.
 */
function sureEnds({ timeout, asOf }: ElementColumns & Pick<NamedSet, 'asOf'>, count: number): Uint32Array {
  return (timeout ?? new Uint32Array(count)).map((left) => {
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
  const known = cache.values.get(key) ?? make();
  cache.values.set(key, known);
  return known;
}
