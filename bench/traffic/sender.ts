/** The sending side: a process in a namespace of its own that makes frames on request. */
import type { Net } from '../../test/kernel/namespace.js';
import { LineProcess } from '../harness/line-process.js';

export interface Burst {
  /** Device to send on, in the sender's namespace. */
  readonly ifindex: number;
  /** Sources are first + (0 .. sources - 1); `sources` is a power of two. Host byte order. */
  readonly first: number;
  readonly sources: number;
  /** In all; of a flood, as many as the rate asks for. */
  readonly packets: number;
  /** Packets per second: a flood. */
  readonly rate?: number;
  readonly seconds?: number;
}

/** 198.18.0.0, of the network for benchmarks (RFC 2544): what defences drop. */
export const blockedFirst = 0xc6120000;
/** 198.19.128.0: dropped by none. */
export const freeFirst = 0xc6138000;
export const dotted = (word: number): string =>
  [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
export const blockedSources = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => dotted(blockedFirst + i));

export class Sender {
  private constructor(private readonly process: LineProcess) {}

  /** On a core; `urgent`: before nearly every process there, as a card's interrupts are. */
  static start(net: Net, namespace: string, core: number, urgent = false): Sender {
    return new Sender(LineProcess.start(net, namespace, { file: 'bench/traffic/sender-script.ts', core, urgent }));
  }

  /** Nanoseconds per packet, or packets per second of a flood. */
  async send(burst: Burst): Promise<number> {
    return Number(await this.process.ask(JSON.stringify(burst)));
  }
}
