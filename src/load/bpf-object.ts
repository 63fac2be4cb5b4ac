/** The compiled data plane, as `bpf/build.sh` leaves it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoadError } from './load-error.js';
import { packageRoot } from './package-root.js';

/** Function in bpf/prefilter.bpf.c and bpf/prefilter-conntrack.bpf.c. */
export const programName = 'offload_xdp';
/** The same, for arrays of programs that do not take multi-buffer frames. */
export const singleBufferProgram = 'offload_xdp_one';

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
