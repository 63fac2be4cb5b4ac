/** An image in the kernel, without a device: for tests by BPF_PROG_TEST_RUN. */
import { readFileSync } from 'node:fs';
import { config, passReasons, sizeOf } from '../../src/compile/abi.js';
import type { DeviceConfig, Image } from '../../src/compile/image.js';
import type { FrameBatch } from '../../src/load/native-api.js';
import { readClockZero } from '../../src/load/clock.js';
import { counterRows, fillCounterRows } from '../../src/load/counter-rows.js';
import { loadNative } from '../../src/load/native.js';
import { deviceMac } from './frame.js';

export const objectFile = 'build/bpf/prefilter.bpf.o';
export const conntrackObjectFile = 'build/bpf/prefilter-conntrack.bpf.o';

export interface Loaded {
  readonly program: number;
  readonly maps: Readonly<Record<string, number>>;
  readonly run: (frames: readonly Uint8Array[]) => Promise<Uint8Array>;
  /** Packets and bytes of each counter. */
  readonly counters: () => { packets: bigint; bytes: bigint }[];
  readonly stats: () => bigint[];
  readonly close: () => void;
}

export function batch(frames: readonly Uint8Array[]): FrameBatch {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  const ends = new Uint32Array(frames.length);
  let at = 0;
  frames.forEach((frame, i) => {
    bytes.set(frame, at);
    ends[i] = at += frame.length;
  });
  return { bytes, ends };
}

export async function loadImage(
  image: Image,
  device: DeviceConfig,
  file = objectFile,
  clockZero = readClockZero(),
): Promise<Loaded> {
  const native = loadNative();
  const rodata = image.rodata(device, clockZero);
  if (rodata.length !== sizeOf(config)) throw new Error('bug: rodata');
  const sizes = [
    { name: 'tables', valueSize: image.tables.length },
    { name: 'counters', ...counterRows(native, image) },
  ];
  const { program, maps } = await native.load(readFileSync(file), 'offload_xdp', rodata, sizes, true);
  native.writeMappable(maps['tables']!, 0, image.tables);
  fillCounterRows(native, maps['counters']!, image);
  return {
    program,
    maps,
    run: (frames) => native.testRun(program, 0, batch(frames)),
    counters: () => {
      const sums = native.readCounters(maps['counters']!, image.counters);
      return Array.from({ length: image.counters }, (_, i) => ({ packets: sums[i * 2]!, bytes: sums[i * 2 + 1]! }));
    },
    stats: () => [...native.readPerCpu(maps['stats']!, 0, passReasons.length, 1)],
    close: () => [program, ...Object.values(maps)].forEach((fd) => native.close(fd)),
  };
}

/** Loads the image for as long as the body takes. */
export async function withImage(image: Image, body: (loaded: Loaded) => Promise<void>): Promise<void> {
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    await body(loaded);
  } finally {
    loaded.close();
  }
}
