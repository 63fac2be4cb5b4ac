/** Connections as XDP can see them: whether the kernel can be asked, and whether the answers say all there is to say. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Check } from './preflight.js';

/** The kfunc came with 5.18; a kernel without conntrack does not have it. BTF names every kfunc. */
export const kernelAsksConntrack = (): boolean => conntrackBtf() !== null;

/** Whose BTF has it: where conntrack is a module, that stands beside the kernel's, and is opened for CAP_SYS_ADMIN only. Null: nobody's. */
export function conntrackBtf(): 'kernel' | 'module' | null {
  if (btfHasIt('vmlinux')) return 'kernel';
  return btfHasIt('nf_conntrack') ? 'module' : null;
}

function btfHasIt(name: string): boolean {
  try {
    return readFileSync(`/sys/kernel/btf/${name}`).includes('bpf_xdp_ct_lookup');
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

/** Bytes of the list of connections that are looked through: some hundred thousand connections. */
const lookedThrough = 64 << 20;

/** A lookup from XDP finds connections of the default zone only. Rules that assign zones are seen in the ruleset; this sees what tc or OVS did. */
export function checkZones(): Check {
  const zones = zonesInUse();
  return {
    code: 'default-zone',
    statement: 'connections are tracked in the default zone only',
    status: zones === null ? 'unchecked' : zones ? 'violated' : 'holds',
    detail:
      zones === null
        ? '/proc/net/nf_conntrack cannot be read, or is too long to look through'
        : zones
          ? 'there are connections in other zones: plan with --no-conntrack'
          : 'no connection is in another zone',
  };
}

function zonesInUse(): boolean | null {
  let file: number;
  try {
    file = openSync('/proc/net/nf_conntrack', 'r');
  } catch {
    return null;
  }
  try {
    const piece = Buffer.allocUnsafe(1 << 18);
    let tail = '';
    for (let read = 0; read < lookedThrough;) {
      const length = readSync(file, piece);
      if (length === 0) return false;
      read += length;
      const text = tail + piece.toString('latin1', 0, length);
      if (/ zone(-orig|-reply)?=[1-9]/.test(text)) return true;
      tail = text.slice(-16);
    }
    return null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
