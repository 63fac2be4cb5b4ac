/** Where the stack takes a packet after PREROUTING. */
import type { HostFacts } from '../model/host.js';
import { Maybe, No, Yes, type Answer } from './answer.js';
import { compareWords, parsePrefix, type Bounds } from './parse-prefix.js';
import type { Packet } from './packet.js';
import { routeFinder, type RouteFinder } from './reverse-path.js';

interface TypedBounds extends Bounds {
  readonly type: string;
}

export interface Routing {
  /** Is the destination delivered locally, before any rewriting of it? */
  readonly local: (daddr: Uint32Array) => Answer;
  /** Type in the local table as `inet_addr_type` gives it (IPv4); null where the host's routes are not known. */
  readonly typeOf: (address: Uint32Array) => string | null;
  readonly routeBack: RouteFinder;
}

function longest(routes: readonly TypedBounds[], address: Uint32Array): TypedBounds | null {
  let best: TypedBounds | null = null;
  for (const route of routes) {
    if (route.lo.length !== address.length) continue;
    if (compareWords(address, route.lo, 0) < 0 || compareWords(address, route.hi, 0) > 0) continue;
    if (best === null || compareWords(best.lo, route.lo, 0) < 0 || compareWords(best.hi, route.hi, 0) > 0) best = route;
  }
  return best;
}

const isMulticast = (address: Uint32Array): boolean =>
  address.length === 1 ? (address[0] ?? 0) >>> 28 === 0xe : (address[0] ?? 0) >>> 24 === 0xff;

export function routeOf(facts: HostFacts): Routing {
  const routesKnown = facts.localRoutes !== null;
  const typed = (facts.localRoutes ?? []).map((route) => ({
    ...parsePrefix(route.family, route.prefix),
    type: route.type,
    table: route.table,
  }));
  const first = typed.filter((route) => route.table === 255);
  const other = typed.filter((route) => route.table !== 255);
  return {
    routeBack: routeFinder(facts),
    local: (daddr) => {
      if (isMulticast(daddr)) return Yes;
      // 0.0.0.0 to 0.0.0.0 is taken as a broadcast; from elsewhere it is martian.
      if (daddr.length === 1 && (daddr[0] === 0xffffffff || daddr[0] === 0)) return Yes;
      if (!routesKnown) return Maybe;
      if (longest(first, daddr) !== null) return Yes;
      // Rules may point anywhere: a local route in another table counts for some packets.
      return longest(other, daddr) === null ? No : Maybe;
    },
    typeOf: (address) => {
      const word = address[0] ?? 0;
      // __inet_dev_addr_type; since 5.3 only 0.0.0.0 itself is a "zero network".
      if (word === 0 || word === 0xffffffff) return 'BROADCAST';
      if (isMulticast(address)) return 'MULTICAST';
      if (!routesKnown) return null;
      return (longest(first, address)?.type ?? 'unicast').toUpperCase();
    },
  };
}

/** Why the stack surely discards the packet after PREROUTING whatever its route (`ip_route_input_slow`), or null. */
export function martian(packet: Packet): string | null {
  if (packet.sourceRouted) return 'source routing is refused';
  if (packet.family === 6) return null;
  const source = packet.saddr[0] ?? 0;
  const destination = packet.daddr[0] ?? 0;
  if (source >>> 28 === 0xe || source === 0xffffffff) return 'martian source';
  if (source === 0 && destination !== 0 && destination !== 0xffffffff && destination >>> 28 !== 0xe) {
    return 'martian source';
  }
  return destination === 0 && source !== 0 ? 'martian destination' : null;
}

/** Why `ip_forward` or `ip6_forward` surely discards it before its hook, or null. `ttlKnown`: nothing has rewritten it. */
export function notForwarded(packet: Packet, ttlKnown: boolean): string | null {
  if (packet.packetType !== 'host') return 'broadcast frame is not forwarded';
  return ttlKnown && packet.ttl <= 1 ? 'TTL runs out' : null;
}
