/** The receiving side: a host 192.0.2.1 with one device, in a namespace of its own. */
import type { Net } from '../../test/kernel/namespace.js';

export interface Target {
  readonly ns: string;
  /** `eth0`. */
  readonly own: number;
  /** Of the device's other end, in the sender's namespace. */
  readonly ifindex: number;
  readonly peer: string;
}

export const deviceAddress = '02:00:00:00:00:01';

export async function makeTarget(net: Net, sender: string, number: number): Promise<Target> {
  const ns = net.namespace(`d${number}`);
  const peer = `p${number}`;
  net.veth(ns, 'eth0', sender, peer);
  await net.exec(ns, 'ip', ['link', 'set', 'eth0', 'address', deviceAddress]);
  await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
  await net.exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.eth0.rp_filter=0']);
  // Without a program of its own a veth takes redirected frames only in NAPI mode, which GRO turns on.
  await net.exec(ns, 'ethtool', ['-K', 'eth0', 'gro', 'on']);
  return { ns, own: net.ifindex(ns, 'eth0'), peer, ifindex: net.ifindex(sender, peer) };
}

/** UDP datagrams that came through so far: the port is closed, so the stack counts what arrives. */
export async function arrived(net: Net, ns: string): Promise<number> {
  const { stdout } = await net.exec(ns, 'cat', ['/proc/net/snmp']);
  const [names, values] = [...stdout.matchAll(/^Udp: (.*)$/gm)].map(([, line]) => (line ?? '').split(' '));
  return Number(values?.[names?.indexOf('NoPorts') ?? -1] ?? NaN);
}
