/** Large tables: every sampled element is found with its own counter, its neighbours are not. */
import test, { type ExecutionContext } from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import type { AddressRanges } from '../../src/model/address.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import type { Prefilter, StepProgram } from '../../src/plan/program.js';
import { deviceMac, frameOf, type PacketSpec } from '../compile/frame.js';
import { loadImage } from '../compile/loaded.js';
import { Random } from '../compile/random.js';
import { webServer } from '../plan/plan-text.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const empty = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [] });

const packet: PacketSpec = {
  family: 4, saddr: [0], daddr: [1], smac: 2, destination: 'host', protocol: 17, sport: 1, dport: 2, flags: 0, icmp: 0, ttl: 64, tos: 0,
  payload: 0, availability: 0, device: 0,
}; // prettier-ignore

/** One step over the addresses; with `lines`, entry i counts in counter i. */
function oneSet(ranges: AddressRanges, lines: boolean): Prefilter {
  const { family, count } = ranges;
  const counters = lines ? new Uint32Array(count).map((_, i) => i) : null;
  const program: StepProgram = {
    family,
    atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters }],
    steps: [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: lines ? 0 : null } }],
  };
  return { ip: family === 4 ? program : empty(4), ip6: family === 6 ? program : empty(6), counters: lines ? count : 1 };
}

/** `expected`: number of the counter, or null for a pass. */
async function check(
  t: ExecutionContext,
  prefilter: Prefilter,
  probes: (Pick<PacketSpec, 'saddr'> & Partial<PacketSpec> & { readonly expected: number | null })[],
) {
  const began = performance.now();
  const image = compilePrefilter(prefilter);
  t.log(`seed ${seed}; compiled in ${Math.round(performance.now() - began)} ms, ${image.tables.length >> 10} KiB`);
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  try {
    const family = probes[0]!.saddr.length === 1 ? 4 : 6;
    const daddr = family === 4 ? [1] : [0x20010db8, 0, 0, 1];
    const verdicts = await loaded.run(probes.map((probe) => frameOf({ ...packet, family, daddr, ...probe })));
    t.deepEqual(
      [...verdicts],
      probes.map(({ expected }) => (expected === null ? 2 : 1)),
    );
    const sums = new Map<number, bigint>();
    for (const { expected } of probes) if (expected !== null) sums.set(expected, (sums.get(expected) ?? 0n) + 1n);
    const counters = loaded.counters();
    t.deepEqual(
      counters.flatMap(({ packets }, i) => (packets > 0n ? [[i, packets]] : [])),
      [...sums].sort(([a], [b]) => a - b),
    );
  } finally {
    loaded.close();
  }
}

/** Distinct even addresses in random order. */
function evenAddresses(random: Random, count: number): Uint32Array {
  const seen = new Set<number>();
  while (seen.size < count) seen.add((random.word() & ~1) >>> 0);
  return Uint32Array.from(seen);
}

function sample4(random: Random, list: Uint32Array, lines: boolean) {
  const picked = [0, list.length - 1, ...Array.from({ length: 1500 }, () => random.below(list.length))];
  return picked.flatMap((i) => [
    { saddr: [list[i]!], expected: lines ? i : 0 },
    { saddr: [list[i]! + 1], expected: null },
  ]);
}

for (const [count, lines] of [
  [100_000, true],
  [1_000_000, false],
  [1_000_000, true],
] as const) {
  test.serial(`${count} addresses, ${lines ? 'a counter each' : 'one counter'}`, async (t) => {
    const random = new Random(seed + count);
    const list = evenAddresses(random, count);
    await check(t, oneSet({ family: 4, count, lo: list, hi: list }, lines), sample4(random, list, lines));
  });
}

for (const lines of [true, false])
  test.serial(`200,000 nested networks: ${lines ? 'the first line counts' : 'one counter'}`, async (t) => {
    const random = new Random(seed);
    const count = 200_000;
    const lo = new Uint32Array(count);
    const hi = new Uint32Array(count);
    const first = new Map<number, number>();
    const key = (length: number, address: number): number => length * 2 ** 32 + address;
    for (let i = 0; i < count; i++) {
      const length = random.between(10, 32);
      const host = 2 ** (32 - length) - 1;
      lo[i] = (random.word() & ~host) >>> 0;
      hi[i] = (lo[i]! | host) >>> 0;
      if (!first.has(key(length, lo[i]!))) first.set(key(length, lo[i]!), i);
    }
    const expected = (address: number): number | null => {
      let best: number | null = null;
      for (let length = 10; length <= 32; length++) {
        const entry = first.get(key(length, (address & ~(2 ** (32 - length) - 1)) >>> 0));
        if (entry !== undefined && (best === null || entry < best)) best = entry;
      }
      return best;
    };
    const edge = (of: Uint32Array, beyond: number): number => (of[random.below(count)]! + beyond) >>> 0;
    const probes = Array.from({ length: 3000 }, () => random.word())
      .concat(Array.from({ length: 1000 }, () => edge(lo, 0)))
      .concat(Array.from({ length: 1000 }, () => edge(hi, 0)))
      .concat(Array.from({ length: 1000 }, () => edge(hi, 1)));
    await check(
      t,
      oneSet({ family: 4, count, lo, hi }, lines),
      probes.map((address) => {
        const line = expected(address);
        return { saddr: [address], expected: line === null || lines ? line : 0 };
      }),
    );
  });

test.serial('20,000 ranges within one /16: a long binary search', async (t) => {
  const random = new Random(seed);
  const count = 20_000;
  const lo = new Uint32Array(count).map((_, i) => 0x0a010000 + i * 3);
  const hi = lo.map((address) => address + 1);
  const probes = Array.from({ length: 2000 }, () => random.below(count * 3 + 2)).map((offset) => ({
    saddr: [0x0a010000 + offset],
    expected: offset % 3 < 2 && offset < count * 3 ? Math.floor(offset / 3) : null,
  }));
  await check(t, oneSet({ family: 4, count, lo, hi }, true), probes);
});

for (const count of [100_000, 1_000_000]) {
  test.serial(`${count} IPv6 prefixes, a counter each`, async (t) => {
    const random = new Random(seed + count);
    const lo = new Uint32Array(count * 4);
    const hi = new Uint32Array(count * 4);
    for (let i = 0; i < count; i++) {
      // The number of the entry stands in the first 48 bits, so no two overlap, and ::/1 above them is free.
      lo.set([0x20000000 | (i >>> 8), ((i & 255) << 24) | 0x10000, 0, 0], i * 4);
      hi.set(lo.subarray(i * 4, i * 4 + 4), i * 4);
      if (i % 2 === 1) hi.set([lo[i * 4 + 1]! | 0xffff, 0xffffffff, 0xffffffff], i * 4 + 1);
    }
    const probes = Array.from({ length: 2000 }, () => random.below(count)).flatMap((i) => {
      const words = [...lo.subarray(i * 4, i * 4 + 4)];
      const inside = [words[0]!, words[1]! | 0xffff, 5, random.word()];
      return [
        { saddr: words, expected: i },
        { saddr: inside, expected: i % 2 === 1 ? i : null },
        { saddr: [words[0]! | 0x80000000, ...words.slice(1)].map((word) => word >>> 0), expected: null },
      ];
    });
    await check(t, oneSet({ family: 6, count, lo, hi }, true), probes);
  });
}

test.serial('100,000 IPv6 prefixes that nest, of three lengths: the first line counts', async (t) => {
  const random = new Random(seed);
  const [count, lengths] = [100_000, [24, 40, 128]] as const;
  const lo = new Uint32Array(count * 4);
  const hi = new Uint32Array(count * 4);
  const line = new Map<string, number>();
  const cut = (words: readonly number[], length: number, fill: number): number[] =>
    words.map((word, k) => {
      const bits = length - k * 32;
      const mask = bits >= 32 ? 0xffffffff : bits <= 0 ? 0 : ~(0xffffffff >>> bits);
      return ((word & mask) | (fill & ~mask)) >>> 0;
    });
  const key = (words: readonly number[], length: number): string => `${cut(words, length, 0).join()}/${length}`;
  // Few first words: what is short lies around what is long.
  const address = (): number[] => [
    0x20000000 | (random.below(64) << 8) | random.below(4),
    random.below(64) << 24,
    random.word(),
    random.below(4),
  ];
  for (let i = 0; i < count; i++) {
    const [words, length] = [address(), lengths[random.below(20) === 0 ? random.below(3) : 2]!];
    lo.set(cut(words, length, 0), i * 4);
    hi.set(cut(words, length, 0xffffffff), i * 4);
    if (!line.has(key(words, length))) line.set(key(words, length), i);
  }
  // The first line counts, whatever its length.
  const expected = (words: readonly number[]): number | null => {
    const lines = lengths.flatMap((length) => line.get(key(words, length)) ?? []);
    return lines.length === 0 ? null : Math.min(...lines);
  };
  const probes = Array.from({ length: 3000 }, () => {
    const at = random.below(count) * 4;
    const words = random.pick([[...lo.subarray(at, at + 4)], [...hi.subarray(at, at + 4)], address()]);
    if (random.below(4) === 0) words[3] = (words[3]! ^ 1) >>> 0;
    return { saddr: words, expected: expected(words) };
  });
  await check(t, oneSet({ family: 6, count, lo, hi }, true), probes);
});

test.serial('20000 rules of an address and a port, from their text', async (t) => {
  const random = new Random(seed);
  const lines = Array.from(evenAddresses(random, 20_000), (saddr) => ({ saddr, dport: 2 + 2 * random.below(30_000) }));
  const rules = lines.map(
    ({ saddr, dport }) => `-A INPUT -s ${dotted(saddr)}/32 -p udp -m udp --dport ${dport} -j DROP`,
  );
  const text = `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;
  const { ruleset } = readRuleset([{ file: 'rules.v4', text, takenAt: null }]);
  const { prefilter } = planRuleset(ruleset, { devices: ['eth0'], facts: webServer, strict: false });
  const picked = [0, lines.length - 1, ...Array.from({ length: 1_500 }, () => random.below(lines.length))];
  const probes = picked.flatMap((i) => {
    const { saddr, dport } = lines[i]!;
    return [
      { saddr: [saddr], dport, expected: i + 1 },
      { saddr: [saddr], dport: dport + 1, expected: null },
      { saddr: [saddr + 1], dport, expected: null },
      { saddr: [saddr], dport, protocol: 6, expected: null },
      { saddr: [saddr], dport, availability: 2 as const, expected: null },
    ];
  });
  await check(t, prefilter, probes);
});

const dotted = (word: number): string => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
