/**
 * A host between two networks, with real stacks on all sides. XDP covers eth0.
 *
 *   outside (out0) ──── eth0  host  eth1 ──── (in0) inside
 *
 * `bad` are addresses of outside that the rulesets block, `good` ones that they don't. Addresses by family.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { withNamespaces, type Net } from '../namespace.js';
import type { Backend } from '../differential/backend.js';
import { inside as command, restore } from '../differential/firewall.js';
import type { Filtered, Filtering } from './prefilter.js';
import { startAgent, type Remote } from './remote.js';

export const addresses = {
  4: { host: '192.0.2.1', good: '192.0.2.2', bad: '203.0.113.7', gateway: '198.51.100.1', inside: '198.51.100.2' },
  6: {
    host: '2001:db8:1::1',
    good: '2001:db8:1::2',
    bad: '2001:db8:77::7',
    gateway: '2001:db8:2::1',
    inside: '2001:db8:2::2',
  },
} as const;
export const families = [4, 6] as const;
export type Addresses = (typeof addresses)[4 | 6];

/** Addresses of the devices that frames are made for. */
export const macs = { host: 0x020000000001, outside: 0x020000000002 };

export interface Rules {
  readonly v4?: string;
  readonly v6?: string;
}

export interface HostBed {
  readonly net: Net;
  readonly names: { readonly host: string; readonly outside: string; readonly inside: string };
  readonly host: Remote;
  readonly outside: Remote;
  readonly inside: Remote;
  readonly files: readonly string[];
  /** Loads rulesets into netfilter and plans, compiles and attaches their prefilter; the residual is loaded last, as `apply` does. */
  readonly protect: (rules: Rules, filtering?: Filtering) => Promise<Filtered>;
  /** Packets that passed a rule of the host, by a piece of its text as iptables-save writes it; all that contain it together. */
  readonly hits: (text: string, tool?: 'iptables' | 'ip6tables') => number;
  /** Sends frames from outside to the host, and waits until it has taken them. */
  readonly inject: (...frames: readonly Uint8Array[]) => Promise<void>;
  /** Packets that XDP has dropped since the last call or `protect`. */
  readonly early: () => Promise<number>;
}

const lines = (ns: string, batch: readonly string[]): string => command(ns, 'ip', ['-batch', '-'], batch.join('\n'));

function connect(net: Net): HostBed['names'] {
  const [host, outside, inside] = [net.namespace('host'), net.namespace('outside'), net.namespace('inside')];
  net.veth(host, 'eth0', outside, 'out0');
  net.veth(host, 'eth1', inside, 'in0');
  const [v4, v6] = [addresses[4], addresses[6]];
  lines(host, [
    'link set eth0 address 02:00:00:00:00:01',
    `addr add ${v4.host}/24 dev eth0`,
    `addr add ${v6.host}/64 dev eth0 nodad`,
    `addr add ${v4.gateway}/24 dev eth1`,
    `addr add ${v6.gateway}/64 dev eth1 nodad`,
    // a neighbour solicitation from a blocked address is blocked as well: nobody asks
    `neigh add ${v4.good} lladdr 02:00:00:00:00:02 nud permanent dev eth0`,
    `neigh add ${v6.good} lladdr 02:00:00:00:00:02 nud permanent dev eth0`,
    `route add 203.0.113.0/24 via ${v4.good}`,
    `route add 2001:db8:77::/64 via ${v6.good}`,
  ]);
  lines(outside, [
    'link set out0 address 02:00:00:00:00:02',
    `addr add ${v4.good}/24 dev out0`,
    `addr add ${v6.good}/64 dev out0 nodad`,
    `neigh add ${v4.host} lladdr 02:00:00:00:00:01 nud permanent dev out0`,
    `neigh add ${v6.host} lladdr 02:00:00:00:00:01 nud permanent dev out0`,
    `addr add ${v4.bad}/32 dev out0`,
    `addr add ${v6.bad}/128 dev out0 nodad`,
    `route add 198.51.100.0/24 via ${v4.host}`,
    `route add 2001:db8:2::/64 via ${v6.host}`,
  ]);
  lines(inside, [
    `addr add ${v4.inside}/24 dev in0`,
    `addr add ${v6.inside}/64 dev in0 nodad`,
    `route add default via ${v4.gateway}`,
    `route add default via ${v6.gateway}`,
  ]);
  return { host, outside, inside };
}

/** Values of /proc/sys in a namespace, by path below it. */
export function sysctl(ns: string, values: Readonly<Record<string, number>>): void {
  command(
    ns,
    'sh',
    ['-e'],
    Object.entries(values)
      .map(([key, value]) => `echo ${value} > /proc/sys/${key}\n`)
      .join(''),
  );
}

/** Until frames count as lost, which a thousand at once may be. */
const looks = 20;

export interface BedOptions {
  readonly backend: Backend;
  readonly forwarding: boolean;
}

export async function withHost(
  t: { log: (...values: string[]) => void },
  { backend, forwarding }: BedOptions,
  body: (bed: HostBed) => Promise<void>,
): Promise<void> {
  await withNamespaces(t, async (net) => {
    const names = connect(net);
    const on = forwarding ? 1 : 0;
    sysctl(names.host, {
      'net/ipv4/ip_forward': on,
      'net/ipv6/conf/all/forwarding': on,
      'net/ipv4/conf/all/rp_filter': 0,
      'net/ipv4/conf/eth0/rp_filter': 0,
    });
    for (const ns of [names.host, names.outside])
      sysctl(ns, { 'net/ipv4/icmp_ratelimit': 0, 'net/ipv6/icmp/ratelimit': 0, 'net/ipv4/icmp_msgs_per_sec': 100_000 });
    const directory = net.directory();
    const [host, outside, inside] = [
      startAgent(net, names.host),
      startAgent(net, names.outside),
      startAgent(net, names.inside),
    ];
    const ifindex = net.ifindex(names.outside, 'out0');
    const save = (tool: 'iptables' | 'ip6tables'): string => command(names.host, `${tool}-${backend}-save`, ['-c']);
    const received = (): number => Number(/eth0: *\d+ +(\d+)/.exec(command(names.host, 'cat', ['/proc/net/dev']))?.[1]);
    let before = 0;
    let files: string[] = [];
    const load = (dumps: readonly { readonly name: string; readonly text: string }[]): void =>
      restore(names.host, backend, dumps);
    await body({
      net,
      names,
      host,
      outside,
      inside,
      get files() {
        return files;
      },
      protect: async ({ v4, v6 }, filtering = {}) => {
        const dumps = [
          { name: 'rules.v4', text: v4 },
          { name: 'rules.v6', text: v6 },
        ].flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
        files = dumps.map(({ name, text }) => {
          writeFileSync(join(directory, name), text);
          return join(directory, name);
        });
        load(dumps);
        const filtered = await host.filter('eth0', files, filtering);
        load(
          filtered.residuals.map(({ file, text }) => ({ name: file.endsWith('v6') ? 'rules.v6' : 'rules.v4', text })),
        );
        before = 0;
        return filtered;
      },
      hits: (text, tool = 'iptables') =>
        save(tool)
          .split('\n')
          .filter((line) => line.includes(text))
          .reduce((sum, line) => sum + Number(/^\[(\d+):/.exec(line)?.[1] ?? 0), 0),
      inject: async (...frames) => {
        const all = received() + frames.length;
        await outside.frames(
          ifindex,
          frames.map((frame) => Buffer.from(frame).toString('hex')),
        );
        for (let look = 0; look < looks && received() < all; look++) await setTimeout(10);
      },
      early: async () => {
        const now = await host.dropped();
        const since = now - before;
        before = now;
        return since;
      },
    });
  });
}
