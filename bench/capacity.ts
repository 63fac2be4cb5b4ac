/**
 * Drop capacity live: nanoseconds per packet from the sender's transmit to the drop, for each defence in a namespace of its own. Needs root.
 * `npx tsx bench/capacity.ts [--sources 1024] [--packets 200000] [--rounds 7] [--json FILE]`
 *
 * One core: the frames are made by live frames of a test run, leave by a veth, and are met by the peer in the same run, whose duration
 * the kernel reports. The defences take turns, so that a noisy minute hits all of them; the table gives medians and spread.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { withNamespaces, type Net } from '../test/kernel/namespace.js';
import { defences } from './capacity-defences.js';

const { values: options } = parseArgs({
  options: {
    sources: { type: 'string', default: '1024' },
    packets: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'string' },
  },
});
const sources = Number(options.sources);
if (!Number.isInteger(Math.log2(sources))) throw new Error('--sources wants a power of two');

const address = (i: number): string => `198.${18 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}`;

async function target(net: Net, sender: string, number: number): Promise<{ ns: string; ifindex: number }> {
  const ns = net.namespace(`d${number}`);
  const peer = `p${number}`;
  net.veth(ns, 'eth0', sender, peer);
  await net.exec(ns, 'ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:01']);
  await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
  await net.exec(ns, 'sysctl', ['-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.eth0.rp_filter=0']);
  // Without a program of its own a veth takes redirected frames only in NAPI mode, which GRO turns on.
  await net.exec(ns, 'ethtool', ['-K', 'eth0', 'gro', 'on']);
  return { ns, ifindex: net.ifindex(sender, peer) };
}

/** A defence that lets packets through would look fast or slow for the wrong reason: the port is closed, so the stack counts what arrives. */
async function mustHaveDropped(net: Net, ns: string, name: string): Promise<void> {
  const { stdout } = await net.exec(ns, 'cat', ['/proc/net/snmp']);
  const [, values] = [...stdout.matchAll(/^Udp: (.*)$/gm)].map(([, line]) => (line ?? '').split(' '));
  if (Number(values?.[1]) > 0) throw new Error(`${name}: ${values?.[1]} packets got through`);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

await withNamespaces(
  {
    log: (...lines) => {
      console.error(...lines);
    },
  },
  async (net) => {
    const sender = net.namespace('sender');
    const list = Array.from({ length: sources }, (_, i) => address(i));
    const used = defences.filter(({ most }) => sources <= most);
    const targets: { name: string; ns: string; ifindex: number }[] = [];
    for (const [number, defence] of used.entries()) {
      const { ns, ifindex } = await target(net, sender, number);
      await defence.set(net, ns, list);
      targets.push({ name: defence.name, ns, ifindex });
    }
    const job = { targets, sources, packets: Number(options.packets), rounds: Number(options.rounds) };
    const { stdout } = await net.node(sender, 'bench/capacity-send.ts', [JSON.stringify(job)], { timeout: 600_000 });
    for (const { ns, name } of targets) await mustHaveDropped(net, ns, name);
    const results = JSON.parse(stdout) as Record<string, number[]>;
    const best = median(results['offload, native XDP'] ?? []);
    const table = new Table({
      head: ['defence', 'ns/packet', 'min', 'max', 'times native XDP'],
      style: { head: [] },
      colAligns: ['left', 'right', 'right', 'right', 'right'],
    });
    for (const [name, ns] of Object.entries(results)) {
      table.push([
        name,
        median(ns).toFixed(0),
        Math.min(...ns).toFixed(0),
        Math.max(...ns).toFixed(0),
        (median(ns) / best).toFixed(1),
      ]);
    }
    console.log(`${sources} sources, ${job.packets} packets a round, ${job.rounds} rounds`);
    console.log(table.toString());
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ sources, packets: job.packets, results }, null, 2)}\n`);
  },
);
