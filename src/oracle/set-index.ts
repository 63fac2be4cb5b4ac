/** Named sets: what `ip_set_test` and nft lookups answer for a packet. */
import type { SetMatch } from '../model/match.js';
import type { Ruleset } from '../model/ruleset.js';
import type { AddressFamily } from '../model/address.js';
import type { NamedSet, PortSet, SetId } from '../model/set.js';
import type { SmallTupleField } from '../model/tuples.js';
import { indexAddresses } from './address-index.js';
import { Maybe, No, Yes, type Answer } from './answer.js';
import { indexTuples } from './tuple-set.js';

/** One side of a packet as a set reads it; null where it is not known. */
export interface SetKey {
  readonly family: AddressFamily;
  /** Seconds since the epoch; null where the time is not known. */
  readonly at: number | null;
  readonly address: (side: 'src' | 'dst') => Uint32Array | null;
  /** `none`: the kernel's `ip_set_get_ip4_port` gives up, so no element matches. */
  readonly port: (side: 'src' | 'dst') => { readonly protocol: number; readonly port: number | null } | 'none' | null;
  /** 48-bit number; 0 is looked up by no set. */
  readonly mac: (side: 'src' | 'dst') => number | null;
  /** The device that the packet comes in or goes out by; '': none. */
  readonly device: (side: 'src' | 'dst') => string | null;
  /** A field of an nft concatenation. `none`: the packet is too short for it. */
  readonly number: (field: SmallTupleField) => number | 'none' | null;
}

export type SetTest = (dimensions: SetMatch['dimensions'], key: SetKey) => Answer;

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
      case 'tuples':
        return indexTuples(set);
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

/** Looking a packet up may change the set, or one of its members. */
export function learningSets(ruleset: Ruleset): (id: SetId) => boolean {
  const visit = (id: SetId, depth: number): boolean => {
    const set = ruleset.sets.get(id);
    if (set?.kind === 'opaque') return set.learns === true;
    return set?.kind === 'list' && depth < 8 && set.members.some((member) => visit(member, depth + 1));
  };
  return (id) => visit(id, 0);
}
