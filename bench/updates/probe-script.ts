/** Sends or receives a datagram a millisecond; bench/updates/probe.ts starts one of each. Times are of the monotonic clock, in ms. */
import { createSocket } from 'node:dgram';

const port = 7007;
const [role, source] = process.argv.slice(2);
const socket = createSocket('udp4');
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

if (role === 'receive') {
  let last = 0;
  socket.on('message', () => (last = now()));
  socket.bind(port, '192.0.2.1', () => process.stdout.write('ready\n'));
  // Each line asks when the last datagram came.
  process.stdin.on('data', () => process.stdout.write(`${last}\n`));
} else {
  socket.bind(port, source ?? '', () => {
    setInterval(() => {
      socket.send('x', port, '192.0.2.1');
    }, 1);
  });
  // The network may refuse while it changes.
  socket.on('error', () => undefined);
}
