/** When packets of a source come through XDP: a packet socket stands behind native XDP and before all of netfilter. */
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { Host } from '../../test/kernel/watch/host.js';

/** Milliseconds without a packet after which the source counts as dropped, and within which whatever is waited for must come. */
const silence = 200;
const patience = 30_000;
const look = 5;

export class Arrivals {
  /** Milliseconds since the epoch. */
  #last = 0;
  #first: number | null = null;

  private constructor(private readonly stop: () => void) {}

  /** `source` sends a datagram a millisecond: what is measured is right to about two of them. */
  static async of(host: Host, source: string): Promise<Arrivals> {
    const options = ['-i', 'eth0', '-n', '-q', '-tt', '-l', '--immediate-mode', '-s', '64'];
    const child = host.net.start(host.ns, 'tcpdump', [...options, 'src', source], { timeout: 3_600_000 });
    const arrivals = new Arrivals(() => void child.kill('SIGTERM'));
    createInterface({ input: child.stdout! }).on('line', (line) =>
      arrivals.#take(Number(line.split(' ', 1)[0]) * 1000),
    );
    let listening = false;
    child.stderr?.on('data', (text: Buffer) => (listening ||= text.toString().includes('listening on')));
    await arrivals.#until('come: tcpdump does not listen', () => listening);
    return arrivals;
  }

  close(): void {
    this.stop();
  }

  /** Milliseconds from now, when `change` begins, to the last packet. */
  async untilDropped(change: () => Promise<unknown>): Promise<number> {
    const began = Date.now();
    await change();
    await this.#silent();
    return Math.max(0, this.#last - began);
  }

  /** Milliseconds from now, when `change` begins, to the first packet. */
  async untilPassed(change: () => Promise<unknown>): Promise<number> {
    const began = Date.now();
    return Math.max(0, (await this.#firstOf(change)) - began);
  }

  /** Milliseconds from the first packet that passes after `change` to the last one. */
  async passing(change: () => Promise<unknown>): Promise<number> {
    const first = await this.#firstOf(change);
    await this.#silent();
    return this.#last - first;
  }

  async #firstOf(change: () => Promise<unknown>): Promise<number> {
    this.#first = null;
    await change();
    await this.#until('come through', () => this.#first !== null);
    return this.#first!;
  }

  #silent(): Promise<void> {
    return this.#until('stop', () => Date.now() - this.#last > silence);
  }

  #take(at: number): void {
    this.#last = at;
    this.#first ??= at;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + patience;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`the packets do not ${what}`);
      await setTimeout(look);
    }
  }
}
