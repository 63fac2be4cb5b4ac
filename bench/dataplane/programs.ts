/** Loads what is measured: the product's program as it is attached, and what one would write by hand. */
import { readFileSync } from 'node:fs';
import { config, familyConfig, offsetOf } from '../../src/compile/abi.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import type { Image } from '../../src/compile/image.js';
import { loadImage } from '../../src/load/load-image.js';
import type { NativeApi } from '../../src/load/native-api.js';
import type { Prefilter, StepProgram } from '../../src/plan/program.js';
import { deviceMac } from '../../test/compile/frame.js';
import type { Sources } from './addresses.js';
import { networkOrder, type Program } from './driver.js';

export const noSteps = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [] });

export async function loadOffload(native: NativeApi, image: Image): Promise<Program> {
  const { devices } = await loadImage(native, image, [{ name: 'bench', ifindex: 0, mac: deviceMac, position: 0 }]);
  return { fd: devices[0]!.program.fd, frags: true };
}

/** The product's program without steps, told to parse both families all the same: what everything else is measured over. */
export function loadParseOnly(native: NativeApi): Promise<Program> {
  const image = compilePrefilter({ ip: noSteps(4), ip6: noSteps(6), counters: 1 });
  return loadOffload(native, {
    ...image,
    rodata: (device, clockZero) => {
      const bytes = image.rodata(device, clockZero);
      for (const family of ['ip', 'ip6']) bytes[offsetOf(config, family) + offsetOf(familyConfig, 'enabled')] = 1;
      return bytes;
    },
  });
}

/** Drops from the sources: lines with a counter each, as `-s A -j DROP` lines have, or the elements of a set with one for all. */
export function dropSources({ ranges }: Sources, of: 'lines' | 'set'): Prefilter {
  const { family, count } = ranges;
  const counters = of === 'lines' ? Uint32Array.from({ length: count }, (_, i) => i + 1) : null;
  const program: StepProgram = {
    family,
    atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters }],
    steps: [
      { when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: of === 'lines' ? 0 : null } },
    ],
  };
  return {
    ip: family === 4 ? program : noSteps(4),
    ip6: family === 6 ? program : noSteps(6),
    counters: of === 'lines' ? count + 1 : 1,
  };
}

/** Built when the bench starts: after this module is loaded. */
const rivals = (): Buffer => readFileSync(new URL('../../build/bench/bpf/rivals.bpf.o', import.meta.url));

export async function loadDropAll(native: NativeApi): Promise<Program> {
  return { fd: (await native.load(rivals(), 'drop_all', null, [])).program, frags: true };
}

/** Elements a batch: the kernel copies each batch as a whole. */
const batch = 65536;

export async function loadRival(native: NativeApi, kind: 'hash' | 'trie', sources: Sources): Promise<Program> {
  const { family, count, lo } = sources.ranges;
  const map = `${kind}${family}`;
  const { program, maps } = await native.load(rivals(), `by_${map}`, null, [{ name: map, maxEntries: count }]);
  const keys = kind === 'hash' ? networkOrder(lo) : trieKeys(sources);
  const keyBytes = keys.length / count;
  for (let from = 0; from < count; from += batch) {
    const number = Math.min(batch, count - from);
    const part = keys.subarray(from * keyBytes, (from + number) * keyBytes);
    native.updateBatch(maps[map]!, part, new Uint8Array(number * 4), number);
  }
  return { fd: program, frags: true };
}

/** struct bpf_lpm_trie_key: the length in host order, then the address. */
function trieKeys({ ranges, lengths }: Sources): Uint8Array {
  const addressBytes = ranges.family === 4 ? 4 : 16;
  const addresses = networkOrder(ranges.lo);
  const keys = new Uint8Array(ranges.count * (4 + addressBytes));
  const view = new DataView(keys.buffer);
  for (let i = 0; i < ranges.count; i++) {
    const at = i * (4 + addressBytes);
    view.setUint32(at, lengths[i]!, true);
    keys.set(addresses.subarray(i * addressBytes, (i + 1) * addressBytes), at + 4);
  }
  return keys;
}
