/** Decisions that are written down: when, and that changes in place make what would have been made afresh. */
import test from 'ava';
import { combinedSettled, config, familyConfig, offsetOf } from '../../src/compile/abi.js';
import { compileWithLayout } from '../../src/compile/compile.js';
import { crossovers } from '../../src/compile/crossovers.js';
import type { Image } from '../../src/compile/image.js';
import type { Atom, Outcome, Prefilter, SmallField, Step } from '../../src/plan/program.js';

const drop = (counter: number): Outcome => ({ kind: 'drop', counter, counted: null });
const step = (outcome: Outcome, ...atoms: readonly number[]): Step => ({
  when: atoms.map((atom) => ({ atom, negate: false })),
  outcome,
});
const values = (field: SmallField, ...ranges: readonly [number, number][]): Atom => ({
  kind: 'values',
  field,
  ranges,
  counters: null,
});
const address = (field: 'saddr' | 'daddr', ...lo: readonly number[]): Atom => {
  const words = Uint32Array.from(lo);
  return { kind: 'addresses', field, ranges: { family: 4, count: lo.length, lo: words, hi: words }, counters: null };
};
const prefilter = (atoms: readonly Atom[], steps: readonly Step[]): Prefilter => ({
  ip: { family: 4, atoms, steps },
  ip6: { family: 6, atoms: [], steps: [] },
  counters: 9,
});
const listed = ({ structures }: Image): string[] =>
  structures
    .filter(({ structure }) => ['combinations', 'decisions', 'bit-vectors'].includes(structure))
    .map(({ name, structure, entries }) => `${name}: ${structure} ${entries}`);
const image = (made: Prefilter, memory = 2 ** 20): Image => compileWithLayout(made, { memory }).image;

function combined(made: Image): Uint16Array {
  const words = new Uint32Array(made.rodata({ mac: 0, position: 0 }, 0n).buffer);
  const at = words[(offsetOf(config, 'ip') + offsetOf(familyConfig, 'combined')) / 4]!;
  const { entries } = made.structures.find(({ name }) => name === 'ip small fields')!;
  return new Uint16Array(made.tables.buffer, at, entries);
}

test('small fields alone need one table, addresses beside them a second', (t) => {
  const ports = values('dport', [1, 2]);
  t.deepEqual(listed(image(prefilter([ports], [step(drop(0), 0)]))), ['ip steps: decisions 3']);
  // Of the classes of the port, two leave the same step: none.
  t.deepEqual(listed(image(prefilter([ports, address('saddr', 5)], [step(drop(0), 0, 1)]))), [
    'ip small fields: combinations 3',
    'ip steps: decisions 6',
  ]);
});

test('where the small fields decide, addresses are not asked for', (t) => {
  const atoms = [values('dport', [1, 2]), values('dport', [3, 3]), address('saddr', 5)];
  const steps = [step({ kind: 'pass' }, 0), step(drop(0), 1, 2), step(drop(1), 1)];
  // Classes: lacking, none of them, 1-2, 3. A guard errs to pass where the port is lacking.
  const settled = [...combined(image(prefilter(atoms, steps)))].map((number) => number >= combinedSettled);
  t.deepEqual(settled, [true, true, true, false]);
});

test('too many combinations, and lists decide; too little memory for few, and rows do', (t) => {
  const pairs = (count: number): Prefilter => {
    const atoms = Array.from({ length: count }, (_, i) => [address('saddr', 1 + i * 2), address('daddr', 1 + i * 2)]);
    const steps = atoms.map((_, i) => step(drop(i % 9), i * 2, i * 2 + 1));
    return prefilter(atoms.flat(), steps);
  };
  const ways = (made: Image): string[] => made.structures.map(({ structure }) => structure).slice(2);
  t.true(1500 ** 2 > crossovers.combinations);
  t.deepEqual(ways(image(pairs(1500), 2 ** 26)), ['lists']);
  // 32 classes each: 1,024 decisions, or 64 rows.
  t.deepEqual(ways(image(pairs(30), 2048)), ['decisions']);
  t.deepEqual(ways(image(pairs(30), 2047)), ['bit-vectors', 'bit-vectors']);
});

test('pairs of addresses are numbered where the table would be large', (t) => {
  const atoms = Array.from({ length: 300 }, (_, i) => address(i % 2 === 0 ? 'saddr' : 'daddr', 1 + i * 2));
  const steps = Array.from({ length: 150 }, (_, i) => step(drop(i % 9), i * 2, i * 2 + 1));
  // A source and a destination leave a step when they are its own; 152 classes each, and 150 pairs or none.
  t.deepEqual(listed(image(prefilter(atoms, steps))), ['ip addresses: combinations 23104', 'ip steps: decisions 151']);
});

test('a search whose source must be routed has rows', (t) => {
  const made = prefilter(
    [address('saddr', 5), values('reversePath', [3, 3])],
    [step({ kind: 'route' }), step(drop(0), 0, 1)],
  );
  t.deepEqual(
    listed(image(made)).map((line) => line.split(' ')[3]),
    ['bit-vectors', 'bit-vectors'],
  );
});
