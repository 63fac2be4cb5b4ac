/** The sending side: a process in a namespace of its own that makes frames on request. */
import type { Net } from '../../test/kernel/namespace.js';
import { LineProcess } from '../harness/line-process.js';

export interface Burst {
  /** Device to send on, in the sender's namespace. */
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

/** 64.0.0.0/3: what defences drop. */
export const blockedFirst = 0x40000000;
/** 32.0.0.0/3: dropped by none. */
export const freeFirst = 0x20000000;
export const dotted = (word: number): string =>
  [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');

/** Source number `i`, host byte order: scattered over a /3, for neighbours are one range to whoever looks for that. bench/bpf/traffic.bpf.c computes the same. */
const sourceOf = (first: number, i: number): number => first + (Math.imul(i, 0x9e3779b1) & (2 ** 29 - 1));

export const blockedSources = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => dotted(sourceOf(blockedFirst, i)));

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
