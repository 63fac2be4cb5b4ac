/** A program to measure, driven through many keys by bench/bpf/drive.bpf.c. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { NativeApi } from '../../src/load/native-api.js';
import { countOf, keyKinds, wordsOf, type Keys } from './keys.js';

export interface Program {
  readonly fd: number;
  /** Takes multi-buffer frames (SEC("xdp.frags")); null: not known. */
  readonly frags: boolean | null;
}

const headerBytes = 16;
const object = (): Buffer => readFileSync(new URL('../../build/bench/bpf/drive.bpf.o', import.meta.url));

/** Verdicts looked at before anything is measured: a program that answers wrongly is not fast. */
const checkedKeys = 1024;

/** Maps of keys that are in the kernel already: several programs read one. */
const loadedKeys = new WeakMap<Keys, number>();

export class Driver {
  private constructor(
    private readonly native: NativeApi,
    private readonly fd: number,
    private readonly keysFd: number,
    private readonly keys: Keys,
    private readonly frame: Uint8Array,
  ) {}

  static async load(native: NativeApi, program: Program, keys: Keys, frame: Uint8Array): Promise<Driver> {
    const kinds = program.frags === null ? [true, false] : [program.frags];
    let refused = '';
    for (const frags of kinds) {
      const { fd, maps } = await loadObject(native, frags, keys);
      const error = setTarget(native, maps.measured, program.fd);
      if (error === null) return new Driver(native, fd, maps.keys, keys, frame);
      refused = error;
      native.close(fd);
    }
    throw new Error(`the kernel refuses to call the program: ${refused}`);
  }

  /** Nanoseconds per packet. */
  async run(repeat: number): Promise<number> {
    return (await this.native.testRunTimed(this.fd, 0, this.frame, repeat)).nanoseconds;
  }

  /** Throws when the program answers otherwise than the keys say. */
  async check(name: string): Promise<void> {
    this.native.writeMappable(this.keysFd, 0, new Uint8Array(headerBytes));
    for (let key = 0; key < Math.min(checkedKeys, countOf(this.keys)); key++) {
      const { verdict } = await this.native.testRunTimed(this.fd, 0, this.frame, 1);
      const expected = this.keys.verdict(key);
      if (verdict !== expected) throw new Error(`${name}: XDP verdict ${verdict} for key ${key}, expected ${expected}`);
    }
  }
}

async function loadObject(
  native: NativeApi,
  frags: boolean,
  keys: Keys,
): Promise<{ fd: number; maps: { keys: number; measured: number } }> {
  const rodata = new Uint8Array(new Uint32Array([keyKinds[keys.kind], countOf(keys) - 1]).buffer);
  const known = loadedKeys.get(keys);
  const valueSize = Math.max(headerBytes + keys.words.byteLength, headerBytes + 4 * wordsOf[keys.kind]);
  const { program, maps } = await native.load(object(), frags ? 'drive_frags' : 'drive', rodata, [
    known === undefined ? { name: 'keys', valueSize } : { name: 'keys', reuseFd: known },
  ]);
  const [keysFd, measured] = [maps['keys'], maps['measured']];
  if (keysFd === undefined || measured === undefined) throw new Error('bug: the driver lacks a map');
  if (known === undefined) {
    native.writeMappable(keysFd, headerBytes, networkOrder(keys.words));
    loadedKeys.set(keys, keysFd);
  }
  return { fd: program, maps: { keys: keysFd, measured } };
}

/** What the kernel says against it, or null. The addon has no call for program arrays: nothing but this needs one. */
function setTarget(native: NativeApi, array: number, program: number): string | null {
  const ids = [native.mapInfo(array).id, native.programInfo(program).id] as const;
  const words = `map update id ${ids[0]} key 0 0 0 0 value id ${ids[1]}`;
  const { status, stderr, error } = spawnSync('bpftool', words.split(' '), { encoding: 'utf8' });
  if (error) throw error;
  return status === 0 ? null : stderr.trim();
}

/** The frame with the first key in it, as the driver writes it. */
export function withKey(frame: Uint8Array, { kind, words }: Keys): Uint8Array {
  if (kind === 'tuple4') throw new Error('bug: one key is for addresses');
  const bytes = frame.slice();
  bytes.set(networkOrder(words.subarray(0, wordsOf[kind])), kind === 'source4' ? 26 : 22);
  return bytes;
}

export function networkOrder(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i]!, false);
  return bytes;
}
