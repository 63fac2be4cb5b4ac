/** The main evidence for the data plane: random programs and packets, the kernel's verdicts and counters against the evaluator's. */
import test, { type ExecutionContext } from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { CompileError, type Image } from '../../src/compile/image.js';
import type { Atom, Prefilter, StepProgram } from '../../src/plan/program.js';
import { evaluate } from '../compile/evaluate.js';
import { decoded, deviceMac, frameOf, type PacketSpec } from '../compile/frame.js';
import { conntrackObjectFile, loadImage, objectFile } from '../compile/loaded.js';
import { allFields, Random, randomPacket, randomProgram, randomSecond, type Shape } from '../compile/random.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);

const empty = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [] });
const prefilterOf = (program: StepProgram, counters: number): Prefilter =>
  program.family === 4 ? { ip: program, ip6: empty(6), counters } : { ip: empty(4), ip6: program, counters };

/** As if it were that second since the epoch now. */
const clockZeroAt = (second: number): bigint => BigInt(second) * 1_000_000_000n - process.hrtime.bigint();

/** Compares verdicts packet by packet, and counters over all of them. */
async function agree(
  t: ExecutionContext,
  program: StepProgram,
  image: Image,
  counters: number,
  packets: readonly PacketSpec[],
  device = 0,
  second = 0,
  callsRounds = false,
): Promise<void> {
  const target = { mac: deviceMac, position: device, callsRounds };
  const loaded = await loadImage(image, target, objectFile, clockZeroAt(second));
  try {
    const expected = packets.map((packet) => evaluate(program, decoded(packet), second));
    const verdicts = await loaded.run(packets.map(frameOf));
    const wrong = packets.findIndex((_, i) => verdicts[i] !== (expected[i]!.verdict === 'drop' ? 1 : 2));
    if (wrong >= 0) {
      t.log({ packet: packets[wrong], expected: expected[wrong], verdict: verdicts[wrong] });
      t.fail('verdict');
    }
    const sums = Array.from({ length: counters }, () => ({ packets: 0n, bytes: 0n }));
    expected.forEach(({ counter }, i) => {
      if (counter === null) return;
      sums[counter]!.packets += 1n;
      sums[counter]!.bytes += BigInt(decoded(packets[i]!).small.length);
    });
    const counted = loaded.counters();
    const isOther = (i: number): boolean =>
      counted[i]!.packets !== sums[i]!.packets || counted[i]!.bytes !== sums[i]!.bytes;
    const other = sums.findIndex((_, i) => isOther(i));
    if (other >= 0) t.log({ counter: other, expected: sums[other], counted: counted[other] });
    t.is(other, -1, 'counter');
  } finally {
    loaded.close();
  }
}

const small: Omit<Shape, 'family'> = {
  steps: 5, atoms: 8, counters: 12, entries: 5, fields: allFields, skips: true, devices: 2,
}; // prettier-ignore

/** Null: elements of several fields overlap in more ways than fit, which planning keeps in netfilter. */
function compiled(prefilter: Prefilter, decisions: boolean): Image | null {
  try {
    return compilePrefilter(prefilter, { decisions });
  } catch (error) {
    if (error instanceof CompileError && error.code === 'too-large') return null;
    throw error;
  }
}

async function rounds(
  t: ExecutionContext,
  count: number,
  packets: number,
  shape: (random: Random, round: number) => Shape,
  decisions = 0.5,
): Promise<number> {
  t.log(`seed ${seed}`);
  let [tooLarge, decided] = [0, 0];
  const kinds = new Set<string>();
  for (let round = 0; round < count + tooLarge; round++) {
    const here = seed + round * 7919;
    const random = new Random(here);
    const device = random.below(3);
    const made = shape(random, round);
    const program = randomProgram(random, made);
    const image = compiled(prefilterOf(program, made.counters), random.chance(decisions));
    if (image === null) {
      t.true(++tooLarge <= count, 'most programs fit');
      continue;
    }
    if (image.structures.some(({ structure }) => structure === 'decisions')) decided++;
    for (const { name, structure } of image.structures) if (structure === 'combinations') kinds.add(name);
    const specs = Array.from({ length: packets }, () => randomPacket(random, program, device));
    await agree(t, program, image, made.counters, specs, device, randomSecond(random), random.chance(0.2));
  }
  t.log(`${decided} by decisions ${[...kinds].join()}`);
  return decided;
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: small programs over all fields`, async (t) => {
    await rounds(t, 12, 300, (random) => ({
      ...small,
      family,
      steps: random.between(1, 12),
      atoms: random.between(1, 14),
      entries: random.between(1, 40),
      skips: random.chance(0.5),
    }));
  });

  test(`IPv${family}: few fields, which have decisions written down`, async (t) => {
    const decided = await rounds(
      t,
      40,
      200,
      (random) => ({
        ...small,
        family,
        steps: random.between(1, 30),
        atoms: random.between(2, 10),
        entries: random.between(1, 4),
        skips: random.chance(0.5),
        fields: Array.from({ length: random.between(1, 4) }, () => random.pick(allFields)),
      }),
      1,
    );
    t.true(decided >= 10, `${decided}`);
  });

  test(`IPv${family}: elements of several fields, with gaps`, async (t) => {
    await rounds(t, 40, 400, (random) => ({
      ...small,
      family,
      steps: random.between(1, 6),
      atoms: random.between(1, 3),
      entries: random.between(2, 80),
      skips: random.chance(0.5),
      fields: ['tuple', 'tuple', 'tuple', 'protocol'],
    }));
  });

  test(`IPv${family}: addresses in pairs`, async (t) => {
    const decided = await rounds(
      t,
      6,
      400,
      (random) => ({
        ...small,
        family,
        steps: random.between(100, 200),
        atoms: 150,
        entries: 1,
        counters: 200,
        skips: false,
        fields: ['saddr', 'daddr', 'saddr', 'daddr', 'protocol'],
      }),
      1,
    );
    t.is(decided, 6);
  });

  test(`IPv${family}: 63, 64, 65, 128 and 1,000 steps`, async (t) => {
    const sizes = [63, 64, 65, 128, 1000];
    await rounds(t, sizes.length * 2, 300, (random, round) => ({
      ...small,
      family,
      steps: sizes[(round >> 1) % sizes.length]!,
      atoms: random.between(20, sizes[(round >> 1) % sizes.length]!),
      entries: 4,
      counters: 2000,
      skips: round % 2 === 1,
    }));
  });

  test(`IPv${family}: 10,240 steps`, async (t) => {
    await rounds(t, 2, 200, (_, round) => ({
      ...small, family, steps: 10_240, atoms: 1500, entries: 2, counters: 5000, skips: round === 1,
    })); // prettier-ignore
  });

  test(`IPv${family}: addresses only, many entries`, async (t) => {
    await rounds(t, 4, 400, (random) => ({
      ...small,
      family,
      steps: random.between(1, 6),
      atoms: 3,
      entries: 400,
      counters: 500,
      fields: ['saddr', 'daddr'],
    }));
  });

  test(`IPv${family}: tuples only`, async (t) => {
    await rounds(t, 4, 400, (random) => ({
      ...small, family, steps: random.between(1, 8), atoms: 4, entries: 60, fields: ['tuple'],
    })); // prettier-ignore
  });
}

/** In place of a list of addresses that a step counts by, thousands of networks with a counter each. Null: no step does. */
function withNetworks(random: Random, program: StepProgram, counters: number): StepProgram | null {
  const counting = program.steps.flatMap(({ when, outcome }) =>
    outcome.kind === 'drop' && outcome.counted !== null ? [when[outcome.counted]!.atom] : [],
  );
  const at = counting.find((atom) => program.atoms[atom]!.kind === 'addresses');
  if (at === undefined) return null;
  const count = 30_000;
  const bits = Array.from({ length: count }, () => random.between(12, 32));
  const lo = Uint32Array.from(bits, (length) => Math.floor(random.word() / 2 ** (32 - length)) * 2 ** (32 - length));
  const hi = lo.map((first, i) => first + 2 ** (32 - bits[i]!) - 1);
  const atoms = program.atoms.map((atom, i): Atom => {
    if (i !== at || atom.kind !== 'addresses') return atom;
    const numbers = lo.map(() => random.below(counters));
    return { kind: 'addresses', field: atom.field, ranges: { family: 4, count, lo, hi }, counters: numbers };
  });
  return { ...program, atoms };
}

test('IPv4: thousands of networks that count for themselves, among other lists and fields', async (t) => {
  t.log(`seed ${seed}`);
  let cells = 0;
  for (let round = 0; cells < 8; round++) {
    t.true(round < 400, `${cells} with cells`);
    const random = new Random(seed + round * 7919);
    const counters = 20_000;
    const made = { ...small, steps: random.between(1, 8), skips: random.chance(0.5), counters, family: 4 } as const;
    const program = withNetworks(random, randomProgram(random, made), counters);
    if (program === null) continue;
    const image = compiled(prefilterOf(program, counters), random.chance(0.5));
    if (!image?.structures.some(({ structure }) => structure === 'counted-cells')) continue;
    cells++;
    const specs = Array.from({ length: 500 }, () => randomPacket(random, program, 0));
    await agree(t, program, image, counters, specs, 0, randomSecond(random), random.chance(0.2));
  }
});

test('the largest programs of both families at once are verified by the kernel', async (t) => {
  for (const steps of [40, 10_240]) {
    for (const skips of [false, true]) {
      const made = (family: 4 | 6) =>
        randomProgram(new Random(seed + steps + family), { ...small, family, steps, atoms: 40, skips, counters: 50 });
      const prefilter = { ip: made(4), ip6: made(6), counters: 50 };
      // As `offload watch` attaches them: more of the stack, and of what the verifier walks.
      const image = compilePrefilter(prefilter, { leased: true, sampled: true });
      for (const object of [objectFile, conntrackObjectFile]) {
        (await loadImage(image, { mac: deviceMac, position: 0 }, object)).close();
      }
    }
  }
  t.pass();
});

test('both families with 10,240 steps of any number of fields are verified by the kernel', async (t) => {
  for (const count of [5, 16]) {
    const fields = allFields.filter((field) => field !== 'tuple').slice(0, count);
    const made = (family: 4 | 6) =>
      randomProgram(new Random(seed + count + family), {
        ...small, family, steps: 10_240, atoms: 60, skips: false, counters: 50, fields,
      }); // prettier-ignore
    const image = compilePrefilter({ ip: made(4), ip6: made(6), counters: 50 });
    (await loadImage(image, { mac: deviceMac, position: 0 }, conntrackObjectFile)).close();
  }
  t.pass();
});
