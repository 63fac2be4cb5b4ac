/**
 * A VLAN device that is covered through the device it stands on, by native XDP: beside a host with the same rules and no filter, which gets the
 * same frames. What the kernel makes of all shapes of tags is told by the latter.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { packFrameFile } from '../kernel/differential/frame-file.js';
import { type Net, withNamespaces } from '../kernel/namespace.js';
import { buildFrame, type FrameSpec } from '../../src/oracle/build-frame.js';
import { decodeFrame } from '../../src/oracle/decode-frame.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';

const mac = 0x020000000010;
const [q, ad] = [0x8100, 0x88a8];

type Tag = readonly [type: number, control: number];

/** Shapes of tags, and the device that hands the packet on; null: none does. */
const shapes: readonly (readonly [name: string, tags: readonly Tag[], device: string | null])[] = [
  ['none', [], 'eth0'],
  ['priority tag', [[q, 0xe000]], 'eth0'],
  ['two priority tags', [[q, 0], [ad, 0]], 'eth0'],
  ['VLAN 10', [[q, 10]], 'eth0.10'],
  ['VLAN 10 with priority', [[q, 0xe00a]], 'eth0.10'],
  ['VLAN 10 with drop eligibility', [[q, 0x100a]], 'eth0.10'],
  ['VLAN 10 behind a priority tag', [[q, 0x6000], [q, 10]], 'eth0.10'],
  ['VLAN 10 behind a service priority tag', [[ad, 0], [q, 10]], 'eth0.10'],
  ['VLAN 10 behind three priority tags', [[q, 0], [ad, 0], [q, 0], [q, 10]], 'eth0.10'],
  ['VLAN 10 before a priority tag', [[q, 10], [q, 0]], 'eth0.10'],
  ['VLAN 10 among priority tags', [[q, 0], [q, 10], [ad, 0x2000], [q, 0]], 'eth0.10'],
  ['VLAN 20', [[q, 20]], 'eth0.20'],
  ['VLAN 11', [[q, 11]], null],
  ['VLAN 2058, with bit 11', [[q, 0x80a]], null],
  ['VLAN 4095', [[q, 0xfff]], null],
  ['service VLAN 10', [[ad, 10]], 'eth0.s10'],
  ['service VLAN 10 behind a priority tag', [[q, 0], [ad, 0xf00a]], 'eth0.s10'],
  ['old type', [[0x9100, 10]], null],
  ['VLAN 10 twice', [[q, 10], [q, 10]], null],
  ['VLAN 20 in VLAN 10', [[q, 10], [q, 20]], 'eth0.10.20'],
  ['VLAN 20 in VLAN 10, among priority tags', [[q, 0], [q, 10], [q, 0], [q, 20]], 'eth0.10.20'],
  ['VLAN 10 in VLAN 20', [[q, 20], [q, 10]], null],
  ['VLAN 10 in service VLAN 10', [[ad, 10], [q, 10]], null],
]; // prettier-ignore

interface Sent {
  readonly name: string;
  readonly frame: Uint8Array;
  readonly device: string | null;
  /** By the rules, where they are about the device. */
  readonly isDropped: boolean;
  /** As nft names an element of `seen`. */
  readonly id: string;
}

const plain: FrameSpec = {
  family: 4,
  saddr: parseAddress(4, '192.0.2.2'),
  daddr: parseAddress(4, '192.0.2.25'),
  protocol: 17,
  sport: 40000,
  dport: 9,
  tcpFlags: 0,
  icmpType: 0,
  icmpCode: 0,
  ttl: 64,
  tos: 0,
  payload: 8,
  sourceMac: 0x020000000099,
  destinationMac: mac,
  vlans: [],
  fragment: null,
  identifier: 0,
  options: new Uint8Array(0),
  extensions: [],
  cutTo: null,
};
const six = {
  family: 6,
  saddr: parseAddress(6, '2001:db8::2'),
  daddr: parseAddress(6, '2001:db8::25'),
} as const;

/** What is sent in each shape. The sources of 203.0.113.0/24 are routed by another device. */
const contents: readonly (readonly [name: string, spec: Partial<FrameSpec>, isDropped: boolean])[] = [
  ['allowed', {}, false],
  ['blocked source', { saddr: parseAddress(4, '192.0.2.66') }, true],
  ['blocked port', { dport: 7 }, true],
  ['spoofed source', { saddr: parseAddress(4, '203.0.113.5') }, true],
  ['to all stations', { destinationMac: 0xffffffffffff, dport: 7 }, true],
  ['allowed IPv6', six, false],
  ['blocked IPv6 source', { ...six, saddr: parseAddress(6, '2001:db8:66::1') }, true],
];

function tagged(frame: Uint8Array, tags: readonly Tag[]): Uint8Array {
  const bytes = tags.flat().flatMap((word) => [word >> 8, word & 255]);
  return Uint8Array.from([...frame.subarray(0, 12), ...bytes, ...frame.subarray(12)]);
}

function framesToSend(): Sent[] {
  let port = 1000;
  return shapes.flatMap(([shape, tags, device]) =>
    contents.map(([name, spec, isDropped]): Sent => {
      const sport = port++;
      return {
        name: `${shape}: ${name}`,
        frame: tagged(buildFrame({ ...plain, ...spec, sport }), tags),
        device,
        isDropped,
        id: String(sport),
      };
    }),
  );
}

const rules = (device: string): string => `table inet fw {
  chain early {
    type filter hook prerouting priority -300
    iifname "${device}" meta nfproto ipv4 fib saddr . iif oif missing drop
  }
  chain in {
    type filter hook input priority 0
    iifname "${device}" ip saddr 192.0.2.66 drop
    iifname "${device}" udp dport 7 drop
    iifname "${device}" ip6 saddr 2001:db8:66::/48 drop
  }
}
`;

/** What gets through the rules, by device and source port. */
const seen = `table inet seen {
  set s { typeof meta iifname . udp sport; size 65535; flags dynamic; }
  chain end { type filter hook input priority 300
    udp sport 1000-9999 add @s { meta iifname . udp sport }
  }
}
`;

async function makeHost(net: Net, ns: string): Promise<void> {
  const ip = (line: string) => net.exec(ns, 'ip', line.split(' '));
  await ip('link set eth0 address 02:00:00:00:00:10');
  for (const [lower, name, type] of [
    ['eth0', 'eth0.10', 'vlan id 10'],
    ['eth0', 'eth0.20', 'vlan id 20'],
    ['eth0', 'eth0.s10', 'vlan proto 802.1ad id 10'],
    ['eth0.10', 'eth0.10.20', 'vlan id 20'],
  ] as const) {
    await ip(`link add link ${lower} name ${name} type ${type}`);
    await ip(`link set ${name} up`);
  }
  for (const [key, value] of [
    ['net.ipv4.conf.all.rp_filter', 0],
    ['net.ipv4.conf.default.rp_filter', 0],
    ['net.ipv4.conf.lo.forwarding', 1],
  ] as const)
    await net.exec(ns, 'sysctl', ['-qw', `${key}=${value}`]);
}

async function addresses(net: Net, ns: string, device: string): Promise<void> {
  const ip = (line: string) => net.exec(ns, 'ip', line.split(' '));
  await ip(`addr add 192.0.2.25/24 dev ${device}`);
  await ip(`addr add 2001:db8::25/64 dev ${device} nodad`);
  await ip(`route add 203.0.113.0/24 dev eth0.20`);
}

const nft = (net: Net, ns: string, text: string) => net.exec(ns, 'nft', ['-f', '-'], { input: text });

async function got(net: Net, ns: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await net.exec(ns, 'nft', ['list', 'set', 'inet', 'seen', 's']);
  return new Map([...stdout.matchAll(/"([\w.]+)" \. (\d+)/g)].map(([, device, port]) => [port!, device!]));
}

for (const [device, vlan] of [
  ['eth0.10', { type: 0x8100, id: 10 }],
  ['eth0.s10', { type: 0x88a8, id: 10 }],
] as const)
  test.serial(
    `${device}: what XDP drops of a VLAN is what its rules drop, and other frames are left alone`,
    async (t) => {
      await withNamespaces(t, async (net) => {
        const [own, split, peer] = [net.namespace('own'), net.namespace('split'), net.namespace('peer')];
        net.veth(own, 'eth0', peer, 'up0');
        net.veth(split, 'eth0', peer, 'up1');
        for (const ns of [own, split]) {
          await makeHost(net, ns);
          await addresses(net, ns, device);
          await nft(net, ns, rules(device));
        }
        for (const up of ['up0', 'up1']) await net.exec(peer, 'ethtool', ['-K', up, 'txvlan', 'off', 'tx-vlan-stag-hw-insert', 'off']); // prettier-ignore
        const directory = net.directory();
        const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
        const offload = async (...args: string[]): Promise<string> =>
          (await net.exec(split, process.execPath, [command, ...args, ...where])).stdout;
        t.log(await offload('--live', '--dev', device, '--install-residual', '--assume', 'vlan-stripping'));
        for (const ns of [own, split]) await nft(net, ns, seen);
        const left = (await net.exec(split, 'nft', ['list', 'table', 'inet', 'fw'])).stdout;
        t.regex(left, /udp dport 7 drop/);
        t.notRegex(left, /192\.0\.2\.66|2001:db8:66/, 'only XDP drops these');

        const sent = framesToSend();
        const file = join(directory, 'frames');
        writeFileSync(file, packFrameFile(sent.map(({ frame }) => frame)));
        const to = ['up0', 'up1'].map((up) => String(net.ifindex(peer, up)));
        await net.node(peer, 'test/kernel/differential/injector.ts', [file, ...to]);

        const [before, after] = [await got(net, own), await got(net, split)];
        for (const { name, frame, device: arrives, isDropped, id } of sent) {
          const expected = isDropped && arrives === device ? undefined : (arrives ?? undefined);
          t.is(before.get(id), expected, `${name}: netfilter alone`);
          t.is(after.get(id), expected, `${name}: with the filter`);
          const isOurs = decodeFrame(frame, mac, new Set(), vlan).kind === 'packet';
          t.is(isOurs, arrives === device, `${name}: the oracle`);
        }
        const { devices } = JSON.parse(await offload('status', '--format', 'json')) as Status;
        t.like(devices, [{ device, through: 'eth0', mode: 'native' }]);
        const counted = devices[0]!.rules.reduce((sum, { packets }) => sum + packets, 0);
        t.is(counted, sent.filter((one) => one.isDropped && one.device === device).length, 'all of them by XDP');
        await offload('detach', '--dev', device);
        t.notRegex((await net.exec(split, 'ip', ['link', 'show', 'dev', 'eth0'])).stdout, /xdp/);
      });
    },
  );

interface Status {
  readonly devices: readonly {
    readonly device: string;
    readonly through: string | null;
    readonly mode: string;
    readonly rules: readonly { readonly packets: number }[];
  }[];
}
