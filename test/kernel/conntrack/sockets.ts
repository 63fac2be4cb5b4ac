/** Ordinary sockets of one namespace, by number: what an agent does for a test. Times are milliseconds. */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';

/** Longer than anything takes that must happen, on a loaded machine, with retransmissions. */
const patience = 30_000;
/** How long something that must not arrive is waited for. */
const silence = 400;

const streams: Socket[] = [];
const datagrams: { readonly socket: Datagrams; readonly inbox: string[] }[] = [];

/** The event of the first that happens; `quiet` when none does in time. */
function first(socket: Socket, names: readonly string[], wait: number): Promise<string> {
  return new Promise((done) => {
    const timer = setTimeout(() => done('quiet'), wait);
    for (const name of names) {
      socket.once(name, (value?: Error | string | boolean) => {
        clearTimeout(timer);
        done(
          value instanceof Error
            ? ((value as NodeJS.ErrnoException).code ?? value.message)
            : `${name} ${String(value ?? '')}`.trim(),
        );
      });
    }
  });
}

/** Errors come as answers to later questions, not as crashes. */
const keep = (socket: Socket): number => streams.push(socket.setEncoding('utf8').on('error', () => undefined)) - 1;

export const sockets = {
  /** A server that answers every chunk by `>` and the chunk; connections are numbered as they come, for `accepted`. */
  listen: (host: string, port: number): Promise<null> =>
    new Promise((done, fail) => {
      const server = createServer((socket) => {
        keep(socket);
        socket.on('data', (chunk) => socket.write(`>${String(chunk)}`));
      });
      server.on('error', fail).listen({ host, port }, () => done(null));
    }),
  /** Number of the newest stream here. */
  accepted: (): number => streams.length - 1,
  /** The new stream's number, or why there is none: `quiet`, ECONNREFUSED … */
  connect: async (host: string, port: number, localAddress: string, wait = patience): Promise<number | string> => {
    const socket = connect({ host, port, localAddress });
    const number = keep(socket);
    const event = await first(socket, ['connect', 'error'], wait);
    if (event === 'connect') return number;
    socket.destroy();
    return event;
  },
  /** As `connect`, when nothing may come back. */
  knock: (host: string, port: number, localAddress: string): Promise<number | string> =>
    sockets.connect(host, port, localAddress, silence),
  /** Sends and waits for what comes back: `data >…`. */
  talk: async (stream: number, text: string): Promise<string> => {
    const socket = streams[stream] as Socket;
    socket.write(text);
    return first(socket, ['data', 'close'], patience);
  },
  /** Ends the stream and waits until the other side has ended it too. */
  finish: async (stream: number): Promise<string> => {
    const socket = streams[stream] as Socket;
    const event = first(socket, ['close'], patience);
    socket.end();
    return event;
  },
  reset: (stream: number): null => {
    (streams[stream] as Socket).resetAndDestroy();
    return null;
  },
  /** ECONNRESET, `close false`, or `quiet`. */
  ended: async (stream: number): Promise<string> => {
    const socket = streams[stream] as Socket;
    if (socket.errored) return (socket.errored as NodeJS.ErrnoException).code ?? '';
    return socket.closed ? 'close' : first(socket, ['error', 'close'], patience);
  },
  port: (stream: number): number => (streams[stream] as Socket).localPort as number,

  /** A datagram socket; with `echo` it answers as `listen` does. Errors land in its inbox. */
  bind: (host: string, port: number, echo = false): Promise<number> =>
    new Promise((done) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const inbox: string[] = [];
      socket.on('error', (error) => inbox.push((error as NodeJS.ErrnoException).code ?? error.message));
      socket.on('message', (message, from) => {
        inbox.push(String(message));
        if (echo) socket.send(`>${String(message)}`, from.port, from.address);
      });
      socket.bind(port, host, () => done(datagrams.push({ socket, inbox }) - 1));
    }),
  /** Fixes the peer, so that ICMP errors are reported. */
  aim: (number: number, host: string, port: number): Promise<null> =>
    new Promise((done) => datagrams[number]?.socket.connect(port, host, () => done(null))),
  send: (number: number, text: string, ...to: [] | [host: string, port: number]): Promise<null> =>
    new Promise((done) => {
      const { socket } = datagrams[number] as (typeof datagrams)[number];
      if (to.length === 0) socket.send(text, () => done(null));
      else socket.send(text, to[1], to[0], () => done(null));
    }),
  /** The next message or error of a datagram socket; `quiet` if there is none in time. */
  receive: async (number: number, wait = patience): Promise<string> => {
    const { inbox } = datagrams[number] as (typeof datagrams)[number];
    for (let waited = 0; inbox.length === 0 && waited < wait; waited += 10)
      await new Promise((go) => setTimeout(go, 10));
    return inbox.shift() ?? 'quiet';
  },
  /** As `receive`, when nothing may come. */
  hush: (number: number): Promise<string> => sockets.receive(number, silence),
};
