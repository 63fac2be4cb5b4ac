/**
 * What the routing code makes of a destination address, as address sets.
 *
 * IPv4 (`ip_route_input_slow`, `__inet_dev_addr_type`): 255.255.255.255 and 0.0.0.0 count as broadcast (since 5.3 the rest of 0/8 is
 * ordinary and forwarded: 96125bf9985a), 224/4 as multicast, else the local table decides. IPv6: routes of the local table; ff00::/8 is multicast.
 */
import type { AddressFamily, AddressRanges } from '../model/address.js';
import type { HostFacts, LocalRoute } from '../model/host.js';
import { rangesOfPrefixes } from '../model/prefix.js';
import type { ValueSet } from './logic.js';

/**
 * `delivered`: packets for it reach INPUT or are lost, never FORWARD.
 * `ambiguous`: policy routing or multicast routing may do either.
 * `own`: addresses of the host itself.
 * `looped`: destinations of which the host's own packets come back to it.
 * `grouped`: broadcast, anycast and multicast addresses of any table.
 */
export type HostSetName =
  | 'looped'
  | 'grouped'
  | 'delivered'
  | 'ambiguous'
  | 'own'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'notUnicast';

const localTable = 255;

const always: Readonly<
  Record<AddressFamily, { readonly broadcast: readonly string[]; readonly multicast: readonly string[] }>
> = {
  4: { broadcast: ['0.0.0.0/32', '255.255.255.255/32'], multicast: ['224.0.0.0/4'] },
  6: { broadcast: [], multicast: ['ff00::/8'] },
};

/** What has no source address yet (DHCP, duplicate address detection) also comes from the host itself. */
const unspecified: Readonly<Record<AddressFamily, string>> = { 4: '0.0.0.0/32', 6: '::/128' };

function prefixes(
  name: HostSetName,
  family: AddressFamily,
  localRoutes: readonly LocalRoute[],
  multicastRouted: boolean,
): string[] {
  const routes = localRoutes.filter((route) => route.family === family);
  const inLocal = (type: LocalRoute['type']): string[] =>
    routes.filter((route) => route.table === localTable && route.type === type).map((route) => route.prefix);
  const { broadcast, multicast } = always[family];
  switch (name) {
    case 'LOCAL':
      return inLocal('local');
    case 'BROADCAST':
      return [...inLocal('broadcast'), ...broadcast];
    case 'ANYCAST':
      return inLocal('anycast');
    case 'looped':
      return [...inLocal('broadcast'), ...inLocal('multicast'), ...broadcast, ...multicast];
    case 'grouped':
      return [
        ...routes.filter((route) => route.type !== 'local').map((route) => route.prefix),
        ...broadcast,
        ...multicast,
      ];
    case 'MULTICAST':
      return multicast.slice();
    case 'own':
      return [...routes.filter((route) => route.type === 'local').map((route) => route.prefix), unspecified[family]];
    case 'ambiguous':
      return [
        ...routes.filter((route) => route.table !== localTable).map((route) => route.prefix),
        ...(multicastRouted ? multicast : []),
      ];
    case 'delivered':
    case 'notUnicast':
      return [
        ...inLocal('local'),
        ...inLocal('broadcast'),
        ...inLocal('anycast'),
        ...inLocal('multicast'),
        ...broadcast,
        ...multicast,
      ];
  }
}

/** The host's address sets for one family, made once each. Where its routes are not known they are symbols. */
export interface HostSets {
  readonly get: (name: HostSetName, field: 'saddr' | 'daddr') => ValueSet;
  /** Null when the host's routes are not known. */
  readonly ranges: (name: HostSetName) => AddressRanges | null;
}

export function hostSets(facts: HostFacts | null, family: AddressFamily): HostSets {
  const made = new Map<string, ValueSet>();
  const ranges = (name: HostSetName): AddressRanges | null =>
    facts?.localRoutes
      ? rangesOfPrefixes(family, prefixes(name, family, facts.localRoutes, facts.multicastRouting === true))
      : null;
  const make = (name: HostSetName, field: 'saddr' | 'daddr'): ValueSet => {
    const known = ranges(name);
    return known
      ? { kind: 'addresses', field, ranges: known, named: true, counters: null }
      : { kind: 'host', field, name };
  };
  return {
    ranges,
    get: (name, field) => {
      const key = `${name} ${field}`;
      const set = made.get(key) ?? make(name, field);
      made.set(key, set);
      return set;
    },
  };
}
