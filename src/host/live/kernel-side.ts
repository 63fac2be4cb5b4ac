/** What the kernel holds of each kind of ruleset, asked of the kernel itself: no tool is run and no module loaded for it. */
import { readFileSync } from 'node:fs';
import { LoadError } from '../../load/load-error.js';

/** Tables of iptables-legacy in this network namespace; none where the kernel has no such tables. Throws LoadError without privilege. */
export function legacyTables(family: 'ip' | 'ip6'): readonly string[] {
  try {
    return readFileSync(`/proc/net/${family}_tables_names`, 'utf8')
      .split('\n')
      .filter((name) => name !== '');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new LoadError({
      errno: 13,
      step: 'read ruleset',
      message: `the rulesets of this host cannot be read: ${message}`,
      hint: 'run it as root, or plan from dumps that root has written',
      cause,
    });
  }
}

/** Names that are in every kernel with the subsystem, built in or as a loaded module. */
const symbols = { nft: 'nft_do_chain', ipset: 'ip_set_test' } as const;

/** What was found stays for this process: the kernel takes a tenth of a second to write the list of its symbols. */
const found = new Set<keyof typeof symbols>();

/** Whether the subsystem is in the kernel. Errs to true. */
export function kernelHas(subsystem: keyof typeof symbols): boolean {
  try {
    if (!found.has(subsystem)) look();
    return found.has(subsystem);
  } catch {
    return true;
  }
}

function look(): void {
  const text = readFileSync('/proc/kallsyms', 'latin1');
  for (const subsystem of ['nft', 'ipset'] as const) if (text.includes(` ${symbols[subsystem]}`)) found.add(subsystem);
}
