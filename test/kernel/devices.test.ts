/** Several devices that share their tables, generic mode, and frames that do not fit into a page, with live traffic. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { command } from '../command.js';
import { delivered as arrived } from './attack.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';

interface Host {
  readonly net: Net;
  readonly ns: string;
  /** The namespace behind a device. */
  readonly peer: (device: string) => string;
  readonly offload: (...args: string[]) => Promise<Finished>;
  /** Writes a ruleset and returns its path. */
  readonly rules: (text: string) => string;
  /** Datagrams from an address behind a device to a closed port: how many of three arrive. */
  readonly delivered: (device: string, from: string, to?: { bytes?: number; port?: number }) => Promise<number>;
}

const good = '198.18.0.1';
const bad = '198.18.0.7';

/** Devices eth0, eth1 … of a host 192.0.2.25, each with a peer of its own that has both addresses. */
async function withHost(
  t: ExecutionContext,
  { devices, mtu }: { devices: number; mtu: number },
  body: (host: Host) => Promise<void>,
): Promise<void> {
  await withNamespaces(t, async (net) => {
    const ns = net.namespace('host');
    const peers = new Map<string, string>();
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/32', 'dev', 'lo']);
    // The same sources are behind every device.
    await net.exec(ns, 'sh', ['-c', 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter']);
    for (let i = 0; i < devices; i++) {
      const peer = net.namespace('peer');
      const device = `eth${i}`;
      net.veth(ns, device, peer, 'up0');
      peers.set(device, peer);
      for (const [where, name] of [
        [ns, device],
        [peer, 'up0'],
      ] as const)
        await net.exec(where, 'ip', ['link', 'set', name, 'mtu', `${mtu}`]);
      for (const address of [good, bad]) await net.exec(peer, 'ip', ['addr', 'add', `${address}/32`, 'dev', 'up0']);
      await net.exec(peer, 'ip', ['route', 'add', '192.0.2.25', 'dev', 'up0']);
      await net.exec(ns, 'ip', ['route', 'add', '198.18.0.0/24', 'dev', device, 'metric', `${i + 1}`]);
    }
    const directory = net.directory();
    const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
    const offload: Host['offload'] = (...args) =>
      net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true });
    const rules: Host['rules'] = (text) => {
      writeFileSync(join(directory, 'rules.v4'), text);
      return join(directory, 'rules.v4');
    };
    const delivered: Host['delivered'] = (device, from, to) =>
      arrived(net, ns, peers.get(device) ?? '', from, { datagrams: 3, bytes: 100, ...to });
    await body({ net, ns, peer: (device) => peers.get(device) ?? '', offload, rules, delivered });
  });
}

const dump = (...lines: string[]): string =>
  ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ...lines, 'COMMIT', ''].join(
    '\n',
  );

const echos = async (net: Net, ns: string): Promise<number> =>
  Number(/^Icmp: (?:\d+ ){8}(\d+)/m.exec((await net.exec(ns, 'cat', ['/proc/net/snmp'])).stdout)?.[1]);

interface StatusJson {
  readonly devices: readonly {
    device: string;
    mode: string;
    counters: number;
    drops: { packets: number };
    rules: { rule: string; packets: number }[];
  }[];
}

const status = async ({ offload }: Host): Promise<StatusJson['devices']> =>
  (JSON.parse((await offload('status', '--format', 'json')).stdout) as StatusJson).devices;

test('several devices share their tables, and a rule is about the device that it names', async (t) => {
  await withHost(t, { devices: 3, mtu: 1500 }, async (host) => {
    const { net, ns, offload, rules, delivered } = host;
    const file = rules(dump(`-A INPUT -i eth1 -s ${good} -j DROP`, `-A INPUT -s ${bad} -j DROP`));
    const both = ['--dev', 'eth0', '--dev', 'eth1'];
    const attached = await offload(file, ...both);
    t.is(attached.code, 0, attached.stderr);
    t.regex(attached.stdout, /^Attached to eth0, eth1/);
    t.deepEqual([await delivered('eth0', good), await delivered('eth0', bad)], [3, 0]);
    t.deepEqual([await delivered('eth1', good), await delivered('eth1', bad)], [0, 0]);
    t.is(await delivered('eth2', good), 3);
    const two = await status(host);
    t.deepEqual(
      two.map(({ device, drops }) => [device, drops.packets]),
      [
        ['eth0', 9],
        ['eth1', 9],
      ],
      'one sum for both',
    );
    t.is(two[0]?.counters, two[1]?.counters);
    t.deepEqual(
      two[0]?.rules.map(({ rule, packets }) => [rule, packets]),
      [
        ['ip filter INPUT 1', 3],
        ['ip filter INPUT 2', 6],
      ],
    );
    const metrics = (await offload('status', '--format', 'prometheus')).stdout;
    t.regex(metrics, /^offload_dropped_packets_total\{devices="eth0,eth1"\} 9$/m);
    t.is((await offload(file, ...both, '--if-changed')).stdout.split(':')[0], 'Unchanged on eth0, eth1');

    rules(dump(`-A INPUT -i eth1 -s ${good} -j DROP`));
    t.regex((await offload(file, ...both, '--if-changed')).stdout, /^Replaced on eth0, eth1/);
    t.deepEqual([await delivered('eth0', bad), await delivered('eth1', bad), await delivered('eth1', good)], [3, 3, 0]);

    t.is((await offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
    t.deepEqual((await status(host)).map(({ device }) => device), ['eth1']); // prettier-ignore
    t.is(await delivered('eth1', good), 0, 'the other one keeps its tables');
    t.is((await offload('detach', '--all')).stdout, 'eth1: detached\n');

    // One of them cannot be taken: none is.
    await net.exec(ns, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
    const refused = await offload(file, '--dev', 'eth0', '--dev', 'br0');
    t.is(refused.code, 3, refused.stdout);
    t.regex(refused.stderr, /cannot attach to br0 in native mode/);
    t.is((await offload('status')).stdout, 'Nothing is attached.\n');
    t.is(await delivered('eth0', bad), 3);
  });
});

test('generic mode drops and passes the same', async (t) => {
  await withHost(t, { devices: 1, mtu: 9000 }, async (host) => {
    const { offload, rules, delivered } = host;
    const attached = await offload(rules(dump(`-A INPUT -s ${bad} -j DROP`)), '--dev', 'eth0', '--mode', 'generic');
    t.regex(attached.stdout, /^Attached to eth0 \(generic XDP\)/, attached.stderr);
    for (const bytes of [10, 1400, 8900, 30_000])
      t.deepEqual(
        [await delivered('eth0', good, { bytes }), await delivered('eth0', bad, { bytes })],
        [3, 0],
        `${bytes} bytes`,
      );
    t.is((await status(host))[0]?.mode, 'generic');
    const native = await offload(rules(dump(`-A INPUT -s ${bad} -j DROP`)), '--dev', 'eth0');
    t.is(native.code, 3);
    t.regex(native.stderr, /runs in generic mode/);
  });
});

test('jumbo frames, in several buffers: small and large, of one piece and of many', async (t) => {
  await withHost(t, { devices: 1, mtu: 9000 }, async (host) => {
    const { net, ns, peer, offload, rules, delivered } = host;
    const file = rules(
      dump(
        `-A INPUT -s ${bad} -j DROP`,
        `-A INPUT -s ${good} -p udp -m udp --dport 7 -j DROP`,
        // Of merged segments and datagrams the kernel asks the length of the whole: there XDP leaves it to netfilter.
        `-A INPUT -p icmp -m length --length 5000:9000 -j DROP`,
      ),
    );
    const attached = await offload(file, '--dev', 'eth0');
    t.regex(attached.stdout, /^Attached to eth0 \(native XDP\)/, attached.stderr);
    // 28 bytes of headers: what is longer than a page is several buffers in XDP, and 30,000 bytes are several frames.
    for (const bytes of [10, 1400, 3472, 4000, 4068, 8972, 30_000]) {
      t.is(await delivered('eth0', good, { bytes }), 3, `${bytes} bytes`);
      t.is(await delivered('eth0', bad, { bytes }), 0, `${bytes} bytes`);
    }
    t.is(await delivered('eth0', good, { bytes: 10, port: 7 }), 0);
    t.is(await delivered('eth0', good, { bytes: 8972, port: 7 }), 0);
    for (const [bytes, arrive] of [
      [4971, 1],
      [4972, 0],
      [8972, 0],
    ] as const) {
      const before = await echos(net, ns);
      // An echo request of zeros, with its checksum.
      const code = `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.bind(('${good}', 0)); s.sendto(bytes([8, 0, 0xf7, 0xff]) + bytes(4 + ${bytes}), ('192.0.2.25', 0))`;
      await net.exec(peer('eth0'), 'python3', ['-c', code]);
      t.is((await echos(net, ns)) - before, arrive, `echo request of ${bytes} bytes`);
    }
    t.true(((await status(host))[0]?.drops.packets ?? 0) >= 7 * 3 + 2 * 3 + 2);

    // A stream, whose segments the sender leaves to the device to cut (GSO) and the receiver puts together again (GRO).
    const size = 4_000_000;
    const server = net.start(ns, process.execPath, [
      '-e',
      `let n = 0; require('net').createServer((c) => c.on('data', (d) => (n += d.length)).on('end', () => { console.log(n); process.exit(); }))
        .listen(8080, '192.0.2.25', () => console.log('listening'));`,
    ]);
    let said = '';
    server.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!said.includes('listening')) await new Promise((done) => setTimeout(done, 20));
    const send = async (from: string, patience: number): Promise<number | null> => {
      const code = `const c = require('net').connect({ host: '192.0.2.25', port: 8080, localAddress: '${from}' },
          () => c.end(Buffer.alloc(${size})));
        c.on('error', () => process.exit(1)).on('close', () => process.exit(0));
        setTimeout(() => process.exit(2), ${patience});`;
      return (await net.exec(peer('eth0'), process.execPath, ['-e', code], { mayFail: true })).code;
    };
    t.is(await send(bad, 300), 2, 'not even connected');
    t.is(await send(good, 20_000), 0);
    t.regex(said, new RegExp(`\\b${size}\\b`), 'all of it arrived');
  });
});
