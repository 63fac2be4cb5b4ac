/** Named sets: what `ip_set_test` and nft lookups answer for a packet. */
import type { SetMatch } from '../model/match.js';
import type { Ruleset } from '../model/ruleset.js';
import type { AddressPortSet, NamedSet, PortSet, SetId } from '../model/set.js';
import { indexAddresses, type AddressTest } from './address-index.js';
import { Maybe, No, Yes, type Answer } from './answer.js';

/** One side of a packet as a set reads it; null where it is not known. */
export interface SetKey {
  /** Seconds since the epoch; null where the time is not known. */
  readonly at: number | null;
  readonly address: (side: 'src' | 'dst') => Uint32Array | null;
  /** `none`: the kernel's `ip_set_get_ip4_port` gives up, so no element matches. */
  readonly port: (side: 'src' | 'dst') => { readonly protocol: number; readonly port: number | null } | 'none' | null;
}

export type SetTest = (dimensions: SetMatch['dimensions'], key: SetKey) => Answer;

interface PortGroup {
  readonly lo: number;
  readonly hi: number;
  readonly test: AddressTest;
}

/** Elements of one (protocol, port range), each group with its own address index: specificity is per group in the kernel too. */
function groupByPort(set: AddressPortSet): ReadonlyMap<number, readonly PortGroup[]> {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < set.ranges.count; i++) {
    const name = `${String(set.protocol[i])} ${String(set.portLo[i])} ${String(set.portHi[i])}`;
    const list = groups.get(name);
    if (list === undefined) groups.set(name, [i]);
    else list.push(i);
  }
  const byProtocol = new Map<number, PortGroup[]>();
  for (const [name, list] of groups) {
    const [protocol = 0, lo = 0, hi = 0] = name.split(' ').map(Number);
    const group = { lo, hi, test: indexAddresses(set.ranges, set, Uint32Array.from(list), set.asOf ?? null) };
    // Single ports are looked up by (protocol, port), ranges by protocol alone.
    const key = lo === hi ? protocol * 65536 + lo : -1 - protocol;
    const known = byProtocol.get(key);
    if (known === undefined) byProtocol.set(key, [group]);
    else known.push(group);
  }
  return byProtocol;
}

function indexAddressPorts(set: AddressPortSet): SetTest {
  const groups = groupByPort(set);
  const family = set.ranges.family;
  const protocols = new Set(set.protocol);
  return (dimensions, key) => {
    const [addressSide, portSide] = dimensions;
    if (addressSide === undefined || portSide === undefined) return No;
    const address = key.address(addressSide);
    const port = key.port(portSide);
    if (port === 'none' || (address !== null && address.length !== (family === 4 ? 1 : 4))) return No;
    if (address === null || port === null) return Maybe;
    if (port.port === null) return protocols.has(port.protocol) ? Maybe : No;
    const candidates = [
      ...(groups.get(port.protocol * 65536 + port.port) ?? []),
      ...(groups.get(-1 - port.protocol) ?? []),
    ];
    let answer: Answer = No;
    for (const group of candidates) {
      if (port.port < group.lo || port.port > group.hi) continue;
      const one = group.test(address, key.at);
      if (one === Yes) return Yes;
      if (one === Maybe) answer = Maybe;
    }
    return answer;
  };
}

function indexPorts(set: PortSet): SetTest {
  /** Second until which an element with the port is surely there; -1: there is none. */
  const surely = new Float64Array(65536).fill(-1);
  for (let i = 0; i < set.portLo.length; i++) {
    const left = set.timeout?.[i] ?? 0;
    const until = left === 0 ? Infinity : set.asOf === undefined || left === 1 ? 0 : set.asOf + left;
    for (let port = set.portLo[i] ?? 0; port <= (set.portHi[i] ?? -1); port++) {
      surely[port] = Math.max(surely[port] ?? -1, until);
    }
  }
  return (dimensions, key) => {
    const side = dimensions[0];
    if (side === undefined) return No;
    const port = key.port(side);
    if (port === null) return Maybe;
    // ip_set_get_ip_port: bitmap:port knows TCP and UDP only.
    if (port === 'none' || (port.protocol !== 6 && port.protocol !== 17)) return No;
    if (port.port === null) return Maybe;
    const until = surely[port.port] ?? -1;
    if (until < 0) return No;
    return until === Infinity || (key.at !== null && key.at < until) ? Yes : Maybe;
  };
}

function indexAddressSet(set: NamedSet & { kind: 'addresses' }): SetTest {
  const test = indexAddresses(set.ranges, set, null, set.asOf ?? null);
  const words = set.ranges.family === 4 ? 1 : 4;
  return (dimensions, key) => {
    const side = dimensions[0];
    if (side === undefined) return No;
    const address = key.address(side);
    if (address === null) return Maybe;
    return address.length === words ? test(address, key.at) : No;
  };
}

function indexList(members: readonly SetTest[], timeout: Uint32Array | null): SetTest {
  return (dimensions, key) => {
    let answer: Answer = No;
    for (const [i, member] of members.entries()) {
      const one = member(dimensions, key);
      if (one === Yes && (timeout?.[i] ?? 0) === 0) return Yes;
      if (one !== No) answer = Maybe;
    }
    return answer;
  };
}

const unknownSet: SetTest = () => Maybe;

/** @returns The test of a set by id, built on first use. Sets in `changing` are written by the ruleset itself: nothing is known. */
export function indexSets(ruleset: Ruleset, changing: ReadonlySet<string>): (id: SetId) => SetTest {
  const built = new Map<SetId, SetTest>();
  const build = (id: SetId): SetTest => {
    const set = ruleset.sets.get(id);
    if (set === undefined || changing.has(set.name)) return unknownSet;
    switch (set.kind) {
      case 'addresses':
        return indexAddressSet(set);
      case 'addressPorts':
        return indexAddressPorts(set);
      case 'ports':
        return indexPorts(set);
      case 'list':
        return indexList(set.members.map(lookup), set.timeout);
      case 'opaque':
        return unknownSet;
    }
  };
  const lookup = (id: SetId): SetTest => {
    const known = built.get(id);
    if (known !== undefined) return known;
    built.set(id, unknownSet); // a list that contains itself
    const test = build(id);
    built.set(id, test);
    return test;
  };
  return lookup;
}
