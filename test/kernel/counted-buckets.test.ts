/** Addresses that stand beside their counters, in the values of the CPUs: each is found, with its own counter, and nothing else is. */
import test, { type ExecutionContext } from 'ava';
import { filterBit } from '../../src/compile/bucket-filter.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import { crossovers } from '../../src/compile/crossovers.js';
import { counterPlaces } from '../../src/load/counter-rows.js';
import { loadNative } from '../../src/load/native.js';
import type { Atom, Prefilter, Step } from '../../src/plan/program.js';
import { synFrom } from '../compile/frame.js';
import { withImage, type Loaded } from '../compile/loaded.js';
import { Random } from '../compile/random.js';

const native = loadNative();
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const count = 20_000;
const [drop, pass] = [1, 2];

/** In order and apart; the first ones are what empty slots have, were they not elements. */
function someAddresses(random: Random, number = count): Uint32Array {
  const found = new Set([1, 2, 0xffffffff]);
  while (found.size < number) found.add(random.word());
  return Uint32Array.from(found).sort();
}

const lines = (field: 'saddr' | 'daddr', lo: Uint32Array, first: number, hi = lo): Atom => ({
  ...{ kind: 'addresses', field, counters: lo.map((_, i) => first + i) },
  ranges: { family: 4, count: lo.length, lo, hi },
});

const dropOf = (atom: number): Step => ({
  when: [{ atom, negate: false }],
  outcome: { kind: 'drop', counter: 0, counted: 0 },
});

const prefilter = (atoms: readonly Atom[], counters: number): Prefilter => ({
  ip: { family: 4, atoms, steps: atoms.map((_, atom) => dropOf(atom)) },
  ip6: { family: 6, atoms: [], steps: [] },
  counters,
});

/** Of the counters that are not 0, the packets. */
const counted = (loaded: Loaded): Map<number, number> =>
  new Map(loaded.counters().flatMap(({ packets }, i) => (packets > 0n ? [[i, Number(packets)] as const] : [])));

async function checkLines(t: ExecutionContext, loaded: Loaded, addresses: Uint32Array, first: number): Promise<void> {
  const verdicts = await loaded.run(Array.from(addresses, (address) => synFrom(address)));
  t.true(verdicts.every((verdict) => verdict === drop));
  t.deepEqual(counted(loaded), new Map(Array.from(addresses, (_, i) => [first + i, 1])));
}

test('every line is found with its counter; what is no line passes', async (t) => {
  t.log(`seed ${seed}`);
  const random = new Random(seed);
  const addresses = someAddresses(random);
  const image = compilePrefilter(prefilter([lines('saddr', addresses, 3)], count + 3));
  t.not(image.countedPlaces, null);
  await withImage(image, async (loaded) => {
    await checkLines(t, loaded, addresses, 3);
    const known = new Set(addresses);
    const others = [...Array.from({ length: 2000 }, (_, i) => i), ...Array.from(addresses, (address) => address ^ 1)]
      .concat(Array.from({ length: 20_000 }, () => random.word()))
      .map((address) => address >>> 0)
      .filter((address) => !known.has(address));
    t.true((await loaded.run(others.map((address) => synFrom(address)))).every((verdict) => verdict === pass));
  });
});

test('in nearly full buckets every line is found with its counter', async (t) => {
  const [[many]] = crossovers.countedLoads;
  const addresses = someAddresses(new Random(seed), many);
  await withImage(compilePrefilter(prefilter([lines('saddr', addresses, 0)], many)), async (loaded) => {
    await checkLines(t, loaded, addresses, 0);
    const verdicts = await loaded.run(Array.from(addresses.subarray(3), (address) => synFrom((address ^ 1) >>> 0)));
    const known = new Set(addresses);
    t.true(verdicts.every((verdict, i) => (verdict === drop) === known.has((addresses[i + 3]! ^ 1) >>> 0)));
  });
});

test('what empty slots have is no element, and is not found', async (t) => {
  // 0.0.0.0, which the filter must not tell: an element comes where it would be looked for.
  const bits = count * crossovers.filterBits.most;
  const bitOf = (address: number): number => filterBit(address, 1, bits);
  const random = new Random(seed);
  let beside = 0;
  while (beside === 0 || bitOf(beside) !== bitOf(0)) beside = random.word();
  const others = someAddresses(random, count + 4).filter((address) => address > 2 && address !== beside);
  const addresses = Uint32Array.of(...others.subarray(0, count - 1), beside).sort();
  await withImage(compilePrefilter(prefilter([lines('saddr', addresses, 0)], count)), async (loaded) => {
    t.deepEqual(
      [...(await loaded.run([0, 1, 2, beside].map((address) => synFrom(address))))],
      [pass, pass, pass, drop],
    );
    t.deepEqual(counted(loaded), new Map([[addresses.indexOf(beside), 1]]));
  });
});

test('counters are emptied, and the lines are still there', async (t) => {
  const addresses = someAddresses(new Random(seed));
  await withImage(compilePrefilter(prefilter([lines('saddr', addresses, 0)], count)), async (loaded) => {
    await checkLines(t, loaded, addresses, 0);
    native.clearCounters(loaded.maps['counters']!);
    t.is(counted(loaded).size, 0);
    await checkLines(t, loaded, addresses, 0);
  });
});

test('networks beside the addresses count at the places of their numbers, and so do neighbours of one line', async (t) => {
  const random = new Random(seed);
  const singles = someAddresses(random, 100_000).filter((address) => address >>> 24 !== 10 && address > 8);
  // A network, and a line of two addresses, which are singles to the table: both count for it.
  const lo = Uint32Array.of(0x0a000000, 4, ...singles);
  const hi = Uint32Array.of(0x0affffff, 5, ...singles);
  const image = compilePrefilter(prefilter([lines('saddr', lo, 0, hi)], lo.length));
  t.not(image.countedPlaces, null);
  await withImage(image, async (loaded) => {
    const sent = [0x0a000000, 0x0a123456, 0x0affffff, 4, 5, 6, 3, singles[0]!, singles.at(-1)!];
    const verdicts = await loaded.run(sent.map((address) => synFrom(address)));
    t.deepEqual([...verdicts], [1, 1, 1, 1, 1, 2, 2, 1, 1]);
    t.deepEqual(counted(loaded), new Map([[0, 3], [1, 2], [2, 1], [lo.length - 1, 1]])); // prettier-ignore
  });
});

test('sources and destinations, each with places of their own', async (t) => {
  const random = new Random(seed);
  const [sources, destinations] = [someAddresses(random), someAddresses(random)];
  const image = compilePrefilter(
    prefilter([lines('saddr', sources, 0), lines('daddr', destinations, count)], count * 2),
  );
  await withImage(image, async (loaded) => {
    const [a, b] = [sources[77]!, destinations[99]!];
    const verdicts = await loaded.run([synFrom(a, b), synFrom(a, 0x01020304), synFrom(0x01020304, b), synFrom(3, 4)]);
    t.deepEqual([...verdicts], [1, 1, 1, 2]);
    t.deepEqual(counted(loaded), new Map([[77, 2], [count + 99, 1]])); // prettier-ignore
  });
});

test('beyond 32 bits', async (t) => {
  const addresses = someAddresses(new Random(seed));
  const image = compilePrefilter(prefilter([lines('saddr', addresses, 0)], count));
  await withImage(image, async (loaded) => {
    const map = loaded.maps['counters']!;
    const { valueSize } = native.mapInfo(map);
    const counterAt = counterPlaces(native, map);
    const places = Array.from({ length: image.counterPlaces }, (_, place) => place);
    const place = places.find((at) => at >= count && counterAt(at) === 500)!;
    const nearlyFull = new Uint8Array(Uint32Array.of(0xffffffff, 0xffffffff).buffer);
    const flips = new Uint8Array(Uint32Array.of(1, 1).buffer);
    for (let cpu = 0; cpu < native.possibleCpus(); cpu++) {
      native.writeMappable(map, cpu * valueSize + place * 8, nearlyFull);
      native.writeMappable(map, cpu * valueSize + valueSize / 2 + place * 8, flips);
    }
    const before = loaded.counters()[500]!;
    t.is(before.packets, BigInt(native.possibleCpus()) * 0xffffffffn);
    await loaded.run([synFrom(addresses[500]!), synFrom(addresses[501]!)]);
    t.is(loaded.counters()[500]!.packets, before.packets + 1n);
    t.is(loaded.counters()[501]!.packets, 1n);
  });
});

test('not where counters would take too much memory, where nothing is counted, or where elements come and go', (t) => {
  const program = prefilter([lines('saddr', someAddresses(new Random(seed)), 0)], count);
  t.is(compilePrefilter(program, { cpus: 4096 }).countedPlaces, null);
  t.is(compilePrefilter(program, { counters: false }).countedPlaces, null);
  t.not(compilePrefilter(program, { cpus: 64 }).countedPlaces, null);
  const live = { ...program, ip: { ...program.ip, atoms: [{ ...program.ip.atoms[0]!, live: 'ip raw s' }] } };
  const spare = { elements: 10, classes: 4, counters: 10, expiries: 0, now: 0 };
  t.is(compilePrefilter(live as unknown as Prefilter, { spare: () => spare }).countedPlaces, null);
});
