/** Privilege and kernel features. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { isNativeError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import type { Check } from './preflight.js';

/** linux/capability.h */
const capabilities = { netAdmin: 12, sysAdmin: 21, perfmon: 38, bpf: 39 } as const;

export function checkPrivilege(): Check {
  const held = heldCapabilities();
  const has = (bit: number): boolean => ((held >> BigInt(bit)) & 1n) === 1n;
  const enough =
    has(capabilities.netAdmin) && (has(capabilities.sysAdmin) || (has(capabilities.bpf) && has(capabilities.perfmon)));
  return {
    code: 'privilege',
    statement: 'the process may load and attach BPF programs',
    status: enough ? 'holds' : 'violated',
    detail: enough
      ? 'CAP_NET_ADMIN and CAP_BPF are held'
      : 'CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON are needed: run as root',
  };
}

function heldCapabilities(): bigint {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return BigInt(`0x${mask ?? '0'}`);
}

/** Multi-buffer XDP programs came with 5.18, XDP links with 5.9. */
const needed = { major: 5, minor: 18 };

export function checkFeatures(native: NativeApi): Check {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const recent = major > needed.major || (major === needed.major && minor >= needed.minor);
  const bpf = answersBpf(native);
  return {
    code: 'kernel-features',
    statement: `the kernel has BPF links and multi-buffer XDP (${needed.major}.${needed.minor} or later)`,
    status: recent && bpf ? 'holds' : 'violated',
    detail: `Linux ${release()}${bpf ? '' : ': the bpf system call is not there'}`,
  };
}

/** No program has id 0: a kernel with bpf(2) says ENOENT, or EPERM to the unprivileged. */
function answersBpf(native: NativeApi): boolean {
  try {
    native.close(native.programById(0));
    return true;
  } catch (error) {
    return !isNativeError(error) || error.code !== 'ENOSYS';
  }
}
