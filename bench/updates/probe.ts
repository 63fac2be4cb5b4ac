/** When did the last packet of a source come through? Asked of a receiver that gets one each millisecond. */
import type { Net } from '../../test/kernel/namespace.js';
import { LineProcess } from '../harness/line-process.js';
import { otherCore } from '../harness/processor.js';

const file = 'bench/updates/probe-script.ts';
/** Milliseconds without a packet after which the source counts as blocked, and within which it must have been let through again. */
const silence = 100;
const patience = 20_000;

const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class Probe {
  private constructor(private readonly receiver: LineProcess) {}

  /** `source` is an address of the sending namespace. */
  static async start(net: Net, sender: string, receiver: string, source: string): Promise<Probe> {
    const receiving = LineProcess.start(net, receiver, { file, args: ['receive'], core: otherCore });
    await receiving.next();
    LineProcess.start(net, sender, { file, args: ['send', source], core: otherCore });
    return new Probe(receiving);
  }

  /** Milliseconds from now, when `block` begins, to the last packet that came through. */
  async timeToBlock(block: () => Promise<unknown>): Promise<number> {
    await this.#until('come through', (last) => now() - last < silence / 2);
    const begin = now();
    await block();
    await this.#until('stop', (last) => now() - last > silence);
    return Math.max(0, (await this.#last()) - begin);
  }

  async #last(): Promise<number> {
    return Number(await this.receiver.ask('last'));
  }

  async #until(what: string, holds: (last: number) => boolean): Promise<void> {
    const end = now() + patience;
    while (now() < end) {
      if (holds(await this.#last())) return;
      await sleep(5);
    }
    throw new Error(`the packets of the probe do not ${what}`);
  }
}
