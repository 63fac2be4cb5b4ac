/** The ways to block sources on a running host. Each keeps a list of its own in a namespace of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Net } from '../../test/kernel/namespace.js';
import { LineProcess } from '../harness/line-process.js';
import { measuringCore } from '../harness/processor.js';
import { dotted, sourcesFrom } from '../traffic/sources.js';
import { inPlace, runningAgain } from './names.js';
import type { Order } from './updater-script.js';

/** So many of those that begin there (`sourceOf`), host byte order. */
export interface Block {
  readonly first: number;
  readonly count: number;
}

export interface Prepared {
  /** Milliseconds. */
  readonly add: (block: Block) => Promise<number>;
  readonly remove: (block: Block) => Promise<unknown>;
}

export interface Way {
  readonly name: string;
  /** Longest list that is worth waiting for. */
  readonly most: number;
  /** Takes many sources at once in one go. */
  readonly takesMany: boolean;
  /** With a list of so many sources. */
  readonly prepare: (net: Net, ns: string, list: Block) => Promise<Prepared>;
}

const slow = { timeout: 600_000 } as const;
const listed = ({ first, count }: Block): string[] => sourcesFrom(first, count);

async function timed(body: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await body();
  return performance.now() - begin;
}

export const rawTable = (rules: string): string =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;
/** Drops what is in the set `bad`. */
export const bySet = rawTable('-A PREROUTING -m set --match-set bad src -j DROP\n');
const setText = (sources: readonly string[]): string =>
  `create bad hash:ip family inet maxelem 4000000\n${sources.map((one) => `add bad ${one}\n`).join('')}`;

const ipset: Way = {
  name: 'ipset (iptables raw)',
  most: Infinity,
  takesMany: true,
  prepare: async (net, ns, list) => {
    await net.exec(ns, 'ipset', ['restore'], { input: setText(listed(list)), ...slow });
    await net.exec(ns, 'iptables-legacy-restore', [], { input: bySet });
    const change = (verb: string, block: Block): Promise<unknown> => {
      const sources = listed(block);
      if (sources.length === 1) return net.exec(ns, 'ipset', [verb, 'bad', sources[0]!]);
      return net.exec(ns, 'ipset', ['restore'], { input: sources.map((one) => `${verb} bad ${one}\n`).join('') });
    };
    return { add: (block) => timed(() => change('add', block)), remove: (block) => change('del', block) };
  },
};

const nft: Way = {
  name: 'nft set (raw)',
  most: Infinity,
  takesMany: true,
  prepare: async (net, ns, list) => {
    const file = join(net.directory(), 'change.nft');
    const elements = (block: Block): string => `{ ${listed(block).join(', ')} }`;
    const chain = 'chain c {\ntype filter hook prerouting priority raw;\nip saddr @bad drop\n}\n';
    writeFileSync(file, `table ip bench {\nset bad {\ntype ipv4_addr\nelements = ${elements(list)}\n}\n${chain}}\n`);
    await net.exec(ns, 'nft', ['-f', file], slow);
    const change = (verb: string, block: Block): Promise<unknown> => {
      const command = `${verb} element ip bench bad ${elements(block)}`;
      if (block.count === 1) return net.exec(ns, 'nft', [command]);
      writeFileSync(file, `${command}\n`);
      return net.exec(ns, 'nft', ['-f', file], slow);
    };
    return { add: (block) => timed(() => change('add', block)), remove: (block) => change('delete', block) };
  },
};

const iptables = (name: string, command: string): Way => ({
  name,
  most: 100_000,
  takesMany: false,
  prepare: async (net, ns, list) => {
    const rule = (source: string): string => `PREROUTING -s ${source} -j DROP`;
    const input = rawTable(listed(list).map((source) => `-A ${rule(source)}\n`).join(''));
    await net.exec(ns, `${command}-restore`, [], { input, ...slow });
    const change = (flag: string, { first }: Block): Promise<unknown> =>
      net.exec(ns, command, ['-t', 'raw', flag, ...rule(dotted(first)).split(' ')], slow);
    return { add: (block) => timed(() => change('-A', block)), remove: (block) => change('-D', block) };
  },
}); // prettier-ignore

/** Everything anew: read, plan, load, verify, attach. */
const offloadCommand: Way = {
  name: runningAgain,
  most: Infinity,
  takesMany: true,
  prepare: async (net, ns, list) => {
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const [rules, sets] = [join(directory, 'rules.v4'), join(directory, 'sets.ipset')];
    writeFileSync(rules, bySet);
    const base = listed(list);
    const write = (more: readonly string[]): void => {
      writeFileSync(sets, setText([...base, ...more]));
    };
    const run = (): Promise<unknown> =>
      net.exec(ns, 'bin/offload', [rules, sets, '--dev', 'eth0', '--bpffs', bpffs, '--state', directory], slow);
    write([]);
    await run();
    const add = (block: Block): Promise<number> => {
      write(listed(block));
      return timed(run);
    };
    const remove = (): Promise<unknown> => {
      write([]);
      return run();
    };
    return { add, remove };
  },
};

/** As a process that follows the set: it holds the plan, and stores into the tables of the running program. */
const offloadInPlace: Way = {
  name: inPlace,
  most: Infinity,
  takesMany: true,
  prepare: async (net, ns, list) => {
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const files = ['rules.v4', 'sets.ipset'].map((name) => join(directory, name));
    writeFileSync(files[0]!, bySet);
    writeFileSync(files[1]!, setText(listed(list)));
    const script = LineProcess.start(net, ns, { file: 'bench/updates/updater-script.ts', core: measuringCore });
    const ask = async (order: Order): Promise<number> => Number(await script.ask(JSON.stringify(order)));
    await ask({ op: 'attach', files, bpffs });
    return { add: (block) => ask({ op: 'add', ...block }), remove: (block) => ask({ op: 'remove', ...block }) };
  },
};

export const ways: readonly Way[] = [
  iptables('iptables-legacy -A (raw)', 'iptables-legacy'),
  iptables('iptables-nft -A (raw)', 'iptables-nft'),
  ipset,
  nft,
  offloadCommand,
  offloadInPlace,
];
