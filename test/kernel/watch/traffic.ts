/** Datagrams from each of the peer's addresses, some hundreds a second, numbered by how many were sent; and how many arrive. */
import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Net } from '../namespace.js';
import { addresses } from './addresses.js';
import { until } from './until.js';

const sender = `
  const dgram = require('dgram');
  const [every, ...sources] = process.argv.slice(1);
  const sent = Object.fromEntries(sources.map((source) => [source, 0]));
  let on = true;
  for (const source of sources) {
    const socket = dgram.createSocket('udp4');
    socket.on('error', () => undefined); // the device may be gone for a while
    socket.bind(0, source, () => setInterval(() => {
      if (on) socket.send('x', 9000, '${addresses.host}', (error) => { if (!error) sent[source]++; });
    }, Number(every)));
  }
  require('readline').createInterface(process.stdin).on('line', (line) => {
    if (line === 'end') on = false;
    // What is on its way has been counted by then.
    setTimeout(() => console.log(JSON.stringify(sent)), line === 'end' ? 200 : 0);
  });
  console.log(JSON.stringify(sent));
`;

const receiver = `
  const received = {};
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (_, { address }) => { received[address] = (received[address] ?? 0) + 1; });
  socket.bind(9000, () => {
    socket.setRecvBufferSize(1 << 20);
    console.log('{}');
    require('readline').createInterface(process.stdin).on('line', () => console.log(JSON.stringify(received)));
  });
`;

type Counts = Readonly<Record<string, number>>;

class Counter {
  readonly #lines: Interface;

  constructor(private readonly child: ChildProcess) {
    this.#lines = createInterface(child.stdout!);
  }

  ready = async (): Promise<void> => {
    await once(this.#lines, 'line');
  };

  async ask(question = ''): Promise<Counts> {
    const answer = once(this.#lines, 'line');
    this.child.stdin?.write(`${question}\n`);
    const [line] = (await answer) as [string];
    return JSON.parse(line) as Counts;
  }
}

export class Traffic {
  private constructor(
    private readonly sending: Counter,
    private readonly receiving: Counter,
  ) {}

  /** `every`: milliseconds between two datagrams of one source. */
  static async start(net: Net, ns: string, peer: string, every: number): Promise<Traffic> {
    const options = { timeout: 600_000 };
    const receiving = new Counter(net.start(ns, process.execPath, ['-e', receiver], options));
    await receiving.ready();
    const { good, bad, other } = addresses;
    const sending = new Counter(
      net.start(peer, process.execPath, ['-e', sender, String(every), good, bad, other], options),
    );
    await sending.ready();
    return new Traffic(sending, receiving);
  }

  sent = async (source: string): Promise<number> => (await this.sending.ask())[source] ?? 0;
  received = async (source: string): Promise<number> => (await this.receiving.ask())[source] ?? 0;

  /** Until so many more have been sent. */
  async more(source: string, datagrams: number): Promise<void> {
    const enough = (await this.sent(source)) + datagrams;
    await until(
      async () => (await this.sent(source)) >= enough,
      () => `${datagrams} more datagrams from ${source}`,
    );
  }

  /** Ends it: how many datagrams from `source` were sent and have not arrived. */
  async lost(source: string): Promise<number> {
    const sent = (await this.sending.ask('end'))[source] ?? 0;
    // The receiver may be behind: not before it has stood still for a second.
    let received = 0;
    for (let still = 0; received < sent && still < 20; still++) {
      const now = await this.received(source);
      if (now > received) still = 0;
      received = now;
      await setTimeout(50);
    }
    return sent - received;
  }
}
