/** Steps in lists by address: random programs of many steps, the kernel's verdicts and counters against the evaluator's. */
import test, { type ExecutionContext } from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import type { Atom, Step, StepProgram } from '../../src/plan/program.js';
import { evaluate } from '../compile/evaluate.js';
import { decoded, deviceMac, frameOf, synPacket } from '../compile/frame.js';
import { listedPacket, listedProgram, type ListedShape } from '../compile/listed-program.js';
import { conntrackObjectFile, loadImage, objectFile } from '../compile/loaded.js';
import { Random, randomSecond } from '../compile/random.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const packets = 400;

/** Answers whether there are lists, and whether there are rows besides. */
async function agree(t: ExecutionContext, random: Random, program: StepProgram, counters: number): Promise<string> {
  const image = compilePrefilter(
    { ip: program, ip6: { family: 6, atoms: [], steps: [] }, counters },
    { decisions: false },
  );
  const has = (kind: string): boolean => image.structures.some(({ structure }) => structure === kind);
  const second = randomSecond(random);
  const clockZero = BigInt(second) * 1_000_000_000n - process.hrtime.bigint();
  const target = { mac: deviceMac, position: 0, callsRounds: random.chance(0.2) };
  const loaded = await loadImage(image, target, objectFile, clockZero);
  try {
    const specs = Array.from({ length: packets }, () => listedPacket(random, program));
    const expected = specs.map((spec) => evaluate(program, decoded(spec), second));
    const verdicts = await loaded.run(specs.map(frameOf));
    const wrong = specs.findIndex((_, i) => verdicts[i] !== (expected[i]!.verdict === 'drop' ? 1 : 2));
    if (wrong >= 0) {
      t.log({ packet: specs[wrong], expected: expected[wrong], verdict: verdicts[wrong] });
      t.fail('verdict');
    }
    const sums = new Map<number, bigint>();
    for (const { counter } of expected) if (counter !== null) sums.set(counter, (sums.get(counter) ?? 0n) + 1n);
    const counted = loaded.counters().flatMap(({ packets: count }, id) => (count === 0n ? [] : [[id, count]]));
    t.deepEqual(
      counted,
      [...sums].sort(([a], [b]) => a - b),
    );
  } finally {
    loaded.close();
  }
  return `${has('lists') ? 'lists' : ''}${has('bit-vectors') ? ' rows' : ''}`;
}

const shapes: Readonly<Record<string, (random: Random, round: number) => ListedShape>> = {
  'a few hundred steps': (random) => ({
    steps: random.between(65, 400),
    counters: 300,
    nested: 0.3,
    odd: random.pick([0, 0.1]),
    asks: random.pick([0, 0.02]),
  }),
  'nested networks, long lists': (random) => ({
    steps: random.between(600, 1200),
    counters: 1000,
    nested: 0.7,
    odd: 0.02,
    asks: 0,
  }),
  '10,240 steps': (_, round) => ({ steps: 10_240, counters: 5000, nested: 0.5, odd: round * 0.05, asks: 0.001 }),
};

test('with all that may be beside them, lists are verified by the kernel', async (t) => {
  for (const odd of [0, 0.2]) {
    const made = listedProgram(new Random(seed), { steps: 4000, counters: 500, nested: 0.5, odd, asks: odd / 100 });
    const image = compilePrefilter(
      { ip: made, ip6: { ...made, family: 6, atoms: [], steps: [] }, counters: 500 },
      { leased: true, sampled: true },
    );
    t.true(image.structures.some(({ structure }) => structure === 'lists'));
    for (const object of [objectFile, conntrackObjectFile])
      (await loadImage(image, { mac: deviceMac, position: 0 }, object)).close();
  }
});

test('whatever part of a long list it is, a packet meets all that it may match', async (t) => {
  const longest = 192;
  const rules = Array.from({ length: 90 * 64 }, (_, i) =>
    i < longest ? { saddr: 7, dport: i } : { saddr: i * 3, dport: 5 },
  );
  const atoms = rules.flatMap(({ saddr, dport }): Atom[] => {
    const words = Uint32Array.of(saddr);
    return [
      { kind: 'addresses', field: 'saddr', ranges: { family: 4, count: 1, lo: words, hi: words }, counters: null },
      { kind: 'values', field: 'dport', ranges: [[dport, dport]], counters: null },
    ];
  });
  const steps = rules.map((_, i): Step => ({
    when: [i * 2, i * 2 + 1].map((atom) => ({ atom, negate: false })),
    outcome: { kind: 'drop', counter: i, counted: null },
  }));
  const none: StepProgram = { family: 6, atoms: [], steps: [] };
  const image = compilePrefilter(
    { ip: { family: 4, atoms, steps }, ip6: none, counters: rules.length },
    { decisions: false },
  );
  t.deepEqual(
    image.structures.map(({ structure }) => structure),
    ['buckets', 'lists'],
  );
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    const ports = Array.from({ length: longest + 1 }, (_, dport) => dport);
    const probes = ports.map((dport) => frameOf({ ...synPacket, saddr: [7], dport }));
    t.deepEqual(
      [...(await loaded.run(probes))],
      ports.map((dport) => (dport < longest ? 1 : 2)),
    );
    const counted = loaded.counters().flatMap(({ packets: count }, id) => (count > 0n ? [id] : []));
    t.deepEqual(counted, ports.slice(0, longest));
  } finally {
    loaded.close();
  }
});

for (const [name, shape] of Object.entries(shapes))
  test(name, async (t) => {
    const found = new Map<string, number>();
    const rounds = name.startsWith('10') ? 2 : 6;
    for (let round = 0; round < rounds; round++) {
      const random = new Random(seed + round * 7919);
      const made = shape(random, round);
      const ways = await agree(t, random, listedProgram(random, made), made.counters);
      found.set(ways, (found.get(ways) ?? 0) + 1);
      if (t.passed) continue;
      t.log(`seed ${seed}, round ${round}: ${JSON.stringify(made)}`);
      break;
    }
    const all = [...found].map(([ways, count]) => `${ways}: ${count}`).join(', ');
    t.log(`seed ${seed}, ${all}`);
    t.true([...found.keys()].filter((ways) => ways.startsWith('lists')).length > 0, all);
  });
