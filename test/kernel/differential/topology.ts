/**
 * The test bed: one sender namespace and any number of targets that look the same from the inside (names, MACs, addresses, routes),
 * so that whatever differs between two of them is the firewall's doing.
 *
 *   sender: <label>0 ──── eth0 192.0.2.1, 2001:db8:1::1      target (one per firewall variant)
 *           <label>1 ──── eth1 198.51.100.1, 2001:db8:2::1
 *
 * Everything that is not local is routed to eth1's neighbour; neighbours are static, so nothing waits for ARP or ND. The target's own
 * chatter (ND, MLD, IGMP) is dropped on output by the probes.
 */
import { spawnSync } from 'node:child_process';
import type { Net } from '../namespace.js';

export interface Target {
  readonly name: string;
  /** Devices in the sender namespace: where frames are injected, and where forwarded ones come out. */
  readonly near: string;
  readonly far: string;
}

export interface Bed {
  readonly sender: string;
  readonly targets: readonly Target[];
}

export interface HostSettings {
  readonly forwarding: boolean;
  /** More commands for `ip -batch` in every target (routes, addresses). */
  readonly ip?: readonly string[];
  /** More values of /proc/sys in every target, by path below it; set last. */
  readonly sysctl?: Readonly<Record<string, number>>;
}

/** 02:00:00:00:00:01 as text for a 48-bit number. */
export const macText = (mac: number): string =>
  mac
    .toString(16)
    .padStart(12, '0')
    .replace(/(..)(?!$)/g, '$1:');

function batch(ns: string, lines: readonly string[]): void {
  const done = spawnSync('ip', ['-n', ns, '-batch', '-'], { input: lines.join('\n'), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`ip -batch in ${ns}: ${done.stderr}`);
}

/** Values of /proc/sys, by path below it. */
function sysctl(ns: string, values: Readonly<Record<string, number | string>>): void {
  const script = Object.entries(values)
    .map(([key, value]) => `echo '${value}' > /proc/sys/${key}`)
    .join('\n');
  const done = spawnSync('nsenter', [`--net=/run/netns/${ns}`, 'sh', '-e'], { input: script, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`sysctl in ${ns}: ${done.stderr}`);
}

const targetSettings = (forwarding: boolean): Record<string, number | string> => ({
  'net/ipv4/conf/all/rp_filter': 0,
  'net/ipv4/conf/default/rp_filter': 0,
  // answers must not be lost to rate limits, or "rejected" would look like "dropped"
  'net/ipv4/icmp_ratelimit': 0,
  'net/ipv4/icmp_msgs_per_sec': 1000000,
  'net/ipv4/icmp_msgs_burst': 100000,
  'net/ipv4/icmp_echo_ignore_broadcasts': 1,
  'net/ipv6/icmp/ratelimit': 0,
  'net/ipv4/ip_forward': forwarding ? 1 : 0,
  'net/ipv6/conf/all/forwarding': forwarding ? 1 : 0,
  'net/ipv6/conf/default/accept_ra': 0,
  'net/ipv6/conf/default/accept_dad': 0,
  'net/ipv6/conf/default/router_solicitations': 0,
  'net/ipv6/conf/default/addr_gen_mode': 1,
});

const targetLines = (): string[] => [
  'addr add 192.0.2.1/24 brd 192.0.2.255 dev eth0 noprefixroute',
  'addr add 198.51.100.1/24 brd 198.51.100.255 dev eth1 noprefixroute',
  'addr add 2001:db8:1::1/64 dev eth0 nodad noprefixroute',
  'addr add 2001:db8:2::1/64 dev eth1 nodad noprefixroute',
  'addr add fe80::1/64 dev eth0 nodad',
  'addr add fe80::1/64 dev eth1 nodad',
  'neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 nud permanent dev eth0',
  'neigh add 198.51.100.2 lladdr 02:00:00:00:01:02 nud permanent dev eth1',
  'neigh add fe80::2 lladdr 02:00:00:00:00:02 nud permanent dev eth0',
  'neigh add fe80::2 lladdr 02:00:00:00:01:02 nud permanent dev eth1',
  'route add 192.0.2.0/24 via 192.0.2.2 dev eth0 onlink',
  'route add default via 198.51.100.2 dev eth1 onlink',
  'route add 2001:db8:1::/64 via fe80::2 dev eth0',
  'route add ::/0 via fe80::2 dev eth1',
];

function createTarget(net: Net, sender: string, label: string, settings: HostSettings): Target {
  const name = net.namespace(label);
  sysctl(name, targetSettings(settings.forwarding));
  const pair = (device: string, mac: string, peer: string, peerMac: string): string[] => [
    `link add ${device} address ${mac} numrxqueues 1 numtxqueues 1 type veth peer name ${peer} netns ${sender} address ${peerMac} numrxqueues 1 numtxqueues 1`,
  ];
  batch(name, [
    ...pair('eth0', '02:00:00:00:00:01', `${label}0`, '02:00:00:00:00:02'),
    ...pair('eth1', '02:00:00:00:01:01', `${label}1`, '02:00:00:00:01:02'),
  ]);
  batch(sender, [`link set ${label}0 arp off up`, `link set ${label}1 arp off up`]);
  batch(name, ['link set eth0 up', 'link set eth1 up', ...targetLines(), ...(settings.ip ?? [])]);
  if (settings.sysctl) sysctl(name, settings.sysctl);
  return { name, near: `${label}0`, far: `${label}1` };
}

/** Labels name the targets and, with 0 and 1 behind them, their peers: at most 14 characters. */
export function createBed(net: Net, labels: readonly string[], settings: HostSettings): Bed {
  const sender = net.namespace('sender');
  sysctl(sender, {
    'net/ipv6/conf/default/disable_ipv6': 1,
    'net/ipv6/conf/all/disable_ipv6': 1,
    'net/ipv4/ip_forward': 0,
  });
  return { sender, targets: labels.map((label) => createTarget(net, sender, label, settings)) };
}
