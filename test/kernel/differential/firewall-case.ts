/** One ruleset of the suite. */
import type { HostFacts, HostRoute } from '../../../src/model/host.js';
import { backends, type Backend } from './backend.js';
import { senderMac, targetMac } from './frame.js';

export interface FirewallCase {
  readonly name: string;
  /** Dumps as iptables-save, ip6tables-save, ipset save and nft list ruleset write them; null where the host has none. */
  readonly v4: string | null;
  readonly v6: string | null;
  readonly sets: string | null;
  readonly nft: string | null;
  readonly forwarding: boolean;
  /** More lines for `ip -batch` in the target: routes, addresses. */
  readonly ip?: readonly string[];
  /** More values of /proc/sys in the target, by path below it. */
  readonly sysctl?: Readonly<Record<string, number>>;
}

/** Dump files of the case: name and text. */
export function dumpsOf({ v4, v6, sets, nft }: FirewallCase): { readonly name: string; readonly text: string }[] {
  const dumps = [
    { name: 'ipset.save', text: sets },
    { name: 'rules.v4', text: v4 },
    { name: 'rules.v6', text: v6 },
    { name: 'ruleset.nft', text: nft },
  ];
  return dumps.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]));
}

/** With what iptables rules are loaded; a host that has none is the same with either. */
export const backendsOf = ({ v4, v6 }: FirewallCase): readonly Backend[] =>
  v4 === null && v6 === null ? ['nft'] : backends;

const local = (
  family: 4 | 6,
  type: 'local' | 'broadcast' | 'multicast' | 'anycast',
  ...prefixes: string[]
): NonNullable<HostFacts['localRoutes']> => prefixes.map((prefix) => ({ family, prefix, type, table: 255 }));

const route = (family: 4 | 6, prefix: string, device: string): HostRoute => ({
  family,
  prefix,
  type: 'unicast',
  table: 254,
  metric: family === 4 ? 0 : 1024,
  devices: [device],
});

/** What `topology.ts` builds, as facts of a host. */
export function bedFacts(forwarding: boolean): HostFacts {
  const device = (name: string, ifindex: number, mac: number): HostFacts['devices'][number] => ({
    name,
    ifindex,
    mac,
    mtu: 1500,
    kind: name === 'lo' ? null : 'veth',
    master: null,
    upper: [],
  });
  return {
    forwarding: { ip: forwarding, ip6: forwarding },
    localRoutes: [
      ...local(4, 'local', '127.0.0.0/8', '127.0.0.1/32', '192.0.2.1/32', '198.51.100.1/32'),
      ...local(4, 'broadcast', '127.255.255.255/32', '192.0.2.255/32', '198.51.100.255/32'),
      ...local(6, 'local', '::1/128', '2001:db8:1::1/128', '2001:db8:2::1/128', 'fe80::1/128'),
      ...local(6, 'multicast', 'ff00::/8'),
      // a router answers to the subnet-router anycast addresses of its prefixes; its prefixes here are noprefixroute but for link-local
      ...(forwarding ? local(6, 'anycast', '2001:db8:1::/128', '2001:db8:2::/128', 'fe80::/128') : []),
    ],
    devices: [device('lo', 1, 0), device('eth0', 2, targetMac), device('eth1', 4, targetMac + 0x100)],
    ipsec: false,
    routing: {
      answers: { ip: forwarding, ip6: forwarding },
      rules: { ip: [], ip6: [] },
      skipsLinkDown: false,
      routes: [
        route(4, '0.0.0.0/0', 'eth1'),
        route(4, '192.0.2.0/24', 'eth0'),
        route(6, '::/0', 'eth1'),
        route(6, '2001:db8:1::/64', 'eth0'),
        route(6, 'fe80::/64', 'eth0'),
        route(6, 'fe80::/64', 'eth1'),
      ],
    },
  };
}

export const peerMac = senderMac;
