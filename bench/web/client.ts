/** wrk of Debian in a namespace: so many connections, each with one request at a time. */
import type { Net } from '../../test/kernel/namespace.js';
import { onCore } from '../harness/processor.js';

export interface Load {
  readonly requests: number;
  /** Milliseconds. */
  readonly latency: { readonly median: number; readonly late: number };
}

/** `requests` a second; latency of half and of 99 in 100 of them. */
export async function load(net: Net, ns: string, core: number, connections: number, seconds: number): Promise<Load> {
  const wrk = ['wrk', '-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--latency', '--timeout', '10s'];
  const [command, ...args] = onCore(core, [...wrk, 'http://192.0.2.1/']);
  const { stdout } = await net.exec(ns, command!, args, { timeout: (seconds + 60) * 1000 });
  return parseWrk(stdout);
}

const unitMs = { us: 0.001, ms: 1, s: 1000, m: 60_000 } as const;

export function parseWrk(text: string): Load {
  const requests = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1]);
  const latency = (percent: string): number => {
    const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(text) ?? [];
    return Number(value) * unitMs[unit as keyof typeof unitMs];
  };
  if (!Number.isFinite(requests)) throw new Error(`wrk printed no figures: ${text.slice(0, 500)}`);
  return { requests, latency: { median: latency('50'), late: latency('99') } };
}
