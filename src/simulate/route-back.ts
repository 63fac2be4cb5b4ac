/** How the kernel answers when the program asks how a source is routed (bpf/reverse.h), from the routes of a host. */
import type { AddressFamily } from '../model/address.js';
import { ReversePath } from '../model/field.js';
import type { HostFacts, HostRoute } from '../model/host.js';
import { rangesOfPrefixes } from '../model/prefix.js';
import { indexRanges, type AddressLookup } from './address-index.js';

/** Value of the field `reversePath` of a source, words most significant first. */
export type RouteBack = (family: AddressFamily, source: Uint32Array) => number;

/** The tables that the rules of every host name, in their order: local, main, default. */
const tables: Readonly<Record<AddressFamily, readonly number[]>> = { 4: [255, 254, 253], 6: [255, 254] };

type Route = Pick<HostRoute, 'prefix' | 'table' | 'devices' | 'metric'> & {
  readonly type: HostRoute['type'] | 'own';
};

interface RouteTable {
  readonly routes: readonly Route[];
  readonly lookup: AddressLookup;
}

const { unknown, refused, unforwarded, otherDevice, sameDevice } = ReversePath;

const lengthOf = ({ prefix }: Route): number => Number(prefix.split('/')[1]);

/** Those that are taken first come first: longer ones, then of the least metric. */
function tableOf(family: AddressFamily, all: readonly Route[], table: number): RouteTable {
  const routes = all
    .filter((route) => route.table === table)
    .sort((a, b) => lengthOf(b) - lengthOf(a) || a.metric - b.metric);
  const prefixes = routes.map(({ prefix }) => prefix);
  return { routes, lookup: indexRanges(rangesOfPrefixes(family, prefixes), null) };
}

function tablesOf({ localRoutes, routing }: HostFacts, family: AddressFamily): RouteTable[] {
  const own = (localRoutes ?? []).map((route) => ({ ...route, type: 'own', devices: [], metric: 0 }) as const);
  const all = [...own, ...(routing?.routes ?? [])].filter((route) => route.family === family);
  return tables[family].map((table) => tableOf(family, all, table));
}

/** The kernel says nothing of addresses that stay on a link (rt6_need_strict, Linux 6.18). */
function staysOnLink(source: Uint32Array): boolean {
  const first = source[0]!;
  const isLoopback = source[3] === 1 && first === 0 && source[1] === 0 && source[2] === 0;
  return isLoopback || first >>> 24 === 0xff || first >>> 22 === 0x3fa;
}

/** Without the host's routes every answer is "not known". */
export function routeBack(facts: HostFacts, device: string): RouteBack {
  const { routing, localRoutes } = facts;
  if (!routing?.routes || localRoutes === null) return () => unknown;
  const answers = { 4: routing.answers.ip === true, 6: routing.answers.ip6 === true };
  const built = { 4: tablesOf(facts, 4), 6: tablesOf(facts, 6) };
  return (family, source) => {
    if (!answers[family]) return unknown;
    if (family === 6 && staysOnLink(source)) return unforwarded;
    for (const { routes, lookup } of built[family]) {
      const first = Math.min(...lookup(source));
      const route = routes[first];
      if (route === undefined || route.type === 'throw') continue;
      if (route.type === 'own') return unforwarded;
      if (route.type !== 'unicast') return refused;
      return route.devices.includes(device) ? sameDevice : otherDevice;
    }
    return unforwarded;
  };
}
