/** The defences that bench/capacity.ts compares: what each puts into its namespace. Sources are 198.18.0.0 + (0 .. count - 1). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Net } from '../test/kernel/namespace.js';

export interface Defence {
  readonly name: string;
  /** Linear rules beyond a few thousand take too long to load and to measure. */
  readonly most: number;
  readonly set: (net: Net, ns: string, sources: readonly string[]) => Promise<void>;
}

const open = ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n';
const raw = (rules: string): string => `*raw\n${open}${rules}COMMIT\n`;
const ipset = (sources: readonly string[]): string =>
  `create bad hash:ip family inet maxelem 2000000\n${sources.map((address) => `add bad ${address}\n`).join('')}`;
const bySet = '-A PREROUTING -m set --match-set bad src -j DROP\n';

async function restore(net: Net, ns: string, command: string, args: readonly string[], input: string): Promise<void> {
  await net.exec(ns, command, args, { input, timeout: 120_000 });
}

/** The product as it is used: the command on dumps, the prefilter attached, the residual left as it was (it is not reached). */
const offload =
  (mode: 'native' | 'generic'): Defence['set'] =>
  async (net, ns, sources) => {
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const [rules, sets] = [join(directory, 'rules.v4'), join(directory, 'sets.ipset')];
    writeFileSync(rules, raw(bySet));
    writeFileSync(sets, ipset(sources));
    const where = ['--bpffs', bpffs, '--state', directory];
    await net.exec(ns, 'bin/offload', [rules, sets, '--dev', 'eth0', '--mode', mode, ...where], { timeout: 120_000 });
  };

/** By a file: nft opens /dev/stdin anew, which does not work on the socket that node gives a child. */
const nftTable =
  (family: string, chain: string): Defence['set'] =>
  async (net, ns, sources) => {
    const file = join(net.directory(), 'bench.nft');
    const set = `set bad {\ntype ipv4_addr\nelements = { ${sources.join(', ')} }\n}\n`;
    writeFileSync(file, `table ${family} bench {\n${set}chain c {\n${chain}\nip saddr @bad drop\n}\n}\n`);
    await net.exec(ns, 'nft', ['-f', file], { timeout: 120_000 });
  };

export const defences: readonly Defence[] = [
  {
    name: 'iptables, one rule a source (raw)',
    most: 1024,
    set: (net, ns, sources) =>
      restore(
        net,
        ns,
        'iptables-legacy-restore',
        [],
        raw(sources.map((address) => `-A PREROUTING -s ${address} -j DROP\n`).join('')),
      ),
  },
  {
    name: 'ipset (iptables raw)',
    most: Infinity,
    set: async (net, ns, sources) => {
      await restore(net, ns, 'ipset', ['restore'], ipset(sources));
      await restore(net, ns, 'iptables-legacy-restore', [], raw(bySet));
    },
  },
  { name: 'nft set (raw)', most: Infinity, set: nftTable('ip', 'type filter hook prerouting priority raw;') },
  {
    name: 'nft set (netdev ingress)',
    most: Infinity,
    set: nftTable('netdev', 'type filter hook ingress device eth0 priority 0;'),
  },
  { name: 'offload, generic XDP', most: Infinity, set: offload('generic') },
  { name: 'offload, native XDP', most: Infinity, set: offload('native') },
];
