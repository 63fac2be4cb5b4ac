/** Networks whose counters stand in the order of their ranges: each packet is counted by the first line that has its source. */
import test, { type ExecutionContext } from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { crossovers } from '../../src/compile/crossovers.js';
import type { Image } from '../../src/compile/image.js';
import { counterPlaces } from '../../src/load/counter-rows.js';
import { loadNative } from '../../src/load/native.js';
import type { Atom, Prefilter, Step, StepProgram } from '../../src/plan/program.js';
import { synFrom } from '../compile/frame.js';
import { withImage, type Loaded } from '../compile/loaded.js';
import { Random } from '../compile/random.js';

const native = loadNative();
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const [drop, pass] = [1, 2];

interface Networks {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

interface Shape {
  readonly count: number;
  /** Fewest and most bits. */
  readonly lengths: readonly [number, number];
  /** Networks lie below. */
  readonly space?: number;
  /** Else in any order: what lies in a network before it is never reached. */
  readonly isNarrowFirst?: boolean;
}

/** Some of them around others, and the addresses at both ends of the space. */
function networks(random: Random, { count, lengths, space = 2 ** 32, isNarrowFirst = false }: Shape): Networks {
  const lo = new Uint32Array(count);
  const hi = new Uint32Array(count);
  const bits = Array.from({ length: count }, () => random.between(...lengths));
  if (isNarrowFirst) bits.sort((a, b) => b - a);
  bits.forEach((length, i) => {
    const size = 2 ** (32 - length);
    lo[i] = Math.floor(random.below(space) / size) * size;
    hi[i] = lo[i] + size - 1;
  });
  lo.set([0, 0xffffffff], count - 2);
  hi.set([0, 0xffffffff], count - 2);
  return { lo, hi };
}

const joined = (parts: readonly Networks[]): Networks => ({
  lo: Uint32Array.from(parts.flatMap(({ lo }) => [...lo])),
  hi: Uint32Array.from(parts.flatMap(({ hi }) => [...hi])),
});

const atomOf = (field: 'saddr' | 'daddr', { lo, hi }: Networks, first: number | null): Atom => ({
  ...{ kind: 'addresses', field, counters: first === null ? null : lo.map((_, i) => first + i) },
  ranges: { family: 4, count: lo.length, lo, hi },
});

const dropOf = (atom: number): Step => ({
  when: [{ atom, negate: false }],
  outcome: { kind: 'drop', counter: 0, counted: 0 },
});
const passOf = (atom: number): Step => ({ when: [{ atom, negate: false }], outcome: { kind: 'pass' } });

const prefilter = (ip: Omit<StepProgram, 'family'>, counters: number): Prefilter => ({
  ip: { family: 4, ...ip },
  ip6: { family: 6, atoms: [], steps: [] },
  counters,
});

const cellsOf = (image: Image): number =>
  image.structures.filter(({ structure }) => structure === 'counted-cells').length;

/** Both ends of some networks, what lies beside them, and any address. */
function addressesAround(random: Random, { lo, hi }: Networks, count: number): number[] {
  const found = Array.from({ length: count }, () => {
    const i = random.below(lo.length);
    return random.pick([lo[i]!, hi[i]!, lo[i]! - 1, hi[i]! + 1, random.word()]) >>> 0;
  });
  return [0, 0xffffffff, 1, 0xfffffffe, ...found];
}

const firstOf = ({ lo, hi }: Networks, address: number): number => {
  for (let i = 0; i < lo.length; i++) if (lo[i]! <= address && address <= hi[i]!) return i;
  return -1;
};

/** @param expected Number of the counter, or -1 for what passes. */
async function check(
  t: ExecutionContext,
  loaded: Loaded,
  sent: readonly number[],
  expected: (address: number) => number,
): Promise<void> {
  const verdicts = await loaded.run(sent.map((address) => synFrom(address)));
  const wanted = new Map<number, number>();
  const wrong = sent.filter((address, i) => {
    const counter = expected(address);
    if (counter >= 0) wanted.set(counter, (wanted.get(counter) ?? 0) + 1);
    return verdicts[i] !== (counter >= 0 ? drop : pass);
  });
  t.deepEqual(wrong, []);
  const counted = loaded.counters().flatMap(({ packets }, i) => (packets > 0n ? [[i, Number(packets)] as const] : []));
  t.deepEqual(new Map(counted), new Map([...wanted].sort(([a], [b]) => a - b)));
}

const shapes: readonly (readonly [title: string, parts: readonly Shape[]])[] = [
  ['few in a cell', [{ count: 30_000, lengths: [16, 32] }]],
  ['more in a cell', [{ count: 40_000, lengths: [18, 32], space: 2 ** 30 }]],
  ['many in a cell', [{ count: 40_000, lengths: [20, 32], space: 2 ** 28 }]],
  ['within others', [{ count: 32_000, lengths: [6, 32], isNarrowFirst: true }]],
  [
    'too many in some cells',
    [
      { count: 30_000, lengths: [16, 32] },
      { count: 1000, lengths: [24, 32], space: 2 ** 18 },
    ],
  ],
];

for (const [title, parts] of shapes) {
  test(`the first line that has the source counts: ${title}`, async (t) => {
    t.log(`seed ${seed}`);
    const random = new Random(seed);
    const each = parts.map((part) => networks(random, part));
    const lines = joined(each);
    const { length } = lines.lo;
    const image = compilePrefilter(prefilter({ atoms: [atomOf('saddr', lines, 3)], steps: [dropOf(0)] }, length + 3));
    t.is(cellsOf(image), 1);
    if (parts.length > 1) t.true(image.structures.some(({ structure }) => structure === 'ranges'));
    const sent = each.flatMap((part) => addressesAround(random, part, 2000));
    const expected = (address: number): number => {
      const line = firstOf(lines, address);
      return line < 0 ? -1 : line + 3;
    };
    await withImage(image, async (loaded) => {
      await check(t, loaded, sent, expected);
      native.clearCounters(loaded.maps['counters']!);
      await check(t, loaded, sent, expected);
    });
  });
}

test('lines between them that accept, or that have no counter of their own, hold where they come first', async (t) => {
  t.log(`seed ${seed}`);
  const random = new Random(seed);
  const [accepted, shared] = [
    networks(random, { count: 20, lengths: [10, 32] }),
    networks(random, { count: 20, lengths: [10, 28] }),
  ];
  const lines = networks(random, { count: 30_000, lengths: [16, 32] });
  const atoms = [atomOf('saddr', accepted, null), atomOf('saddr', shared, null), atomOf('saddr', lines, 1)];
  const steps = [passOf(0), dropOf(1), dropOf(2)];
  const image = compilePrefilter(prefilter({ atoms, steps }, 30_001));
  t.is(cellsOf(image), 1);
  const sent = [accepted, shared, lines].flatMap((each) => addressesAround(random, each, 2000));
  await withImage(image, (loaded) =>
    check(t, loaded, sent, (address) => {
      if (firstOf(accepted, address) >= 0) return -1;
      return firstOf(shared, address) >= 0 ? 0 : firstOf(lines, address) + (firstOf(lines, address) < 0 ? 0 : 1);
    }),
  );
});

test('a line in several places is one counter, and each place says which', async (t) => {
  const random = new Random(seed);
  const lines = networks(random, { count: 30_000, lengths: [16, 32] });
  const image = compilePrefilter(prefilter({ atoms: [atomOf('saddr', lines, 0)], steps: [dropOf(0)] }, 30_000));
  await withImage(image, async (loaded) => {
    await loaded.run([synFrom(lines.lo[0]!), synFrom(lines.hi[0]!)]);
    const map = loaded.maps['counters']!;
    const { valueSize } = native.mapInfo(map);
    const counterAt = counterPlaces(native, map);
    let packets = 0;
    for (let place = 0; place < image.counterPlaces; place++) {
      if (counterAt(place) !== 0) continue;
      for (let cpu = 0; cpu < native.possibleCpus(); cpu++)
        packets += new Uint32Array(native.readMappable(map, cpu * valueSize + place * 8, 8).buffer)[0]!;
    }
    t.is(packets, 2);
    t.is(loaded.counters()[0]!.packets, 2n);
  });
});

test('not where they are few, would take too much memory, nothing is counted, or elements come and go', (t) => {
  const lines = networks(new Random(seed), { count: 30_000, lengths: [16, 32] });
  const program = prefilter({ atoms: [atomOf('saddr', lines, 0)], steps: [dropOf(0)] }, 30_000);
  t.is(cellsOf(compilePrefilter(program)), 1);
  t.is(cellsOf(compilePrefilter(program, { cpus: 4096 })), 0);
  t.is(cellsOf(compilePrefilter(program, { counters: false })), 0);
  const live = { ...program, ip: { ...program.ip, atoms: [{ ...program.ip.atoms[0]!, live: 'ip raw s' }] } };
  const spare = { elements: 10, classes: 4, counters: 10, expiries: 0, now: 0 };
  t.is(cellsOf(compilePrefilter(live as unknown as Prefilter, { spare: () => spare })), 0);
  const few = networks(new Random(seed), { count: crossovers.cellsFrom / 4, lengths: [16, 32] });
  t.is(cellsOf(compilePrefilter(prefilter({ atoms: [atomOf('saddr', few, 0)], steps: [dropOf(0)] }, 30_000))), 0);
});
