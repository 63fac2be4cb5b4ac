/** VLAN devices, which the kernels that the other tests run on may not have: a host, and a peer that sends in VLAN 10. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../command.js';
import { delivered } from '../kernel/attack.js';
import { type Finished, type Net, withNamespaces } from '../kernel/namespace.js';

export const rules = (device: string): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i ${device} -s 192.0.2.2/32 -j DROP
COMMIT
`;

export interface Bed {
  readonly net: Net;
  readonly directory: string;
  /** Options that say where the command keeps what it pins and records. */
  readonly where: readonly string[];
  readonly namespaces: { readonly host: string; readonly peer: string };
  readonly host: (...command: string[]) => Promise<Finished>;
  readonly peer: (...command: string[]) => Promise<Finished>;
  readonly offload: (...args: string[]) => Promise<Finished>;
  /** With a rule that drops what the peer sends on this device. */
  readonly attach: (device: string, ...options: string[]) => Promise<Finished>;
  readonly detach: (device: string) => Promise<Finished>;
  /** Of five datagrams in VLAN 10, how many the host got. */
  readonly arrived: () => Promise<number>;
}

/** eth0 with eth0.10 on it, and a peer that sends in VLAN 10. */
export async function withVlan(
  t: { log: (...values: string[]) => void },
  body: (bed: Bed) => Promise<void>,
): Promise<void> {
  await withNamespaces(t, async (net: Net) => {
    const [host, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(host, 'eth0', peer, 'up0');
    const run =
      (ns: string) =>
      (name: string, ...args: string[]) =>
        net.exec(ns, name, args);
    const mac = '02:00:00:00:00:10';
    await run(host)('ip', 'link', 'set', 'eth0', 'address', mac);
    for (const [ns, lower, address] of [
      [host, 'eth0', '192.0.2.25/24'],
      [peer, 'up0', '192.0.2.2/24'],
    ] as const) {
      await run(ns)('ip', 'link', 'add', 'link', lower, 'name', `${lower}.10`, 'type', 'vlan', 'id', '10');
      await run(ns)('ip', 'link', 'set', `${lower}.10`, 'up');
      await run(ns)('ip', 'addr', 'add', address, 'dev', `${lower}.10`);
    }
    await run(peer)('ip', 'neigh', 'replace', '192.0.2.25', 'lladdr', mac, 'dev', 'up0.10', 'nud', 'permanent');
    const directory = net.directory();
    const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
    const offload = (...args: string[]) =>
      net.exec(host, process.execPath, [command, ...args, ...where], { mayFail: true });
    await body({
      net,
      directory,
      where,
      namespaces: { host, peer },
      offload,
      host: run(host),
      peer: run(peer),
      attach: (device, ...options) => {
        const file = join(directory, 'rules.v4');
        writeFileSync(file, rules(device));
        return offload(file, '--dev', device, ...options);
      },
      detach: (device) => offload('detach', '--dev', device),
      arrived: () => delivered(net, host, peer, '192.0.2.2', { datagrams: 5 }),
    });
  });
}
