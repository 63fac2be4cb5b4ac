/** Routes back to a packet's source, as rpfilter and nft's fib look for them (ipt_rpfilter, ip6t_rpfilter, nft_fib, Linux 6.18). */
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import type { ReversePathMatch } from '../model/match.js';
import { Maybe, negateIf, No, Yes, type Answer } from './answer.js';
import { compareWords, parsePrefix, type Bounds } from './parse-prefix.js';

interface Way extends Bounds {
  /** As `ip route` names it. */
  readonly type: string;
  readonly table: number;
  readonly metric: number;
  readonly devices: readonly string[];
  /** Which packets it is for is not told by their source alone. */
  readonly conditional: boolean;
}

/** What one lookup may find; `none`: no route. Null: anything. */
export type Found = readonly { readonly type: string; readonly devices: readonly string[] }[] | null;

/** The route of a source, whatever else the packet is. */
export type RouteFinder = (source: Uint32Array) => Found;

const none = [{ type: 'none', devices: [] }];

export function routeFinder(facts: HostFacts): RouteFinder {
  const { routing, localRoutes } = facts;
  if (!routing?.routes || localRoutes === null || routing.skipsLinkDown) return () => null;
  const own = localRoutes.map((route) => ({ ...route, devices: [], metric: 0, conditional: false }));
  const others = routing.routes.map((route) => ({ ...route, conditional: route.only !== undefined }));
  const ways = { 4: waysOf(4, [...own, ...others]), 6: waysOf(6, [...own, ...others]) };
  const ruled = { 4: routing.rules.ip.length > 0, 6: routing.rules.ip6.length > 0 };
  return (source) => {
    const family = source.length === 1 ? 4 : 6;
    if (ruled[family]) return null;
    for (const table of [255, 254, 253]) {
      const found = bestIn(ways[family], table, source, family);
      if (found === null) return null;
      if (found.length > 0 && !found.every(({ type }) => type === 'throw')) return found;
    }
    return none;
  };
}

type Told = Omit<Way, 'lo' | 'hi'> & { readonly family: AddressFamily; readonly prefix: string };

function waysOf(family: AddressFamily, routes: readonly Told[]): Way[] {
  return routes
    .filter((route) => route.family === family)
    .map((route): Way => ({ ...route, ...parsePrefix(family, route.prefix) }));
}

/** Routes to the longest prefix; IPv4 takes the one of the least metric, of IPv6 all count. Null: which one depends. */
function bestIn(ways: readonly Way[], table: number, source: Uint32Array, family: AddressFamily): Way[] | null {
  let best: Way[] = [];
  for (const way of ways) {
    if (way.table !== table || compareWords(source, way.lo, 0) < 0 || compareWords(source, way.hi, 0) > 0) continue;
    if (way.conditional) return null;
    const order =
      best[0] === undefined ? -1 : compareWords(best[0].lo, way.lo, 0) || compareWords(way.hi, best[0].hi, 0);
    if (order < 0) best = [way];
    else if (order === 0) best.push(way);
  }
  if (family === 6) return best;
  const least = Math.min(...best.map(({ metric }) => metric));
  return best.filter(({ metric }) => metric === least);
}

const isLinkLocal = (source: Uint32Array): boolean => source.length === 4 && (source[0] ?? 0) >>> 22 === 0x3fa;
const isUnspecified = (source: Uint32Array): boolean => source.every((word) => word === 0);

/** Is the source routed back? Link-local sources are looked up within their device, unspecified ones not always. */
export function matchRoute(match: ReversePathMatch, source: Uint32Array, device: string, find: RouteFinder): Answer {
  if (isLinkLocal(source) || isUnspecified(source)) return Maybe;
  const found = find(source);
  if (found === null) return Maybe;
  const answers = new Set(found.map((way) => accepts(match, way, source.length === 1, device)));
  const [only] = answers;
  return answers.size === 1 && only !== undefined ? negateIf(match.negate, only) : Maybe;
}

function accepts(
  { by, sameDevice, acceptLocal }: ReversePathMatch,
  { type, devices }: NonNullable<Found>[number],
  isIpv4: boolean,
  device: string,
): Answer {
  switch (type) {
    case 'unicast':
      if (!sameDevice) return devices.length > 0 ? Yes : Maybe;
      if (devices.length > 1 && !isIpv4) return Maybe;
      return devices.includes(device) ? Yes : devices.length === 0 ? Maybe : No;
    // Whose device the address is on decides, and the facts do not tell.
    case 'local':
      return acceptLocal ? Maybe : No;
    case 'broadcast':
    case 'anycast':
    case 'multicast':
      return by === 'fib' && isIpv4 ? Maybe : No;
    default:
      return No;
  }
}
