/** Sets of several parts as conditions: which elements are about a device, in which order they decide, and what they say of fields. */
import type { Ranges } from '../model/match.js';
import type { SetPart, TupleSet } from '../model/set.js';
import type { TupleColumn } from '../model/tuples.js';
import { prefixLength } from './address-index.js';
import type { Context } from './context.js';
import type { Liveness } from './live-set.js';
import type { Condition, Lit, ValueSet } from './logic.js';
import { and, anyOf, exactly, FALSE, small, smallSet, unknown } from './logic.js';
import {
  addressValues,
  cached,
  condition,
  elementCounters,
  followed,
  permanentElements,
  readOnce,
  setValueCache,
  split,
  sureEnds,
  type Make,
  type SetValueCache,
  type SetValues,
} from './set-values.js';
import { pickRanges } from '../model/tuples.js';
import { tuplesOf } from './tuple-values.js';

type Side = 'src' | 'dst';

export function tupleMembership(set: TupleSet, sides: readonly Side[], context: Context): Condition {
  // The kernel asks for the family first: a set of the other one never matches.
  if (set.parts.some((part) => part.kind === 'address' && part.ranges.family !== context.family)) return exactly(FALSE);
  if (!isFollowed(set, context.setValues) || set.inRules === true) readOnce(context.setValues, set.id);
  if (sides.length < set.parts.length) return unknown;
  const obstacle = obstacleOf(set, sides, context);
  if (obstacle) return obstacle === 'never' ? exactly(FALSE) : unknown;
  const found = anyOf(elementsByDevice(set, context).map((of) => forDevices(set, sides, of, context)));
  const protocols = protocolsOf(set, context);
  return protocols ? and(exactly([[protocols]]), found) : found;
}

/** What cannot be told of a packet here, in words; `never`: no packet is in the set. Null: all can be told. */
export function obstacleOf(set: TupleSet, sides: readonly Side[], context: Context): string | null {
  const found = set.parts.map((part, i) => partObstacle(part, sides[i] ?? 'src', context));
  return found.find((one) => one === 'never') ?? found.find((one) => one !== null) ?? null;
}

function partObstacle(part: SetPart, side: Side, { hook }: Context): string | null {
  const routed = hook === 'forward' || hook === 'postrouting';
  switch (part.kind) {
    // Older kernels take the source for it, newer ones the destination, whatever is asked.
    case 'mac':
      return side === 'dst' ? 'kernels differ on which MAC address "dst" is' : null;
    // Before routing there is no output device: `hash_netiface4_kadt` gives up (Linux 6.18).
    case 'interface':
      if (side === 'src') return null;
      return routed ? 'the output device is not known before routing' : 'never';
    // The TTL has been decremented there.
    case 'number':
      return part.field === 'ttl' && routed ? 'the TTL changes before it is looked up' : null;
    case 'address':
    case 'port':
      return null;
  }
}

/** A packet is in the set only if its protocol is one of these: tells apart rules about others. Null: elements name none. */
function protocolsOf(set: TupleSet, { family, setValues }: Context): Lit | null {
  const part = set.parts.find((one) => one.kind === 'port');
  if (part?.kind !== 'port') return null;
  // Whatever elements come to a set that is followed.
  const coming = isFollowed(set, setValues) ? [family === 4 ? 1 : 58, 6, 17, 132, 136] : [];
  const present = [...new Set([...coming, ...part.protocol])].filter((protocol) => !isNeverRead(protocol, family));
  return small(
    'protocol',
    present.sort((a, b) => a - b).map((protocol) => [protocol, protocol] as const),
  );
}

/** `ip_set_get_ip6_port` gives up at "no next header"; protocol 0 is no protocol to its IPv4 sister. */
const isNeverRead = (protocol: number, family: 4 | 6): boolean => protocol === (family === 4 ? 0 : 59);

/** Elements that are about some of the devices. */
interface DeviceElements {
  readonly positions: readonly number[];
  /** Null: all elements. */
  readonly elements: Uint32Array | null;
  /** Name of one of the devices, for the cache; '' where elements do not name any. */
  readonly device: string;
}

function elementsByDevice(set: TupleSet, { devices }: Context): DeviceElements[] {
  const part = set.parts.find((one) => one.kind === 'interface');
  if (part?.kind !== 'interface') return [{ positions: [...devices.keys()], elements: null, device: '' }];
  const lists = new Map<string, DeviceElements>();
  devices.forEach((device, position) => {
    const matching = (name: string, i: number): boolean =>
      part.wildcard[i] === 1 ? device.startsWith(name) : device === name;
    const elements = Uint32Array.from(part.names.keys()).filter((i) => matching(part.names[i]!, i));
    const key = elements.join();
    const known = lists.get(key) ?? { positions: [], elements, device };
    lists.set(key, { ...known, positions: [...known.positions, position] });
  });
  return [...lists.values()];
}

function forDevices(
  set: TupleSet,
  sides: readonly Side[],
  { positions, elements, device }: DeviceElements,
  context: Context,
): Condition {
  if (elements?.length === 0) return exactly(FALSE);
  const values = cached(context.setValues, set.id, `${sides.join()} ${device}`, () =>
    !elements
      ? tupleSetValues(set, sides, context.setValues)
      : hasNetworks(set)
        ? interfaceValues(set, sides, elements)
        : plainValues(set, sides, elements),
  );
  const found = condition(values);
  if (positions.length === context.devices.length) return found;
  const ranges = positions.map((position): Ranges[number] => [position, position]);
  return and(exactly([[small('device', ranges)]]), found);
}

/** Only ipset has elements that hide others. */
const hasNetworks = (set: TupleSet): boolean => set.parts.some((part) => part.kind === 'address' && part.network);

/**
 * hash:net,iface: of the most specific network around the address only that network's own elements are looked at, though they name
 * other devices (`multi` of `mtype_test_cidrs`, Linux 6.18): for this device such a network is an exception.
 */
function interfaceValues(set: TupleSet, sides: readonly Side[], elements: Uint32Array): SetValues {
  const address = set.parts.findIndex(({ kind }) => kind === 'address');
  const part = set.parts[address];
  if (part?.kind !== 'address') throw new Error('bug: an element without an address names a device');
  const own = new Set(elements);
  const others = Uint32Array.from({ length: set.count }, (_, i) => i).filter((i) => !own.has(i));
  const nested = !haveOneLength(part.ranges, set.count);
  const stops = nested ? others.length : 0;
  if (stops === 0 && !set.nomatch) return plainValues(set, sides, elements);
  // Of equal prefixes the last one is the innermost: what names the device stands behind what does not, exceptions behind the rest.
  const isException = (i: number): boolean => set.nomatch?.[i] === 1;
  const order = [
    ...(nested ? others : []),
    ...elements.filter((i) => !isException(i)),
    ...elements.filter(isException),
  ];
  const side = sides[address] ?? 'src';
  const view = {
    ...set,
    kind: 'addresses' as const,
    elements: order.length,
    // What nests is cut into pieces that are no elements any more.
    counters: false,
    ranges: pickRanges(part.ranges, Uint32Array.from(order)),
    timeout: set.timeout && Uint32Array.from(order, (i) => set.timeout?.[i] ?? 0),
    nomatch: Uint8Array.from(order, (i, at) => (at < stops || isException(i) ? 1 : 0)),
  };
  const values = addressValues(view, side, setValueCache(false));
  // Two elements of one network that both name the device, one by a wildcard: the kernel takes the first it comes across.
  const isAmbiguous =
    set.nomatch !== null && set.parts.some((one) => one.kind === 'interface' && one.wildcard.includes(1));
  if (!isAmbiguous && values.may === values.must) return values;
  const members = elements.filter((i) => !isException(i));
  const all = { ...view, elements: members.length, ranges: pickRanges(part.ranges, members) };
  return {
    may: addressValues({ ...all, timeout: null, nomatch: null }, side, setValueCache(false)).may,
    must: values.must,
  };
}

function haveOneLength(ranges: (SetPart & { kind: 'address' })['ranges'], count: number): boolean {
  const first = count > 0 ? prefixLength(ranges, 0) : null;
  for (let i = 0; i < count; i++) if (prefixLength(ranges, i) !== first || first === null) return false;
  return true;
}

function tupleSetValues(set: TupleSet, sides: readonly Side[], cache: SetValueCache): SetValues {
  const all = Uint32Array.from({ length: set.count }, (_, i) => i);
  const { nomatch } = set;
  if (!nomatch) {
    const make: Make = (keep, ends, live) => valueSet(set, sides, keep ?? all, null, ends, live);
    return split(set, make, isFollowed(set, cache) ? followed(cache, set, sides.join()) : null);
  }
  const order = mostSpecificFirst(set, all);
  const ends = permanentElements(set) ? sureEnds(set, set.count) : null;
  // An exception counts for good: what comes back when it goes is not certain.
  const must =
    order &&
    valueSet(
      set,
      sides,
      order,
      Uint8Array.from(order, (i) => nomatch[i]!),
      ends && ends.map((end, i) => (nomatch[i] === 1 ? 0 : end)),
      null,
    );
  if (must && !ends && !hasPortRanges(set)) return { may: must, must };
  const members = all.filter((i) => nomatch[i] !== 1);
  return { may: valueSet(set, sides, members, null, null, null), must };
}

/** Elements of these can be changed in the tables (src/update): an address and a port. Of other sets a change wants a new plan. */
function isFollowed({ parts, nomatch }: TupleSet, { follow }: SetValueCache): boolean {
  return follow !== null && nomatch === null && parts.map(({ kind }) => kind).join() === 'address,port';
}

/** No element is an exception, and no element hides another. */
function plainValues(set: TupleSet, sides: readonly Side[], elements: Uint32Array): SetValues {
  const may = valueSet(set, sides, elements, null, null, null);
  const { timeout } = set;
  const permanent = elements.filter((i) => (timeout?.[i] ?? 0) === 0);
  if (permanent.length === elements.length) return { may, must: may };
  const must =
    set.asOf === undefined
      ? valueSet(set, sides, permanent, null, null, null)
      : valueSet(set, sides, elements, null, sureEnds(set, set.count), null);
  return { may, must };
}

/** Elements of a range of ports are one each in the kernel: an exception of one of them may have been added before or after. */
const hasPortRanges = (set: TupleSet): boolean =>
  set.parts.some((part) => part.kind === 'port' && part.portLo.some((low, i) => low !== part.portHi[i]));

/** As `mtype_test_cidrs` walks: by the length of the first network, then of the second. Null: a network is no prefix. */
function mostSpecificFirst(set: TupleSet, all: Uint32Array): Uint32Array | null {
  const lengths: Uint8Array[] = [];
  for (const part of set.parts) {
    if (part.kind !== 'address' || !part.network) continue;
    const column = new Uint8Array(set.count);
    for (const i of all) {
      const length = prefixLength(part.ranges, i);
      if (length === null) return null;
      column[i] = length;
    }
    lengths.push(column);
  }
  return all.slice().sort((a, b) => {
    for (const column of lengths) if (column[a] !== column[b]) return column[b]! - column[a]!;
    return a - b;
  });
}

/** `ends`: by element. */
function valueSet(
  set: TupleSet,
  sides: readonly Side[],
  order: Uint32Array,
  except: Uint8Array | null,
  ends: Uint32Array | null,
  live: Liveness | null,
): ValueSet {
  const tuples = tuplesOf(set, sides, order, except);
  const expires = ends ? { expires: Uint32Array.from(order, (i) => ends[i]!) } : {};
  const counters = elementCounters(set, order);
  const [only, more] = tuples.columns;
  if (only && !more && !except && !set.parts.some(({ kind }) => kind === 'port'))
    return single(only, counters, expires);
  return { kind: 'tuples', field: 'tuple', ...tuples, counters, ...expires, ...(live && { live }) };
}

/** What is left of one field is a set of that field's. */
function single(
  column: TupleColumn,
  counters: (ValueSet & { kind: 'tuples' })['counters'],
  expires: { readonly expires?: Uint32Array },
): ValueSet {
  if ('ranges' in column)
    return { kind: 'addresses', field: column.field, ranges: column.ranges, named: true, counters, ...expires };
  if ('addresses' in column) return { kind: 'macs', field: 'smac', addresses: column.addresses, ...expires };
  const ranges: Ranges = Array.from(column.lo, (low, i) => [low, column.hi[i]!] as const);
  return expires.expires ? { kind: 'values', field: column.field, ranges, ...expires } : smallSet(column.field, ranges);
}
