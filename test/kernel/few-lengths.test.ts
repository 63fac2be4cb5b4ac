/** IPv6 networks, most of few lengths: the first line that has the source counts, whichever of its networks is longest. */
import test from 'ava';
import { maxFewLengths } from '../../src/compile/abi.js';
import { compilePrefilter, type CompileOptions } from '../../src/compile/compile.js';
import { crossovers } from '../../src/compile/crossovers.js';
import type { Image } from '../../src/compile/image.js';
import type { Atom, Prefilter, Step } from '../../src/plan/program.js';
import { deviceMac, frameOf, synPacket } from '../compile/frame.js';
import { loadImage } from '../compile/loaded.js';
import { Random } from '../compile/random.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const [drop, pass] = [1, 2];

type Words = readonly [number, number, number, number];

/** The first `length` bits of the words, and `fill` in the others. */
const cut = (words: Words, length: number, fill: number): Words =>
  words.map((word, k) => {
    const bits = Math.max(0, Math.min(32, length - k * 32));
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    return ((word & mask) | (fill & ~mask)) >>> 0;
  }) as unknown as Words;

class Networks {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  readonly #first = new Map<string, number>();
  readonly #lengths: readonly number[];

  /** `bits`: random ones of each word, so few that networks lie in one another. */
  constructor(
    readonly random: Random,
    readonly count: number,
    lengths: readonly number[],
    readonly bits: number,
  ) {
    this.#lengths = lengths;
    this.lo = new Uint32Array(count * 4);
    this.hi = new Uint32Array(count * 4);
    for (let i = 0; i < count; i++) {
      // Most of those that lie in others come before them: else nothing would be told by them.
      const early = i > count / 4 && random.chance(0.01);
      const position = early ? random.below(lengths.length) : Math.floor((i * lengths.length) / count);
      const [words, length] = [this.address(), lengths[position]!];
      this.lo.set(cut(words, length, 0), i * 4);
      this.hi.set(cut(words, length, 0xffffffff), i * 4);
      const name = this.#name(words, length);
      if (!this.#first.has(name)) this.#first.set(name, i);
    }
  }

  /** Both ends of each word vary. */
  address(): Words {
    const word = (): number => (this.random.below(2 ** this.bits) << (32 - this.bits)) | this.random.below(2);
    return [word() >>> 0, word() >>> 0, word() >>> 0, word() >>> 0];
  }

  /** Around some networks, and any address. */
  probes(count: number): Words[] {
    return Array.from({ length: count }, () => {
      const at = this.random.below(this.count) * 4;
      const [lo, hi] = [[...this.lo.subarray(at, at + 4)], [...this.hi.subarray(at, at + 4)]];
      const words = this.random.pick([lo, hi, [...this.address()], lo.map((word, k) => (k < 3 ? word : word ^ 1))]);
      if (this.random.chance(0.2)) words[this.random.below(4)]! ^= 1;
      return words.map((word) => word >>> 0) as unknown as Words;
    });
  }

  /** -1: none has the address. */
  firstOf(words: Words): number {
    const found = this.#lengths.flatMap((length) => this.#first.get(this.#name(words, length)) ?? []);
    return found.length === 0 ? -1 : Math.min(...found);
  }

  atom(field: 'saddr' | 'daddr', counted: boolean): Atom {
    const counters = counted ? Uint32Array.from({ length: this.count }, (_, i) => i + 1) : null;
    return {
      kind: 'addresses',
      field,
      counters,
      ranges: { family: 6, count: this.count, lo: this.lo, hi: this.hi },
    };
  }

  #name = (words: Words, length: number): string => `${cut(words, length, 0).join()}/${length}`;
}

const compiled = (
  atoms: readonly Atom[],
  steps: readonly Step[],
  counters: number,
  options?: CompileOptions,
): Image => {
  const prefilter: Prefilter = {
    ip: { family: 4, atoms: [], steps: [] },
    ip6: { family: 6, atoms, steps },
    counters,
  };
  return compilePrefilter(prefilter, options);
};

const isOfFewLengths = (image: Image): boolean =>
  image.structures.some(({ structure }) => structure === 'prefix-buckets') &&
  !image.structures.some(({ name }) => name.endsWith('groups'));

interface Sent {
  readonly saddr: Words;
  readonly daddr?: Words;
  /** Counter, or -1 for what passes. */
  readonly expected: number;
}

async function differences(image: Image, sent: readonly Sent[]): Promise<{ readonly wrong: Sent[]; counts: unknown }> {
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    const frames = sent.map(({ saddr, daddr = [0x20010db8, 0, 0, 1] }) =>
      frameOf({ ...synPacket, family: 6, saddr, daddr }),
    );
    const verdicts = await loaded.run(frames);
    const wanted = new Map<number, number>();
    for (const { expected } of sent) if (expected >= 0) wanted.set(expected, (wanted.get(expected) ?? 0) + 1);
    const counted = loaded.counters().map(({ packets }) => Number(packets));
    return {
      wrong: sent.filter(({ expected }, i) => verdicts[i] !== (expected >= 0 ? drop : pass)),
      counts: counted.flatMap((packets, i) => (packets === (wanted.get(i) ?? 0) ? [] : [[i, packets, wanted.get(i)]])),
    };
  } finally {
    loaded.close();
  }
}

/** So many that their counters stand in the order of the buckets. */
const many = crossovers.orderedCountersFrom + 8000;

const right = { wrong: [], counts: [] };

const shapes: readonly (readonly [count: number, lengths: readonly number[], bits: number, of?: 'lines'])[] = [
  [crossovers.fewFrom + 40, [64, 48], 12],
  [3000, [128, 48, 32], 16],
  [3000, [128, 64, 1, 0], 16, 'lines'],
  [12_000, [128, 127, 65, 64], 4],
  [20_000, [128, 64], 6],
  [20_000, [121, 96, 33, 20], 18],
  [20_000, [121, 96, 33, 20], 4, 'lines'],
  [many, [128, 64, 48], 24, 'lines'],
  [many, [128], 28, 'lines'],
  [many, [128, 64, 56, 48, 40, 36], 24, 'lines'],
];

for (const [count, lengths, bits, of] of shapes) {
  for (const counted of of === 'lines' ? [true] : [true, false]) {
    test(`the first line that has the source ${counted ? 'counts' : 'drops'}: ${count} of /${lengths.join(', /')}, ${bits} bits`, async (t) => {
      t.log(`seed ${seed}`);
      const networks = new Networks(new Random(seed + count), count, lengths, bits);
      const outcome = { kind: 'drop', counter: 0, counted: counted ? 0 : null } as const;
      const steps: Step[] = [{ when: [{ atom: 0, negate: false }], outcome }];
      const image = compiled([networks.atom('saddr', counted)], steps, count + 1);
      t.is(isOfFewLengths(image), lengths.length <= maxFewLengths);
      t.is(image.countedPlaces !== null, count === many);
      const sent = networks.probes(3000).map((saddr) => {
        const line = networks.firstOf(saddr);
        return { saddr, expected: line < 0 || counted ? line + Number(line >= 0) : 0 };
      });
      t.deepEqual(await differences(image, sent), right);
    });
  }
}

test('sources and destinations at once, by rows of bits too', async (t) => {
  t.log(`seed ${seed}`);
  const random = new Random(seed);
  const [sources, destinations] = [
    new Networks(random, 2000, [128, 56, 40], 5),
    new Networks(random, 2000, [112, 64], 5),
  ];
  const when = [0, 1].map((atom) => ({ atom, negate: false }));
  const steps: Step[] = [{ when, outcome: { kind: 'drop', counter: 0, counted: 0 } }];
  const sent = sources.probes(3000).map((saddr): Sent => {
    const daddr = destinations.probes(1)[0]!;
    const line = sources.firstOf(saddr);
    return { saddr, daddr, expected: line >= 0 && destinations.firstOf(daddr) >= 0 ? line + 1 : -1 };
  });
  for (const decisions of [true, false]) {
    const atoms = [sources.atom('saddr', true), destinations.atom('daddr', false)];
    const image = compiled(atoms, steps, 2001, { decisions });
    t.true(isOfFewLengths(image));
    t.deepEqual(await differences(image, sent), right);
  }
});

test('counters do not stand in the order of buckets where elements come and go, or where they would take too much memory', (t) => {
  const atom = new Networks(new Random(seed), many, [128, 64], 28).atom('saddr', true);
  const steps: Step[] = [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: 0 } }];
  t.not(compiled([atom], steps, many + 1).countedPlaces, null);
  t.is(compiled([atom], steps, many + 1, { cpus: 4096 }).countedPlaces, null);
  t.is(compiled([atom], steps, many + 1, { counters: false }).countedPlaces, null);
  const spare = { elements: 10, classes: 4, counters: 10, expiries: 0, now: 0 };
  const live = { ...atom, live: 'ip6 raw s' } as unknown as Atom;
  t.is(compiled([live], steps, many + 1, { spare: () => spare }).countedPlaces, null);
});
