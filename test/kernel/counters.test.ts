/** Counters of 32 bits, whose carries stand elsewhere, are read as numbers of 64, also while programs count on. */
import test from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { loadNative } from '../../src/load/native.js';
import { deviceMac, frameOf, synPacket } from '../compile/frame.js';
import { loadImage, type Loaded } from '../compile/loaded.js';

const native = loadNative();
const sources = 7;

/** Each source has a counter of its own. */
async function withCounters(body: (loaded: Loaded) => Promise<void>): Promise<void> {
  const lo = Uint32Array.from({ length: sources }, (_, i) => 0x0a000000 + i * 9);
  const ranges = { family: 4, count: sources, lo, hi: lo } as const;
  const image = compilePrefilter({
    ip: {
      family: 4,
      atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters: lo.map((_, i) => i) }],
      steps: [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: 0 } }],
    },
    ip6: { family: 6, atoms: [], steps: [] },
    counters: sources,
  });
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    await body(loaded);
  } finally {
    loaded.close();
  }
}

const frame = (source: number, payload = 0): Uint8Array =>
  frameOf({ ...synPacket, saddr: [0x0a000000 + source * 9], payload });

/** Counters of each CPU stand side by side, then their flips, in fours. */
function set(loaded: Loaded, counter: number, at: 'number' | 'flips', packets: number, bytes: number): void {
  const { valueSize, maxEntries } = native.mapInfo(loaded.maps['counters']!);
  const value = new Uint8Array(Uint32Array.of(packets, bytes).buffer);
  for (let cpu = 0; cpu < maxEntries; cpu++)
    native.writeMappable(loaded.maps['counters']!, cpu * valueSize + counter * 8 + (at === 'flips' ? 64 : 0), value);
}

test('what does not fit in 32 bits is carried', async (t) => {
  await withCounters(async (loaded) => {
    const cpus = BigInt(native.mapInfo(loaded.maps['counters']!).maxEntries);
    t.is(native.mapInfo(loaded.maps['counters']!).valueSize, 128);
    // One before half, one before the whole, one before another half; neighbours stay as they are.
    set(loaded, 1, 'number', 0x7fffffff, 0x7fffffff);
    set(loaded, 3, 'number', 0xffffffff, 0xffffffff);
    set(loaded, 3, 'flips', 1, 1);
    set(loaded, 6, 'number', 0x7fffffff, 0xfffffff0);
    set(loaded, 6, 'flips', 6, 9);
    const before = [0n, 0x7fffffffn, 0n, 0xffffffffn, 0n, 0n, 0n].map((n) => n * cpus);
    before[6] = 0x37fffffffn * cpus;
    t.deepEqual(
      loaded.counters().map(({ packets }) => packets),
      before,
    );
    t.is(loaded.counters()[6]!.bytes, 0x4fffffff0n * cpus);
    t.deepEqual([...(await loaded.run([1, 3, 6, 6, 2].map((source) => frame(source))))], [1, 1, 1, 1, 1]);
    const after = loaded.counters();
    t.deepEqual(
      after.map(({ packets }, i) => packets - before[i]!),
      [0n, 1n, 1n, 1n, 0n, 0n, 2n],
    );
    t.is(after[1]!.bytes, 0x7fffffffn * cpus + 40n);
    t.is(after[3]!.bytes, 0xffffffffn * cpus + 40n);
    t.is(after[6]!.bytes, 0x4fffffff0n * cpus + 80n);
  });
});

test('numbers whose carry is still to come are read as if it were there', async (t) => {
  await withCounters((loaded) => {
    const cpus = BigInt(native.mapInfo(loaded.maps['counters']!).maxEntries);
    set(loaded, 0, 'number', 0x80000000, 5);
    set(loaded, 0, 'flips', 0, 1);
    t.deepEqual(loaded.counters()[0], { packets: 0x80000000n * cpus, bytes: 0x100000005n * cpus });
    return Promise.resolve();
  });
});

test('read while they are counted on, numbers never go back', async (t) => {
  await withCounters(async (loaded) => {
    const repeats = 4_000_000;
    const running = { done: false };
    const work = native.testRunTimed(loaded.program, 0, frame(5, 3000), repeats).finally(() => (running.done = true));
    let [last, reads] = [0n, 0];
    while (!running.done) {
      const { bytes } = loaded.counters()[5]!;
      if (bytes < last) t.fail(`${last}, then ${bytes}`);
      last = bytes;
      if (++reads % 64 === 0) await new Promise((resume) => setImmediate(resume));
    }
    await work;
    t.deepEqual(loaded.counters()[5], { packets: BigInt(repeats), bytes: BigInt(repeats) * 3040n });
    t.true(reads > 100, `${reads} times`);
  });
});
