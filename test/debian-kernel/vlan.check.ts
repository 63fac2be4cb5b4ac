/** VLAN devices, which the kernels that the other tests run on may not have. Netfilter's counters are the judge. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { delivered } from '../kernel/attack.js';
import { type Finished, type Net, withNamespaces } from '../kernel/namespace.js';

const rules = (device: string): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i ${device} -s 192.0.2.2/32 -j DROP
COMMIT
`;

interface Bed {
  readonly host: (...command: string[]) => Promise<Finished>;
  readonly peer: (...command: string[]) => Promise<Finished>;
  readonly attach: (device: string, ...options: string[]) => Promise<Finished>;
  readonly detach: (device: string) => Promise<Finished>;
  /** Of five datagrams in VLAN 10, how many the host got. */
  readonly arrived: () => Promise<number>;
}

/** eth0 with eth0.10 on it, and a peer that sends in VLAN 10. */
async function withVlan(t: { log: (...values: string[]) => void }, body: (bed: Bed) => Promise<void>): Promise<void> {
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

test.serial('on a veth with a VLAN device nothing is attached, for a tag may travel beside the frame', async (t) => {
  await withVlan(t, async ({ host, attach, detach, arrived, peer }) => {
    t.is(await arrived(), 5);
    await host('ethtool', '-K', 'eth0', 'rxvlan', 'off');
    const refused = await attach('eth0');
    t.is(refused.code, 4);
    t.regex(
      refused.stderr,
      /\[vlan-stripping\].*eth0 is a veth.*eth0\.10 stand on it: run `ethtool -K PEER txvlan off`/s,
    );
    // What it is refused for: the rule is about eth0, and the packets are of eth0.10.
    t.is((await attach('eth0', '--assume', 'vlan-stripping')).code, 0);
    t.is(await arrived(), 0);
    // The command that it names is the one that helps.
    await peer('ethtool', '-K', 'up0', 'txvlan', 'off');
    t.is(await arrived(), 5);
    await detach('eth0');
  });
});

test.serial('a VLAN device takes generic XDP, wherever the tag is', async (t) => {
  await withVlan(t, async ({ peer, attach, detach, arrived }) => {
    const native = await attach('eth0.10');
    t.is(native.code, 3);
    t.regex(native.stderr, /no native XDP; try --mode generic/);
    t.is((await attach('eth0.10', '--mode', 'generic')).code, 0);
    for (const offloaded of ['on', 'off']) {
      await peer('ethtool', '-K', 'up0', 'txvlan', offloaded);
      t.is(await arrived(), 0, `txvlan ${offloaded}`);
    }
    await detach('eth0.10');
    t.is(await arrived(), 5);
  });
});

for (const [title, change] of [
  ['an address of its own', ['ip', 'link', 'set', 'eth0.10', 'address', '02:00:00:00:00:77']],
  ['the tag put back', ['ip', 'link', 'set', 'eth0.10', 'type', 'vlan', 'reorder_hdr', 'off']],
] as const)
  test.serial(`a VLAN device with ${title} is refused: netfilter drops what the program passes`, async (t) => {
    await withVlan(t, async ({ host, attach, arrived }) => {
      const counted = async (): Promise<number> =>
        Number(/^ *(\d+) .*DROP/m.exec((await host('iptables-legacy', '-vnxL', 'INPUT')).stdout)?.[1]);
      await host(...change);
      const refused = await attach('eth0.10', '--mode', 'generic');
      t.is(refused.code, 4);
      t.regex(refused.stderr, /\[vlan-device\]/);
      t.is((await attach('eth0.10', '--mode', 'generic', '--assume', 'vlan-device')).code, 0);
      await host('iptables-legacy', '-A', 'INPUT', '-i', 'eth0.10', '-s', '192.0.2.2/32', '-j', 'DROP');
      t.is(await arrived(), 0);
      t.is(await counted(), 5, 'by netfilter');
    });
  });
