/** What bench/dataplane.ts measures: rulesets by their size, and sources that hit or miss them. */
import type { AddressRanges } from '../src/model/address.js';
import type { Atom, Prefilter, Step, StepProgram } from '../src/plan/program.js';
import { deviceMac, frameOf, type PacketSpec } from '../test/compile/frame.js';
import { Random } from '../test/compile/random.js';

export interface Case {
  readonly name: string;
  readonly program: 'bench_drop' | 'bench_filter';
  readonly steps: 'none' | 'some';
  readonly prefilter: Prefilter;
  readonly frame: Uint8Array;
  readonly mac: number;
  /** Source addresses as words; their number is a power of two. */
  readonly keys: Uint32Array;
  readonly keyWords: 1 | 4;
  /** Expected of the last packet: XDP_DROP 1, XDP_PASS 2. */
  readonly verdict: 1 | 2;
}

const random = new Random(42);
const keyCount = 2 ** 20;

const empty = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [] });

const packet: PacketSpec = {
  family: 4, saddr: [0x01020304], daddr: [0xc0000201], smac: 0x020000000005, destination: 'host', protocol: 6, sport: 40000, dport: 443,
  flags: 2, icmp: 0, ttl: 64, tos: 0, payload: 20, availability: 0, device: 0,
}; // prettier-ignore

/** Distinct random IPv4 addresses below 224.0.0.0, with the lowest bit `odd`: so hits and misses lie side by side. */
function addresses(count: number, odd: 0 | 1): Uint32Array {
  const seen = new Set<number>();
  while (seen.size < count) seen.add(((random.below(0xe0000000) & ~1) | odd) >>> 0);
  return Uint32Array.from(seen);
}

/** 2^20 keys picked at random from `from` (tuples of `words` words). */
function draw(from: Uint32Array, words: number): Uint32Array {
  const keys = new Uint32Array(keyCount * words);
  const count = from.length / words;
  for (let i = 0; i < keyCount; i++) {
    const at = random.below(count) * words;
    for (let k = 0; k < words; k++) keys[i * words + k] = from[at + k]!;
  }
  return keys;
}

const drop = (when: Step['when'], counter: number, counted: number | null): Step => ({
  when,
  outcome: { kind: 'drop', counter, counted },
});

/** One step that drops the sources; `lines`: each has its own counter, as `-s A -j DROP` lines have. */
function sources(ranges: AddressRanges, lines: boolean): Prefilter {
  const { family, count } = ranges;
  const counters = lines ? Uint32Array.from({ length: count }, (_, i) => i + 1) : null;
  const program: StepProgram = {
    family,
    atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters }],
    steps: [drop([{ atom: 0, negate: false }], 0, lines ? 0 : null)],
  };
  return {
    ip: family === 4 ? program : empty(4),
    ip6: family === 6 ? program : empty(6),
    counters: lines ? count + 1 : 1,
  };
}

const single4 = (list: Uint32Array): AddressRanges => ({ family: 4, count: list.length, lo: list, hi: list });

function lineCases(count: number, lines: boolean): Case[] {
  const name = lines ? `${count} lines -s A -j DROP` : `set of ${count} addresses`;
  const list = addresses(count, 0);
  const prefilter = sources(single4(list), lines);
  const shared = {
    program: 'bench_filter',
    steps: 'some',
    prefilter,
    frame: frameOf(packet),
    mac: deviceMac,
    keyWords: 1,
  } as const;
  return [
    { ...shared, name: `${name}, hit`, keys: draw(list, 1), verdict: 1 },
    { ...shared, name: `${name}, miss`, keys: addresses(keyCount, 1), verdict: 2 },
  ];
}

/** Networks of 9 to 32 bits, most of them /24, as blocklists have them. */
function networkCases(count: number): Case[] {
  const lo = addresses(count, 0);
  const hi = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const length = random.chance(0.6) ? 24 : random.between(16, 32);
    const host = 2 ** (32 - length) - 1;
    lo[i] = (lo[i]! & ~host) >>> 0;
    hi[i] = (lo[i]! | host) >>> 0;
  }
  const prefilter = sources({ family: 4, count, lo, hi }, false);
  const shared = {
    program: 'bench_filter',
    steps: 'some',
    prefilter,
    frame: frameOf(packet),
    mac: deviceMac,
    keyWords: 1,
  } as const;
  return [
    { ...shared, name: `set of ${count} networks, hit`, keys: draw(lo, 1), verdict: 1 },
    { ...shared, name: `set of ${count} networks, miss`, keys: new Uint32Array(keyCount).map(() => 0xf0000000 + random.below(2 ** 27)), verdict: 2 },
  ]; // prettier-ignore
}

function address6Cases(count: number): Case[] {
  const lo = new Uint32Array(count * 4);
  const hi = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) {
    const length = random.pick([128, 48, 32]);
    const words = [0x20010000 | random.below(65536), random.word(), random.word(), random.word()];
    words.forEach((word, k) => {
      const mask = 2 ** 32 - 2 ** (32 - Math.max(0, Math.min(32, length - k * 32)));
      lo[i * 4 + k] = (word & mask) >>> 0;
      hi[i * 4 + k] = (word | ~mask) >>> 0;
    });
  }
  const prefilter = sources({ family: 6, count, lo, hi }, true);
  const frame = frameOf({ ...packet, family: 6, saddr: [0, 0, 0, 1], daddr: [0x20010db8, 0, 0, 1] });
  const shared = { program: 'bench_filter', steps: 'some', prefilter, frame, mac: deviceMac, keyWords: 4 } as const;
  const misses = new Uint32Array(keyCount * 4).map((_, i) => (i % 4 === 0 ? 0x30010000 : random.word()));
  return [
    { ...shared, name: `${count} lines -s A6 -j DROP, hit`, keys: draw(lo, 4), verdict: 1 },
    { ...shared, name: `${count} lines -s A6 -j DROP, miss`, keys: misses, verdict: 2 },
  ];
}

/** Rules of five fields each, none like another: what classes and bit vectors are for. */
function stepCases(steps: number): Case[] {
  const atoms: Atom[] = [];
  const atom = (made: Atom): { atom: number; negate: boolean } => ({ atom: atoms.push(made) - 1, negate: false });
  const nets = new Uint32Array(steps).map(() => ((random.below(0xdf00) << 16) | (random.below(256) << 8)) >>> 0);
  const address = (field: 'saddr' | 'daddr', at: number): Atom => ({
    kind: 'addresses',
    field,
    ranges: { family: 4, count: 1, lo: nets.slice(at, at + 1), hi: nets.slice(at, at + 1).map((net) => net | 255) },
    counters: null,
  });
  const values = (field: 'protocol' | 'dport', value: number): Atom => ({
    kind: 'values',
    field,
    ranges: [[value, value]],
    counters: null,
  });
  const list = Array.from({ length: steps }, (_, i) =>
    drop(
      [
        atom(address('saddr', i)),
        atom(values('protocol', 6)),
        atom(values('dport', i % 7 === 0 ? 443 : 1000 + (i % 50))),
      ],
      i,
      null,
    ),
  );
  const prefilter = { ip: { family: 4, atoms, steps: list } as const, ip6: empty(6), counters: steps };
  const shared = {
    program: 'bench_filter',
    steps: 'some',
    prefilter,
    frame: frameOf(packet),
    mac: deviceMac,
    keyWords: 1,
  } as const;
  return [
    { ...shared, name: `${steps} steps of three fields, hit`, keys: draw(nets.filter((_, i) => i % 7 === 0), 1), verdict: 1 },
    { ...shared, name: `${steps} steps of three fields, miss`, keys: new Uint32Array(keyCount).map(() => 0xf0000000 + random.below(2 ** 27)), verdict: 2 },
  ]; // prettier-ignore
}

export function casesOf(): Case[] {
  const frame6 = frameOf({ ...packet, family: 6, saddr: [0, 0, 0, 1], daddr: [0x20010db8, 0, 0, 1] });
  const keys6 = new Uint32Array(keyCount * 4).map(() => random.word());
  const none: Prefilter = { ip: empty(4), ip6: empty(6), counters: 1 };
  const shared = {
    steps: 'none',
    prefilter: none,
    frame: frameOf(packet),
    mac: deviceMac,
    keys: addresses(keyCount, 1),
    keyWords: 1,
  } as const;
  return [
    { ...shared, name: 'drop', program: 'bench_drop', verdict: 1 },
    { ...shared, name: 'parse', program: 'bench_filter', verdict: 2 },
    { ...shared, name: 'parse IPv6', program: 'bench_filter', verdict: 2, frame: frame6, keys: keys6, keyWords: 4 },
    ...[1, 1000, 10_000, 100_000].flatMap((count) => lineCases(count, true)),
    ...lineCases(1_000_000, false),
    ...[1000, 100_000, 1_000_000].flatMap(networkCases),
    ...[1000, 100_000, 1_000_000].flatMap(address6Cases),
    ...[64, 1000, 4096, 10_000].flatMap(stepCases),
  ];
}
