/** The sending side: a process in a namespace of its own that makes frames on request. */
import type { Net } from '../../test/kernel/namespace.js';
import { LineProcess } from '../harness/line-process.js';

export interface Burst {
  /** Device to send on, or to arrive at, in the namespace of the process. */
  readonly ifindex: number;
  /** `sources`, a power of two, of those that begin there (`sourceOf`). Host byte order. */
  readonly first: number;
  readonly sources: number;
  /** In all; of a flood, as many as the rate asks for. */
  readonly packets: number;
  /** Packets per second: a flood. */
  readonly rate?: number;
  readonly seconds?: number;
}

export class Sender {
  private constructor(private readonly process: LineProcess) {}

  /** Makes frames in the target's namespace, where they arrive on `eth0` as if its driver had received them. Begin after what is attached there. */
  static arriving(net: Net, target: string, core: number): Sender {
    return new Sender(
      LineProcess.start(net, target, { file: 'bench/traffic/sender-script.ts', args: ['arrive'], core }),
    );
  }

  /** On a core; `urgent`: before nearly every process there, as a card's interrupts are. */
  static start(net: Net, namespace: string, core: number, urgent = false): Sender {
    return new Sender(LineProcess.start(net, namespace, { file: 'bench/traffic/sender-script.ts', core, urgent }));
  }

  /** Nanoseconds per packet, or packets per second of a flood. */
  async send(burst: Burst): Promise<number> {
    return Number(await this.process.ask(JSON.stringify(burst)));
  }
}
