/** A host with one device that `offload watch` looks after, a peer that sends from several addresses, and what arrives. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { command } from '../../command.js';
import { type Finished, type Net, systemPath, withNamespaces } from '../namespace.js';
import { addresses } from './addresses.js';
import { Traffic } from './traffic.js';
import { until } from './until.js';

export class Watcher {
  #said = '';
  #wake: () => void = () => undefined;
  exit: number | null = null;

  constructor(readonly child: ChildProcess) {
    child.stderr?.on('data', (text: Buffer) => {
      this.#said += text.toString();
      this.#wake();
    });
    child.on('exit', (code, signal) => {
      this.exit = code ?? (signal === null ? -1 : -2);
      this.#wake();
    });
  }

  get said(): string {
    return this.#said;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Until it has said so, `times` times. */
  async says(what: RegExp, times = 1): Promise<void> {
    const all = new RegExp(what.source, `${what.flags.replace('g', '')}g`);
    await until(
      () => (this.#said.match(all)?.length ?? 0) >= times || this.exit !== null,
      () => `${String(what)} ${times} times:\n${this.#said}`,
    );
    if ((this.#said.match(all)?.length ?? 0) < times)
      throw new Error(`it ended (${String(this.exit)}):\n${this.#said}`);
  }

  /** Until it has said anything, or has ended, which throws. For one who waits. */
  async saysMore(): Promise<void> {
    if (this.exit === null) await new Promise<void>((heard) => (this.#wake = heard));
    if (this.exit !== null) throw new Error(`it ended (${String(this.exit)}):\n${this.#said}`);
  }

  ready = (): Promise<void> => this.says(/followed from now on/);

  async ends(): Promise<number | null> {
    await until(
      () => this.exit !== null,
      () => `its end:\n${this.#said}`,
    );
    return this.exit;
  }

  /** SIGKILL, and no time for anything. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ends();
  }
}

export interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly directory: string;
  readonly traffic: Traffic;
  readonly run: (command: string, ...args: string[]) => Promise<string>;
  readonly input: (text: string, command: string, ...args: string[]) => Promise<void>;
  readonly offload: (...args: string[]) => Promise<Finished>;
  /** `offload watch` with these arguments; `kill` ends it. */
  readonly watch: (...args: string[]) => Watcher;
  readonly status: () => Promise<Status>;
  /** Makes the device and its peer, again where they are gone. */
  readonly connect: () => Promise<void>;
  /** Packets from `source` that XDP has passed. */
  readonly seen: (source: string) => Promise<number>;
  /** Packets from `source` arrive. */
  readonly passes: (source: string) => Promise<void>;
  /** Netfilter sees packets from `source`, whatever it does with them. */
  readonly passesXdp: (source: string) => Promise<void>;
  /** Packets from `source` are dropped by XDP: neither netfilter nor the receiver sees them. */
  readonly droppedEarly: (source: string) => Promise<void>;
}

export interface Status {
  readonly programId: number;
  readonly drops: { readonly packets: number };
  readonly rules: readonly { readonly rule: string; readonly text: string; readonly packets: number }[];
  readonly watch: { readonly isAlive: boolean; readonly passing: string | null; readonly elements: number } | null;
}

/** Counts what netfilter sees of each source, before any rule of the host. */
const seen = `table inet seen {
	chain early {
		type filter hook prerouting priority -400
${Object.values(addresses)
  .map((address) => `\t\tip saddr ${address} counter`)
  .join('\n')}
	}
}
`;

/** `every`: milliseconds between two datagrams of one source; `tools`: a directory with tools that watchers run before the system's own. */
export async function withHost(
  t: { log: (...values: string[]) => void },
  body: (host: Host) => Promise<void>,
  { every = 4, tools }: { readonly every?: number; readonly tools?: string } = {},
): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    const run: Host['run'] = async (name, ...args) => (await net.exec(ns, name, args)).stdout;
    const connect = async (): Promise<void> => {
      net.veth(ns, 'eth0', peer, 'up0');
      await run('ip', 'addr', 'add', `${addresses.host}/24`, 'dev', 'eth0');
      await run('ip', 'route', 'add', '198.18.0.0/15', 'dev', 'eth0');
      for (const address of [`${addresses.good}/24`, `${addresses.bad}/32`, `${addresses.other}/32`])
        await net.exec(peer, 'ip', ['addr', 'add', address, 'dev', 'up0']);
    };
    await connect();
    await net.exec(ns, 'nft', ['-f', '-'], { input: seen });
    const directory = net.directory();
    const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
    const offload: Host['offload'] = (...args) =>
      net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true });
    const traffic = await Traffic.start(net, ns, peer, every);
    const watchers: Watcher[] = [];
    const status: Host['status'] = async () => {
      const { stdout } = await offload('status', '--format', 'json');
      const [device] = (JSON.parse(stdout) as { devices: Status[] }).devices;
      if (device === undefined) throw new Error('nothing is attached');
      return device;
    };
    const count = async (source: string): Promise<number> => {
      const listing = await run('nft', 'list', 'table', 'inet', 'seen');
      return Number(new RegExp(`saddr ${source} counter packets (\\d+)`).exec(listing)?.[1]);
    };
    const told = (): string => watchers.map((one) => one.said).join('\n');
    const host: Host = {
      net,
      ns,
      peer,
      directory,
      traffic,
      run,
      offload,
      status,
      connect,
      seen: count,
      input: async (text, name, ...args) => {
        await net.exec(ns, name, args, { input: text });
      },
      watch: (...args) => {
        const child = net.start(ns, process.execPath, [command, 'watch', ...args, ...where], {
          timeout: 600_000,
          ...(tools !== undefined && { env: { PATH: `${tools}:${systemPath}` } }),
        });
        watchers.push(new Watcher(child));
        return watchers.at(-1)!;
      },
      passes: (source) =>
        until(
          async () => {
            const before = await traffic.received(source);
            await traffic.more(source, 20);
            return (await traffic.received(source)) > before;
          },
          () => `packets from ${source} arrive\n${told()}`,
        ),
      passesXdp: async (source) => {
        const before = await count(source);
        await until(
          async () => (await count(source)) > before,
          () => `packets from ${source} pass XDP\n${told()}`,
        );
      },
      droppedEarly: async (source) => {
        await until(
          async () => {
            const before = await count(source);
            await traffic.more(source, 20);
            return (await count(source)) === before;
          },
          () => `packets from ${source} are dropped in XDP\n${told()}`,
        );
      },
    };
    try {
      await body(host);
    } finally {
      for (const watcher of watchers) if (watcher.exit === null) await watcher.kill();
    }
  });
}
