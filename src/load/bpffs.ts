/** The BPF file system that holds our pins: `<bpffs>/offload/<device>/…`. */
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { LoadError, explaining } from './load-error.js';
import type { NativeApi } from './native-api.js';

/** BPF_FS_MAGIC, linux/magic.h. */
const bpffsMagic = 0xcafe4a11;

const isBpffs = (path: string): boolean => statfsSync(path).type === bpffsMagic;

/** Directory of all our pins; also what a run locks. */
export const pinsRoot = (bpffs: string): string => join(bpffs, 'offload');

/** bpffs reserves names with dots (kernel: bpf_lookup), but `eth0.100` is a usual device name. */
export function pinsOf(bpffs: string, device: string): string {
  return join(pinsRoot(bpffs), device.replaceAll('%', '%25').replaceAll('.', '%2E'));
}

/** Whether pins can be read from there. A directory that is missing or no bpffs holds none. */
export function holdsPins(bpffs: string): boolean {
  try {
    return isBpffs(bpffs);
  } catch {
    return false;
  }
}

/** Mounts the bpffs if it is not one yet and makes our directory (mode 0700). Throws LoadError. */
export async function prepareBpffs(native: NativeApi, bpffs: string): Promise<void> {
  try {
    mkdirSync(bpffs, { recursive: true });
    if (!isBpffs(bpffs)) {
      await explaining(`${bpffs} is no BPF file system and cannot be made one`, () => native.mountBpffs(bpffs));
    }
    mkdirSync(pinsRoot(bpffs), { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    const { errno, message } = cause as NodeJS.ErrnoException;
    throw new LoadError({
      errno: Math.abs(errno ?? 0),
      step: 'prepare bpffs',
      message: `pins cannot be kept under ${bpffs}: ${message}`,
      hint: 'name another directory with --bpffs',
      cause,
    });
  }
}
