/** What does not fit, and which structures are chosen. That the bytes mean the right thing is test/kernel/dataplane*.test.ts. */
import test from 'ava';
import { crossovers } from '../../src/compile/crossovers.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/image.js';
import { config, sizeOf } from '../../src/compile/abi.js';
import type { Atom, Prefilter, Step, StepProgram } from '../../src/plan/program.js';

const empty: StepProgram = { family: 6, atoms: [], steps: [] };
const drop: Step = { when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: null } };
const prefilter = (atoms: readonly Atom[], steps: readonly Step[]): Prefilter => ({
  ip: { family: 4, atoms, steps },
  ip6: empty,
  counters: 1,
});

const ports: Atom = { kind: 'values', field: 'dport', ranges: [[1, 2]], counters: null };
const tuple = (
  high: number,
  count = 1,
  field: 'saddr' | 'daddr' = 'saddr',
  port: 'sport' | 'dport' | 'icmp' = 'dport',
): Atom => ({
  kind: 'tuples',
  field: 'tuple',
  set: { id: 'ipset:s', name: 's' },
  count,
  columns: [
    { field, ranges: { family: 4, count, lo: new Uint32Array(count).fill(1), hi: new Uint32Array(count).fill(1) } },
    { field: port, lo: new Uint16Array(count), hi: new Uint16Array(count).fill(high) },
  ],
  except: null,
  availableUpTo: 0,
  counters: null,
});
const address = (lo: Uint32Array, hi = lo): Atom => ({
  kind: 'addresses',
  field: 'saddr',
  ranges: { family: 4, count: lo.length, lo, hi },
  counters: null,
});

const structures = (atom: Atom): string[] =>
  compilePrefilter(prefilter([atom], [drop])).structures.map(
    ({ name, structure, entries }) => `${name}: ${structure} ${entries}`,
  );

test('an empty prefilter has an image', (t) => {
  const image = compilePrefilter(prefilter([], []));
  t.is(image.rodata({ mac: 1, position: 0 }, 0n).length, sizeOf(config));
  t.is(image.counters, 1);
  t.deepEqual(image.structures, []);
});

test('the MAC stands in the constants as on the wire', (t) => {
  const rodata = compilePrefilter(prefilter([], [])).rodata({ mac: 0x0123456789ab, position: 0 }, 0n);
  t.deepEqual([...rodata.subarray(0, 6)], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab]);
});

test('10,240 steps fit, 10,241 do not', (t) => {
  t.notThrows(() => compilePrefilter(prefilter([ports], new Array<Step>(10_240).fill(drop))));
  const error = t.throws(() => compilePrefilter(prefilter([ports], new Array<Step>(10_241).fill(drop))), {
    instanceOf: CompileError,
  });
  t.is(error.code, 'too-many-steps');
  t.is(error.family, 4);
});

test('four combinations of fields fit, however many atoms ask for them; the atoms of the fifth are named', (t) => {
  const combinations = [
    ['saddr', 'sport'], ['saddr', 'dport'], ['daddr', 'sport'], ['daddr', 'dport'], ['saddr', 'icmp'],
  ] as const; // prettier-ignore
  const atoms = combinations.flatMap(([field, port]) => [tuple(0, 1, field, port), tuple(1, 1, field, port)]);
  const steps = atoms.map((_, atom): Step => ({ ...drop, when: [{ atom, negate: false }] }));
  t.notThrows(() => compilePrefilter(prefilter(atoms, steps.slice(2))));
  const error = t.throws(() => compilePrefilter(prefilter(atoms, steps)), { instanceOf: CompileError });
  t.is(error.code, 'too-many-tuples');
  t.deepEqual(error.atoms, [8, 9]);
});

test('prefixes and ranges that are single in their field, and those that need several keys', (t) => {
  t.deepEqual(structures(tuple(0)), ['ip tuple0: tuple-buckets 1', 'ip steps: decisions 3']);
  // A range that no other cuts is one number.
  t.deepEqual(structures(tuple(1000)), ['ip tuple0: tuple-buckets 1', 'ip steps: decisions 3']);
});

test('networks that overlap in too many ways are refused, and the atom is named', (t) => {
  const count = 33 * 33;
  const numbers = Array.from({ length: count }, (_, i) => i);
  const network = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
  const ranges = (lengths: readonly number[]) => ({
    family: 4 as const,
    count,
    lo: Uint32Array.from(lengths, (length) => (0x0a000000 & network(length)) >>> 0),
    hi: Uint32Array.from(lengths, (length) => (0x0a000000 | ~network(length)) >>> 0),
  });
  const atom: Atom = {
    ...(tuple(0) as Extract<Atom, { kind: 'tuples' }>),
    count,
    columns: [
      { field: 'saddr', ranges: ranges(numbers.map((i) => i % 33)) },
      { field: 'daddr', ranges: ranges(numbers.map((i) => Math.floor(i / 33))) },
    ],
  };
  const error = t.throws(() => compilePrefilter(prefilter([atom], [drop])), { instanceOf: CompileError });
  t.is(error.code, 'too-large');
  t.deepEqual(error.atoms, [0]);
});

test('an atom that no step uses costs nothing', (t) => {
  t.deepEqual(
    compilePrefilter(prefilter([ports, address(Uint32Array.of(1))], [drop])).structures.map(({ name }) => name),
    ['ip dport', 'ip steps'],
  );
});

test('few addresses are ranges, many are buckets, networks beside them are ranges', (t) => {
  t.deepEqual(structures(address(Uint32Array.of(5))), ['ip saddr: ranges 3', 'ip steps: decisions 3']);
  const many = new Uint32Array(1000).map((_, i) => i * 3 + 1);
  t.deepEqual(structures(address(many)), ['ip saddr: buckets 1000', 'ip steps: decisions 3']);
  const lo = Uint32Array.of(...many, 0x0a000000);
  const hi = Uint32Array.of(...many, 0x0affffff);
  t.deepEqual(structures(address(lo, hi)), ['ip saddr: buckets 1000', 'ip saddr: ranges 3', 'ip steps: decisions 3']);
});

test('networks have a trie, but for very few, or so many that it would not stay in the cache', (t) => {
  const networks = (count: number): Atom => {
    const lo = Uint32Array.from({ length: count }, (_, i) => (i + 1) * 0x10000 + 0x100);
    return address(
      lo,
      lo.map((first) => first + 0xff),
    );
  };
  t.deepEqual(structures(networks(4)), ['ip saddr: ranges 9', 'ip steps: decisions 3']);
  t.deepEqual(structures(networks(100)), ['ip saddr: trie 201', 'ip steps: decisions 3']);
  t.deepEqual(structures(networks(3000)), ['ip saddr: ranges 6001', 'ip steps: decisions 3']);
});

test('the whole address space, twice, is one range', (t) => {
  const all = address(Uint32Array.of(0, 0), Uint32Array.of(0xffffffff, 0xffffffff));
  t.deepEqual(structures(all), ['ip steps: decisions 2']);
});

test('neighbouring addresses of one set are one range', (t) => {
  const lo = new Uint32Array(5000).map((_, i) => 100 + i);
  t.deepEqual(structures(address(lo)), ['ip saddr: ranges 3', 'ip steps: decisions 3']);
});

/** Address of words 2001:db8::, `tail` in the last. */
const prefixes6 = (list: readonly (readonly [words: readonly number[], length: number])[]): Prefilter => {
  const mask = (length: number, k: number) => 2 ** 32 - 2 ** (32 - Math.max(0, Math.min(32, length - k * 32)));
  const bound = (fill: boolean) =>
    Uint32Array.from(
      list.flatMap(([words, length]) =>
        words.map((word, k) => (fill ? word | ~mask(length, k) : word & mask(length, k))),
      ),
    );
  const ranges = { family: 6, count: list.length, lo: bound(false), hi: bound(true) } as const;
  const program: StepProgram = {
    family: 6,
    atoms: [{ kind: 'addresses', field: 'saddr', ranges, counters: Uint32Array.from(list, (_, i) => i + 1) }],
    steps: [{ ...drop, outcome: { kind: 'drop', counter: 0, counted: 0 } }],
  };
  return { ip: { ...empty, family: 4 }, ip6: program, counters: list.length + 1 };
};

test('IPv6 prefixes of up to 32 bits are ranges, longer ones are buckets, which answer alone where they are of one length', (t) => {
  const names = (prefilter: Prefilter) =>
    compilePrefilter(prefilter).structures.map(({ name, structure, entries }) => `${name}: ${structure} ${entries}`);
  t.deepEqual(names(prefixes6([[[0x20010db8, 0, 0, 0], 32]])), [
    'ip6 saddr groups: ranges 3',
    'ip6 steps: decisions 3',
  ]);
  const one = [[0x20010db8, 1, 2, 3], 128] as const;
  t.deepEqual(names(prefixes6([one])), ['ip6 saddr: prefix-buckets 1', 'ip6 steps: decisions 3']);
  t.deepEqual(names(prefixes6([one, [[0x20010db8, 2, 0, 0], 64]])), [
    'ip6 saddr groups: ranges 3',
    'ip6 saddr: prefix-buckets 2',
    'ip6 steps: decisions 3',
  ]);
});

test('IPv6 prefixes of few lengths are searched without their first 32 bits', (t) => {
  const names = (lengths: readonly number[], count: number = crossovers.fewFrom) => {
    const list = Array.from(
      { length: count },
      (_, i) => [[0x20000000 + i, 1, 2, 3], lengths[i % lengths.length]!] as const,
    );
    return compilePrefilter(prefixes6(list)).structures.map(({ name, structure }) => `${name}: ${structure}`);
  };
  const few = ['ip6 saddr: prefix-buckets', 'ip6 steps: decisions'];
  const grouped = ['ip6 saddr groups: buckets', ...few];
  t.deepEqual(names([32, 48, 64, 128]), few);
  t.deepEqual(names([32, 48, 63, 64, 128]), grouped);
  t.deepEqual(names([48, 128], crossovers.fewFrom - 1), grouped);
});
