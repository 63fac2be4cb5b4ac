/** How sources are routed: routes that are not the host's own, routing rules, and whether the kernel answers questions about them. */
import { readFileSync } from 'node:fs';
import type { AddressFamily } from '../model/address.js';
import type { HostRoute, HostRouting } from '../model/host.js';
import { ipJson, runIp } from './command.js';
import { cidr } from './local-routes.js';
import { devicesWithSysctls, readSysctl } from './sysctl.js';

/** Routes that are read: a router with the whole Internet's is told apart by their number alone. */
const mostRoutes = 5_000;

export function readRouting(): HostRouting {
  return {
    answers: { ip: readAnswers('ipv4'), ip6: readAnswers('ipv6') },
    rules: { ip: unusualRules(4), ip6: unusualRules(6) },
    skipsLinkDown: (['ipv4', 'ipv6'] as const).some((family) =>
      ['all', ...devicesWithSysctls(family)].some(
        (device) => (readSysctl(family, device, 'ignore_routes_with_linkdown') ?? 0) !== 0,
      ),
    ),
    routes: countRoutes() > mostRoutes ? null : ([4, 6] as const).flatMap(readRoutes),
  };
}

/** bpf_fib_lookup answers by the device that it is asked as, where that forwards. */
function readAnswers(family: 'ipv4' | 'ipv6'): boolean | null {
  const value = readSysctl(family, 'lo', 'forwarding');
  return value === null ? null : value !== 0;
}

/** Tables that every host's rules name, in their order: local, main, default (IPv4). */
const usual = ['from all lookup 255', 'from all lookup 254', 'from all lookup 253'];

function unusualRules(family: AddressFamily): string[] {
  const rules = runIp([`-${family}`, '-N', 'rule', 'show'])
    .split('\n')
    .map((line) => line.replace(/^\d+:/, '').trim())
    .filter((line) => line !== '');
  const others = rules.filter((rule) => !usual.includes(rule));
  // No rules at all: the family is not in the kernel.
  const complete = rules.length === 0 || (rules[0] === usual[0] && rules[1] === usual[1] && rules.length <= 3);
  return others.length > 0 || complete ? others : ['the usual rules are not all there'];
}

/** Prefixes in IPv4's tables, entries of IPv6's; 0 where nobody says. */
function countRoutes(): number {
  const four = [...readText('/proc/net/fib_triestat').matchAll(/Prefixes:\s*(\d+)/g)];
  const six = readText('/proc/net/rt6_stats').split(' ')[3] ?? '0';
  return four.reduce((sum, [, count]) => sum + Number(count), 0) + parseInt(six, 16);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

interface RouteJson {
  readonly dst: string;
  /** Number as text with -N; missing for unicast. */
  readonly type?: string;
  readonly table?: string | number;
  readonly metric?: number;
  readonly dev?: string;
  readonly nexthops?: readonly { readonly dev?: string; readonly encap?: string }[];
  readonly tos?: string;
  readonly from?: string;
  readonly encap?: string;
}

/** RTN_…, linux/rtnetlink.h; types that are not here are the host's own. */
const types: Readonly<Record<string, HostRoute['type']>> = {
  1: 'unicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
};
const mainTable = 254;

function readRoutes(family: AddressFamily): HostRoute[] {
  const listed = ipJson([`-${family}`, '-N', '-j', 'route', 'show', 'table', 'all']) as readonly RouteJson[];
  return listed.flatMap((route): HostRoute[] => {
    const { dst, table, metric, dev, nexthops } = route;
    const type = types[route.type ?? 1];
    if (type === undefined) return [];
    const hops = nexthops?.map((hop) => hop.dev) ?? [dev];
    const only = (['tos', 'from', 'encap'] as const).find(
      (what) => route[what] !== undefined || (what === 'encap' && nexthops?.some(({ encap }) => encap !== undefined)),
    );
    return [
      {
        family,
        prefix: cidr(dst, family),
        type,
        table: table === undefined ? mainTable : Number(table),
        metric: metric ?? 0,
        devices: type === 'unicast' ? [...new Set(hops.filter((name) => name !== undefined))] : [],
        ...(only !== undefined && { only }),
      },
    ];
  });
}
