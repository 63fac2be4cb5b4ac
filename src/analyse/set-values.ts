/**
 * Named sets as value sets: what is certainly in them (`must`: elements until their timeout runs out) and what may be (`may`: elements
 * with a timeout for good, for the kernel may be told to keep them longer).
 */
import type { Ranges } from '../model/match.js';
import type { AddressSet, ElementColumns, NamedSet, PortSet, SetId, TupleSet } from '../model/set.js';
import type { Condition, Dnf, ElementCounters, ValueSet } from './logic.js';
import { exactly, smallSet } from './logic.js';
import { liveSet, type LiveSet, type Liveness } from './live-set.js';
import { flattenNomatch } from './nomatch.js';
import { pickRanges } from '../model/tuples.js';

export interface SetValues {
  readonly may: ValueSet;
  /** Null: nothing is certain. The same object as `may` when no element can expire. */
  readonly must: ValueSet | null;
}

export function condition({ may, must }: SetValues): Condition {
  const mayDnf: Dnf = [[{ set: may, negate: false }]];
  if (may === must) return exactly(mayDnf);
  return { may: mayDnf, must: must && [[{ set: must, negate: false }]] };
}

type Side = 'src' | 'dst';
const addressField = { src: 'saddr', dst: 'daddr' } as const;
const portField = { src: 'sport', dst: 'dport' } as const;

/** Per analysis, since value sets carry identity. */
export interface SetValueCache {
  /** By id, and by sides and what else they are for. */
  readonly values: Map<SetId, Map<string, SetValues>>;
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
  return cached(cache, set.id, side, () => {
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

/** Ports of bitmap:port and nft inet_service sets. */
export function portValues(set: PortSet, side: Side, cache: SetValueCache): SetValues {
  return cached(cache, set.id, side, () => {
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
    ranges: keep ? pickRanges(set.ranges, keep) : set.ranges,
    named: true,
    counters: elementCounters(set, keep),
    ...(ends && { expires: ends }),
    ...(live && { live }),
  };
}

export function followed({ follow }: SetValueCache, { id, inRules }: NamedSet, sides: string): LiveSet | null {
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
export type Make = (keep: Uint32Array | null, ends: Uint32Array | null, live: Liveness | null) => ValueSet;

const countOf = (set: AddressSet | TupleSet | PortSet): number =>
  set.kind === 'tuples' ? set.count : set.kind === 'addresses' ? set.ranges.count : set.portLo.length;

/**
 * All elements for `may`; for `must` those that are left at any time, or only the permanent ones where nobody knows when that is. A set
 * that is followed and may get elements that time out is two sets from the start.
 */
export function split(set: AddressSet | TupleSet | PortSet, make: Make, live: LiveSet | null): SetValues {
  const as = (role: Liveness['as']): Liveness | null => live && { of: live, as: role };
  const permanent = permanentElements(set);
  if (!permanent && (!live || set.defaultTimeout === null)) {
    const all = make(null, null, as('exact'));
    return { may: all, must: all };
  }
  const ends = set.asOf === undefined && permanent ? null : sureEnds(set, countOf(set));
  return {
    may: make(null, null, as('may')),
    must: ends ? make(null, ends, as('must')) : make(permanent, null, as('must')),
  };
}

/**
 * Until when each element is certainly there, in seconds since the epoch; 0: for good. `ipset save` and nft round what is left down, but
 * never to 0 (`ip_set_timeout_get`, Linux 6.18): 1 says nothing.
 */
export function sureEnds({ timeout, asOf }: ElementColumns & Pick<NamedSet, 'asOf'>, count: number): Uint32Array {
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

export function elementCounters(set: NamedSet, keep: Uint32Array | null): ElementCounters | null {
  if (!set.counters) return null;
  return { set: set.name, index: keep ?? Uint32Array.from({ length: set.elements }, (_, i) => i) };
}

export function cached({ values }: SetValueCache, set: SetId, sides: string, make: () => SetValues): SetValues {
  const own = values.get(set) ?? new Map<string, SetValues>();
  const known = own.get(sides);
  if (known) return known;
  const made = make();
  values.set(set, own.set(sides, made));
  return made;
}
