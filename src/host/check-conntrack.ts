/** Connections as XDP can see them: whether the kernel can be asked, and whether the answers say all there is to say. */
import { readFileSync } from 'node:fs';
import type { Check } from './preflight.js';

/** The kfunc came with 5.18; a kernel without conntrack does not have it. BTF names every kfunc. */
export function kernelAsksConntrack(): boolean {
  try {
    return readFileSync('/sys/kernel/btf/vmlinux').includes('bpf_xdp_ct_lookup') || moduleHasIt();
  } catch {
    return false;
  }
}

/** Where conntrack is a module, its BTF stands beside the kernel's. */
function moduleHasIt(): boolean {
  try {
    return readFileSync('/sys/kernel/btf/nf_conntrack').includes('bpf_xdp_ct_lookup');
  } catch {
    return false;
  }
}

/** Expectations make packets RELATED that have no entry of their own. */
export function checkHelpers(): Check {
  const expected = expectations();
  return {
    code: 'no-helpers',
    statement: 'no conntrack helper expects connections (ftp, sip and the like)',
    status: expected === null ? 'unchecked' : expected > 0 ? 'violated' : 'holds',
    detail:
      expected === null
        ? '/proc/net/nf_conntrack_expect cannot be read'
        : expected > 0
          ? `${expected} expected connections: plan with --no-conntrack`
          : 'nothing is expected',
  };
}

function expectations(): number | null {
  try {
    return readFileSync('/proc/net/nf_conntrack_expect', 'utf8')
      .split('\n')
      .filter((line) => line !== '').length;
  } catch {
    return null;
  }
}
