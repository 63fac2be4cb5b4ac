/** Real captures, made by tcpdump in a namespace, through the loaded program and the model. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { pcapng, type WrittenPacket } from '../capture/write-capture.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';
import { command } from '../command.js';

const rules = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 198.18.0.7/32 -j DROP
-A PREROUTING -p udp -m udp --dport 4444 -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 6666 -m string --string "x" --algo bm -j DROP
COMMIT
`;
/** [source, port, datagrams, what the model says, what XDP does] */
const traffic = [
  ['198.18.0.7', 9, 3, 'drop ip raw PREROUTING 1', 'drop ip raw PREROUTING 1'],
  ['192.0.2.1', 4444, 2, 'drop ip raw PREROUTING 2', 'drop ip raw PREROUTING 2'],
  ['192.0.2.1', 5555, 4, 'pass null', 'pass null'],
  ['192.0.2.1', 6666, 1, 'depends null', 'pass null'],
] as const;

interface Line {
  readonly packet: number;
  readonly verdict: string;
  readonly rule: string | null;
}

const offload = (net: Net, ns: string, ...args: string[]): Promise<Finished> =>
  net.exec(ns, process.execPath, [command, ...args], { mayFail: true, timeout: 240_000 });

/** Sends datagrams to a port of the host from an address of the peer. */
const send = (net: Net, peer: string, from: string, port: number, datagrams: number): Promise<Finished> =>
  net.exec(peer, process.execPath, [
    '-e',
    `const s = require('dgram').createSocket('udp4');
     s.bind(0, '${from}', async () => {
       for (let i = 0; i < ${datagrams}; i++) await new Promise((r) => s.send('x', ${port}, '192.0.2.25', r));
       s.close();
     });`,
  ]);

/** Captures exactly as many packets as are sent: tcpdump ends by itself. */
async function capture(net: Net, ns: string, peer: string, device: string, link: string, file: string): Promise<void> {
  const packets = traffic.reduce((sum, [, , n]) => sum + n, 0);
  const args = ['-i', device, '-y', link, '-U', '-Z', 'root', '-c', String(packets), '-w', file];
  const tcpdump = net.start(ns, 'tcpdump', [...args, 'udp and dst host 192.0.2.25']);
  const ended = new Promise((resolve) => tcpdump.once('close', resolve));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    tcpdump.stderr?.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('listening')) resolve();
    });
    tcpdump.once('close', () => reject(new Error(said)));
  });
  for (const [from, port, n] of traffic) await send(net, peer, from, port, n);
  await ended;
}

async function packetsOf(file: string): Promise<WrittenPacket[]> {
  const packets: WrittenPacket[] = [];
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(readFileSync(file)));
  };
  for await (const some of new CaptureReader(file).packets(chunks()))
    packets.push(...some.map(({ bytes, seconds }) => ({ bytes, seconds: seconds ?? 0 })));
  return packets;
}

test('a capture of real traffic: model, plan and loaded program agree on every packet', async (t) => {
  t.timeout(600_000);
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    for (const address of ['192.0.2.1/24', '198.18.0.7/32'])
      await net.exec(peer, 'ip', ['addr', 'add', address, 'dev', 'up0']);
    const directory = net.directory();
    const [file, host] = [join(directory, 'rules.v4'), join(directory, 'host.json')];
    writeFileSync(file, rules);
    const facts = await offload(net, ns, 'snapshot', '--facts-only', '--dev', 'eth0');
    t.is(facts.code, 0, facts.stderr);
    writeFileSync(host, facts.stdout);

    const files: string[] = [];
    for (const [device, link] of [
      ['eth0', 'EN10MB'],
      ['any', 'LINUX_SLL'],
      ['any', 'LINUX_SLL2'],
    ] as const) {
      const path = join(directory, `${link}.pcap`);
      await capture(net, ns, peer, device, link, path);
      files.push(path);
    }
    const asPcapng = join(directory, 'EN10MB.pcapng');
    writeFileSync(asPcapng, pcapng(await packetsOf(files[0]!), [{ link: 1 }], true));

    const lines = async (path: string, engine: string): Promise<Line[]> => {
      const args = ['replay', file, path, '--dev', 'eth0', '--host', host, '--engine', engine, '--format', 'jsonl'];
      const { code, stdout, stderr } = await offload(net, ns, ...args);
      // Exit 4 would be a packet on which program, plan and ruleset differ, or a counter that does not count it.
      t.is(code, 0, stderr);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    };
    const said = (column: 3 | 4): string[] => traffic.flatMap((row) => new Array<string>(row[2]).fill(row[column]));
    for (const path of [...files, asPcapng]) {
      const [model, kernel] = [await lines(path, 'model'), await lines(path, 'kernel')];
      const text = ({ verdict, rule }: Line): string => `${verdict} ${rule}`;
      t.deepEqual(model.map(text), said(3), `${path}: model`);
      t.deepEqual(kernel.map(text), said(4), `${path}: kernel`);
      for (const list of [model, kernel])
        t.deepEqual(
          list.map(({ packet }) => packet),
          list.map((_, i) => i + 1),
        );
    }

    const broken = join(directory, 'broken.pcap');
    const bytes = readFileSync(files[0]!);
    // A record that claims more than any packet has.
    bytes.writeUInt32LE(0x7fffffff, 24 + 8);
    writeFileSync(broken, bytes);
    const result = await offload(
      net,
      ns,
      'replay',
      file,
      broken,
      '--dev',
      'eth0',
      '--host',
      host,
      '--engine',
      'kernel',
    );
    t.is(result.code, 2, result.stderr);
    t.regex(result.stderr, /broken\.pcap/);
  });
});
