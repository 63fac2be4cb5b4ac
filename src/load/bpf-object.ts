/** The compiled data plane, as `bpf/build.sh` leaves it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoadError } from './load-error.js';
import { packageRoot } from './package-root.js';

/** Of bpf/programs.h. */
export const programName = 'offload_xdp';
/** What it passes it hands to somebody else's program. */
export const programNameBefore = 'offload_before';

/** Throws LoadError when it has not been built. */
export function readBpfObject(asksConntrack: boolean): Uint8Array {
  const name = asksConntrack ? 'prefilter-conntrack' : 'prefilter';
  const file = join(packageRoot(), `build/bpf/${name}.bpf.o`);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new LoadError({
      errno: 2,
      step: 'read object',
      message: `the BPF object is not built: ${file} cannot be read`,
      hint: 'run `bpf/build.sh` (it needs clang and libbpf-dev)',
      cause,
    });
  }
}
