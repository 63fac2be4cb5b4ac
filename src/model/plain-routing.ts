/**
 * Routing is plain where one lookup of an address says how every packet from it is routed: no rule chooses tables by the packet, and no
 * prefix leads out of several devices.
 */
import type { AddressFamily } from './address.js';
import type { HostRoute, HostRouting } from './host.js';

/** The assumption by its code. */
export const plainRoutesCode = (family: AddressFamily): 'plain-routes-ip' | 'plain-routes-ip6' =>
  family === 4 ? 'plain-routes-ip' : 'plain-routes-ip6';

/** … and in words. */
export const plainRoutes = (family: AddressFamily): string =>
  `an IPv${String(family)} source is routed by its address alone: no routing rules, no prefix that leads out of several devices`;

/** What is in the way, in words; null: routing is plain. */
export function whyNotPlain(routing: HostRouting, family: AddressFamily): string | null {
  const rules = family === 4 ? routing.rules.ip : routing.rules.ip6;
  if (rules[0] !== undefined) return `a routing rule chooses by the packet (${rules[0]})`;
  if (routing.skipsLinkDown) return 'routes of devices without carrier are left out (ignore_routes_with_linkdown)';
  if (routing.routes === null) return 'there are too many routes to look through';
  const routes = routing.routes.filter((route) => route.family === family);
  const special = routes.find(({ only }) => only !== undefined);
  if (special) return `the route to ${special.prefix} is for some packets only (${special.only ?? ''})`;
  const split = family === 4 ? routes.find(({ devices }) => devices.length > 1) : splitPrefix(routes);
  return split ? `the route to ${split.prefix} leads out of several devices` : null;
}

/**
 * IPv4 knows one route a prefix, that of the least metric. Of IPv6 routes to one prefix, whatever their metrics, rpfilter takes one out of
 * the packet's device where there is one (rt6_device_match, Linux 6.18).
 */
function splitPrefix(routes: readonly HostRoute[]): HostRoute | null {
  const ways = new Map<string, string>();
  for (const route of routes) {
    if (route.devices.length > 1) return route;
    if (isOfEveryDevice(route)) continue;
    const place = `${String(route.table)} ${route.prefix}`;
    const way = `${route.type} ${route.devices[0] ?? ''}`;
    if ((ways.get(place) ?? way) !== way) return route;
    ways.set(place, way);
  }
  return null;
}

/** Link-local and multicast prefixes: nothing is asked about such sources. */
const isOfEveryDevice = ({ prefix }: HostRoute): boolean => /^f(e[89ab]|f)/i.test(prefix);
