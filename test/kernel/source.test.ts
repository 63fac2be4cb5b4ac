/**
 * Where the source address alone decides, ordinary frames go a short way of their own (bpf/source.h). It must decide and count as the long
 * way does, which the same steps take as rows of bits, and leave every frame to it that is not ordinary.
 */
import test from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { passReasons } from '../../src/compile/abi.js';
import type { StepProgram } from '../../src/plan/program.js';
import { evaluate } from '../compile/evaluate.js';
import { decoded, deviceMac, frameOf } from '../compile/frame.js';
import { loadImage, objectFile } from '../compile/loaded.js';
import { Random, randomPacket, randomProgram, randomSecond } from '../compile/random.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const counters = 300;

const tag = (frame: Uint8Array, ...bytes: number[]): Uint8Array =>
  Uint8Array.of(...frame.subarray(0, 12), ...bytes, ...frame.subarray(12));

function patched(frame: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, at);
  return copy;
}

/** What is not ordinary, and what is broken; what becomes of it is for the long way to say. */
const oddities: readonly ((frame: Uint8Array, random: Random) => Uint8Array)[] = [
  (frame) => tag(frame, 0x81, 0, 0x20, 0),
  (frame) => tag(frame, 0x88, 0xa8, 0, 0),
  (frame) => tag(frame, 0x81, 0, 0, 5),
  (frame) => tag(frame, 0x81, 0, 0, 0, 0x81, 0, 0, 0),
  // To another host; broadcast and multicast are among the packets.
  (frame, random) => patched(frame, random.below(6), 0x52),
  (frame) => patched(frame, 0, 0, 0, 0, 0, 0, 0),
  // Only what stands behind the destination differs.
  (frame) => patched(frame, 6, 0xff, 0xff),
  (frame, random) => patched(frame, 12, random.below(256), random.below(256)),
  // Version and header length; total or payload length.
  (frame, random) => patched(frame, 14, random.below(256)),
  (frame, random) => patched(frame, 14, 0x46 + random.below(10)),
  (frame, random) => patched(frame, frame[12] === 8 ? 16 : 18, random.below(8), random.below(256)),
  (frame, random) => patched(frame, frame[12] === 8 ? 16 : 18, 0, random.below(48)),
  (frame, random) => patched(frame, 14 + random.below(frame.length - 14), random.below(256)),
  (frame, random) => frame.subarray(0, 14 + random.below(frame.length - 14)),
  (frame) => Uint8Array.of(...frame, ...new Uint8Array(100)),
];

function sourceProgram(random: Random, family: 4 | 6): StepProgram {
  return randomProgram(random, {
    family,
    steps: random.between(1, 5),
    atoms: random.between(1, 4),
    counters,
    entries: random.pick([1, 10, 60, 200]),
    fields: ['saddr'],
    skips: false,
    devices: 1,
  });
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: the short way says what the long way says`, async (t) => {
    let [short, odd] = [0, 0];
    for (let round = 0; round < 12; round++) {
      const random = new Random(seed + round * 7919);
      const program = sourceProgram(random, family);
      const none: StepProgram = { family: family === 4 ? 6 : 4, atoms: [], steps: [] };
      const prefilter = family === 4 ? { ip: program, ip6: none, counters } : { ip: none, ip6: program, counters };
      const packets = Array.from({ length: 200 }, () => randomPacket(random, program, 0));
      const plain = packets.map(frameOf);
      const frames = [...plain, ...plain.flatMap((frame) => random.pick(oddities)(frame, random))];
      const second = randomSecond(random);
      const zero = BigInt(second) * 1_000_000_000n - process.hrtime.bigint();
      const answers = [];
      for (const decisions of [true, false]) {
        const image = compilePrefilter(prefilter, { decisions });
        if (decisions && image.structures.some(({ structure }) => structure === 'decisions')) short++;
        const loaded = await loadImage(image, { mac: deviceMac, position: 0 }, objectFile, zero);
        const verdicts = [...(await loaded.run(frames))];
        answers.push({ verdicts, counters: loaded.counters(), stats: loaded.stats() });
        loaded.close();
      }
      const [one, other] = answers;
      const wrong = one!.verdicts.findIndex((verdict, i) => verdict !== other!.verdicts[i]);
      if (wrong >= 0) t.log(`seed ${seed}, round ${round}: ${Buffer.from(frames[wrong]!).toString('hex')}`);
      t.is(wrong, -1);
      t.deepEqual(one!.counters, other!.counters);
      t.deepEqual(one!.stats, other!.stats);
      t.deepEqual(
        one!.verdicts.slice(0, plain.length),
        packets.map((packet) => (evaluate(program, decoded(packet), second).verdict === 'drop' ? 1 : 2)),
      );
      odd += one!.verdicts.slice(plain.length).filter((verdict) => verdict === 1).length;
    }
    t.log(`seed ${seed}`);
    t.true(short >= 6, `${short} programs took the short way`);
    t.true(odd > 0, 'odd frames are dropped too');
  });
}

test('a frame that is not ordinary is told apart by its reason', async (t) => {
  const ranges = { family: 4, count: 1, lo: Uint32Array.of(9), hi: Uint32Array.of(9) } as const;
  const program: StepProgram = {
    family: 4,
    atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters: null }],
    steps: [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: null } }],
  };
  const image = compilePrefilter({ ip: program, ip6: { family: 6, atoms: [], steps: [] }, counters: 1 });
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    const listed = frameOf({ ...randomPacket(new Random(1), program, 0), saddr: [9], destination: 'host' });
    const frames = [
      listed,
      patched(listed, 29, 8),
      patched(listed, 5, 2),
      patched(listed, 14, 0x55),
      patched(listed, 16, 9, 0),
      tag(listed, 0x81, 0, 0, 7),
    ];
    t.deepEqual([...(await loaded.run(frames))], [1, 2, 2, 2, 2, 2]);
    const stats = loaded.stats();
    const count = (reason: (typeof passReasons)[number]): bigint => stats[passReasons.indexOf(reason)]!;
    t.is(count('noStep'), 1n);
    t.is(count('otherHost'), 1n);
    t.is(count('malformed'), 2n);
    t.is(count('vlan'), 1n);
  } finally {
    loaded.close();
  }
});
