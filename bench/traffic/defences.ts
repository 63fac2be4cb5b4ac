/** The defences that are compared: what each puts into its namespace to drop what comes from a list of sources. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Net } from '../../test/kernel/namespace.js';
import { fillXdpFilter, xdpFilterArguments, xdpFilterEnvironment, xdpFilterMost } from '../dataplane/xdp-filter.js';

export interface Defence {
  readonly name: string;
  /** Most sources that it takes, or that are worth waiting for: linear rules take long to measure. */
  readonly most: number;
  readonly set: (net: Net, ns: string, sources: readonly string[]) => Promise<void>;
}

export const nativeName = 'offload, native XDP';

const slow = { timeout: 300_000 } as const;
const raw = (rules: string): string => `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;
const ipset = (sources: readonly string[]): string =>
  `create bad hash:ip family inet maxelem 2000000\n${sources.map((address) => `add bad ${address}\n`).join('')}`;
const bySet = '-A PREROUTING -m set --match-set bad src -j DROP\n';

async function iptables(net: Net, ns: string, rules: string): Promise<void> {
  await net.exec(ns, 'iptables-legacy-restore', [], { input: raw(rules), ...slow });
}

/** The product as it is used: the command on dumps, the prefilter attached. What netfilter then has to do is nothing, and it has no rules. */
const offload =
  (mode: 'native' | 'generic'): Defence['set'] =>
  async (net, ns, sources) => {
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const [rules, sets] = [join(directory, 'rules.v4'), join(directory, 'sets.ipset')];
    writeFileSync(rules, raw(bySet));
    writeFileSync(sets, ipset(sources));
    const where = ['--bpffs', bpffs, '--state', directory];
    await net.exec(ns, 'bin/offload', [rules, sets, '--dev', 'eth0', '--mode', mode, ...where], slow);
  };

/** By a file: nft opens /dev/stdin anew, which does not work on the socket that node gives a child. */
const nftTable =
  (family: string, chain: string): Defence['set'] =>
  async (net, ns, sources) => {
    const file = join(net.directory(), 'bench.nft');
    const set = `set bad {\ntype ipv4_addr\nelements = { ${sources.join(', ')} }\n}\n`;
    writeFileSync(file, `table ${family} bench {\n${set}chain c {\n${chain}\nip saddr @bad drop\n}\n}\n`);
    await net.exec(ns, 'nft', ['-f', file], slow);
  };

async function dropAll(net: Net, ns: string): Promise<void> {
  const pin = join(net.bpffs(), 'drop');
  await net.exec(ns, 'bpftool', ['prog', 'load', 'build/bench/bpf/rivals.bpf.o', pin, 'type', 'xdp']);
  await net.exec(ns, 'bpftool', ['net', 'attach', 'xdpdrv', 'pinned', pin, 'dev', 'eth0']);
}

/** All of a part's devices share its maps: they are filled with the same sources. */
async function xdpFilter(net: Net, ns: string, sources: readonly string[]): Promise<void> {
  await net.exec(ns, 'xdp-filter', xdpFilterArguments('eth0'), { env: xdpFilterEnvironment });
  const words = sources.map((text) => text.split('.').reduce((word, byte) => word * 256 + Number(byte), 0));
  fillXdpFilter(Uint32Array.from(words));
}

const here = (command: string): boolean => spawnSync(command, ['--help']).error === undefined;

export const linearName = 'iptables, one rule a source (raw)';

const all: readonly Defence[] = [
  {
    name: linearName,
    most: 1024,
    set: (net, ns, sources) =>
      iptables(net, ns, sources.map((address) => `-A PREROUTING -s ${address} -j DROP\n`).join('')),
  },
  {
    name: 'ipset (iptables raw)',
    most: Infinity,
    set: async (net, ns, sources) => {
      await net.exec(ns, 'ipset', ['restore'], { input: ipset(sources), ...slow });
      await iptables(net, ns, bySet);
    },
  },
  { name: 'nft set (raw)', most: Infinity, set: nftTable('ip', 'type filter hook prerouting priority raw;') },
  {
    name: 'nft set (netdev ingress)',
    most: Infinity,
    set: nftTable('netdev', 'type filter hook ingress device eth0 priority 0;'),
  },
  { name: 'xdp-filter', most: xdpFilterMost, set: xdpFilter },
  { name: 'offload, generic XDP', most: Infinity, set: offload('generic') },
  { name: nativeName, most: Infinity, set: offload('native') },
  { name: 'XDP_DROP of everything', most: Infinity, set: dropAll },
];

/** Those that this machine has and that take so many sources. */
export const defencesFor = (sources: number): Defence[] =>
  all.filter(({ name, most }) => sources <= most && (name !== 'xdp-filter' || here('xdp-filter')));
