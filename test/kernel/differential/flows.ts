/**
 * Flows that a target opens itself, so that conntrack there knows answers which the rules alone would call new. Opened by ordinary
 * sockets in every target, before any frame arrives.
 */
import type { Net } from '../namespace.js';
import type { Random } from './random.js';
import type { Bed } from './topology.js';
import { wordsOf } from './words.js';

export interface Flow {
  readonly protocol: 6 | 17;
  readonly local: string;
  readonly localPort: number;
  readonly peer: string;
  readonly peerPort: number;
}

/** Unicast peers only: sockets don't connect to others. */
const unicast = (address: string): boolean =>
  address.includes(':')
    ? /^2/.test(address) && !address.startsWith('2001:db8:1:0:0:0:0:1')
    : Number(address.split('.')[0]) < 224 &&
      !/^(0|127|192\.0\.2\.(0|1|255)|198\.51\.100\.(0|1|255))(\.|$)/.test(address);

export function flowsOf(text: string, random: Random): Flow[] {
  const words = wordsOf(text, random);
  return ([4, 6] as const).flatMap((version) => {
    const peers = (version === 4 ? words.ip : words.ip6).sources.filter(unicast);
    return Array.from({ length: 8 }, (_, at): Flow => ({
      protocol: at % 2 === 0 ? 17 : 6,
      local: version === 4 ? '192.0.2.1' : '2001:db8:1::1',
      localPort: 40000 + at,
      peer: random.pick(peers),
      peerPort: random.pick([53, 443, ...words.ports.filter((port) => port > 0)]),
    }));
  });
}

/**
 * Plain JavaScript for `node --eval`: faster to start than a TypeScript file. It ends when every flow's first packet is sent, at once: a
 * connection that nobody answers is one for conntrack. An error opens no flow, in all targets alike.
 */
const opener = `
const flows = JSON.parse(process.argv[1]);
let left = flows.length;
for (const { protocol, local, localPort, peer, peerPort } of flows) {
  let once = true;
  const done = () => {
    if (once && --left === 0) process.exit(0);
    once = false;
  };
  if (protocol === 6) {
    require('node:net').connect({ host: peer, port: peerPort, localAddress: local, localPort }).on('error', done);
    setImmediate(done);
  } else {
    const socket = require('node:dgram').createSocket(local.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', done);
    socket.bind(localPort, local, () => socket.send('x', peerPort, peer, done));
  }
}`;

export async function openFlows(net: Net, bed: Bed, flows: readonly Flow[]): Promise<void> {
  if (flows.length === 0) return;
  await Promise.all(
    bed.targets.map(({ name }) => net.exec(name, process.execPath, ['--eval', opener, JSON.stringify(flows)])),
  );
}
