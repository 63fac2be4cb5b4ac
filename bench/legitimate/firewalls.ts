/** What legitimate traffic meets: a firewall of many rules as it was, and the same with its drops moved to XDP. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Net } from '../../test/kernel/namespace.js';
import { blockedSources } from '../traffic/sources.js';
import { moved, original } from './names.js';

export interface Firewall {
  readonly name: string;
  readonly set: (net: Net, ns: string, rules: number) => Promise<void>;
}

const slow = { timeout: 300_000 } as const;

/** A blocklist of `count` lines in INPUT, as scripts write it, and in the end a host that is open. */
export function blocklist(count: number): string {
  const lines = blockedSources(count).map((source) => `-A INPUT -s ${source}/32 -j DROP\n`);
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('')}COMMIT\n`;
}

const restore = async (net: Net, ns: string, input: string): Promise<void> => {
  await net.exec(ns, 'iptables-legacy-restore', [], { input, ...slow });
};

export const firewalls: readonly Firewall[] = [
  { name: original, set: (net, ns, rules) => restore(net, ns, blocklist(rules)) },
  {
    name: moved,
    set: async (net, ns, rules) => {
      const [directory, bpffs] = [net.directory(), net.bpffs()];
      const [file, residual] = [join(directory, 'rules.v4'), join(directory, 'residual.v4')];
      writeFileSync(file, blocklist(rules));
      const where = ['--bpffs', bpffs, '--state', directory];
      await net.exec(ns, 'bin/offload', [file, '--dev', 'eth0', '--residual', residual, ...where], slow);
      await restore(net, ns, readFileSync(residual, 'utf8'));
    },
  },
];
