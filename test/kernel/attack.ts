/** An attack: a host, and a peer that has good and bad addresses and sends datagrams from them. */
import { setTimeout } from 'node:timers/promises';
import type { Net } from './namespace.js';

export const hostAddress = '192.0.2.25';
/** One by itself, two of a network, and one that nobody blocks; of an admin; of somebody else. */
export const attackers = ['198.51.100.7', '198.51.100.70', '198.51.100.71'] as const;
export const admin = '203.0.113.9';
export const stranger = '192.0.2.1';

/** Makes `eth0` of the host and `up0` of the peer, which has all these addresses. */
export async function connect(net: Net, host: string, peer: string): Promise<void> {
  // What a capture begins with is an attacker's, not the peer asking for routers.
  await net.exec(peer, 'sysctl', ['-qw', 'net.ipv6.conf.default.disable_ipv6=1', 'net.ipv6.conf.all.disable_ipv6=1']);
  net.veth(host, 'eth0', peer, 'up0');
  await net.exec(host, 'ip', ['addr', 'add', `${hostAddress}/24`, 'dev', 'eth0']);
  for (const network of ['198.51.100.0/24', '203.0.113.0/24'])
    await net.exec(host, 'ip', ['route', 'add', network, 'dev', 'eth0']);
  for (const address of [`${stranger}/24`, ...[...attackers, admin].map((one) => `${one}/32`)])
    await net.exec(peer, 'ip', ['addr', 'add', address, 'dev', 'up0']);
}

/** Datagrams to a closed port from each address, a hundred a second, until it is ended or thirty seconds are over. */
const flood = `const [target, ...sources] = process.argv.slice(1);
  for (const source of sources) {
    const socket = require('dgram').createSocket('udp4');
    socket.on('error', () => undefined);
    socket.bind(0, source, () => setInterval(() => socket.send(Buffer.alloc(100), 80, target), 10));
  }
  setTimeout(() => process.exit(), 30000);`;

/** Runs `body` under the attack. */
export async function underAttack<T>(net: Net, peer: string, body: () => Promise<T>): Promise<T> {
  const child = net.start(peer, process.execPath, ['-e', flood, hostAddress, ...attackers]);
  try {
    return await body();
  } finally {
    child.kill('SIGKILL');
  }
}

export interface Sent {
  readonly datagrams?: number;
  readonly to?: string;
  /** One where nobody listens. */
  readonly port?: number;
  /** Of each datagram. */
  readonly bytes?: number;
}

/** Looks at the host, 60 ms between them, before what has been sent and has not arrived is taken for dropped. */
const looks = 5;

/** How many datagrams from an address, of so many, reach the host's UDP. */
export async function delivered(
  net: Net,
  host: string,
  peer: string,
  from: string,
  { datagrams = 5, to = hostAddress, port = 9, bytes = 1 }: Sent = {},
): Promise<number> {
  const before = await noPorts(net, host);
  const code = `const s = require('dgram').createSocket('udp4');
    s.on('error', () => undefined);
    s.bind(0, '${from}', async () => {
      for (let i = 0; i < ${datagrams}; i++) await new Promise((r) => s.send(Buffer.alloc(${bytes}), ${port}, '${to}', r));
      s.close();
    });`;
  await net.exec(peer, process.execPath, ['-e', code]);
  for (let look = 0; ; look++) {
    const arrived = (await noPorts(net, host)) - before;
    if (arrived >= datagrams || look === looks) return arrived;
    await setTimeout(60);
  }
}

async function noPorts(net: Net, ns: string): Promise<number> {
  const { stdout } = await net.exec(ns, 'cat', ['/proc/net/snmp']);
  return Number(/^Udp: \d+ (\d+)/m.exec(stdout)?.[1]);
}

/** Begins a TCP connection from an address to port 22 of the host, where nobody listens, and waits for a moment. */
export async function knock(net: Net, peer: string, from: string): Promise<void> {
  const code = `const s = require('net').connect({ host: '${hostAddress}', port: 22, localAddress: '${from}' });
    s.on('error', () => process.exit());
    setTimeout(() => process.exit(), 200);`;
  await net.exec(peer, process.execPath, ['-e', code]);
}
