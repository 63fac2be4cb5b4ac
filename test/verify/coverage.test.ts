/** Classes of a field's values, and what frames reach of them. */
import test from 'ava';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { Coverage } from '../../src/verify/coverage.js';
import { partition } from '../../src/verify/field-partition.js';
import { drop, facts, frame, from, input, MAC } from '../oracle/rulesets.js';

const entries = (words: number, ranges: readonly (readonly [lo: number[], hi: number[], atom: number])[]) => ({
  words,
  lo: Uint32Array.from(ranges.flatMap(([lo]) => lo)),
  hi: Uint32Array.from(ranges.flatMap(([, hi]) => hi)),
  atom: Uint32Array.from(ranges, ([, , atom]) => atom),
  atoms: Math.max(0, ...ranges.map(([, , atom]) => atom + 1)),
});

test('values are of one class when the same atoms contain them', (t) => {
  const { classes, classOf } = partition(
    entries(1, [
      [[10], [19], 0],
      [[15], [30], 1],
      [[20], [24], 0],
      [[100], [100], 1],
      [[0xfffffff0], [0xffffffff], 0],
    ]),
    null,
  );
  // None, the first, both, the second.
  t.is(classes, 4);
  const at = (...values: number[]): number[] => values.map((value) => classOf(Uint32Array.of(value)));
  const [none, first, both, second] = at(0, 10, 15, 25);
  t.is(new Set([none, first, both, second]).size, 4);
  t.deepEqual(at(9, 31, 99, 101, 0xffffffef), [none, none, none, none, none]);
  t.deepEqual(at(14, 0xfffffff0, 0xffffffff), [first, first, first]);
  t.deepEqual(at(19, 20, 24), [both, both, both]);
  t.deepEqual(at(30, 100), [second, second]);
});

test('beyond the last value of a field there is no class', (t) => {
  t.is(partition(entries(1, [[[0], [255], 0]]), 255).classes, 1);
  t.is(partition(entries(1, [[[0], [254], 0]]), 255).classes, 2);
  t.is(partition(entries(1, []), 255).classes, 1);
});

test('addresses of four words', (t) => {
  const { classes, classOf } = partition(
    entries(4, [[[0x20010db8, 0, 0, 0], [0x20010db8, 0xffffffff, 0xffffffff, 0xffffffff], 0]]),
    null,
  );
  t.is(classes, 2);
  const of = (text: string): number => classOf(parseAddress(6, text));
  t.is(of('2001:db8::'), of('2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'));
  t.is(of('2001:db7:ffff:ffff:ffff:ffff:ffff:ffff'), of('2001:db9::'));
  t.not(of('2001:db8::'), of('2001:db9::'));
});

test('every class of a random partition is found by brute force, and no other', (t) => {
  let state = 1;
  const random = (n: number): number => (state = (Math.imul(state, 48271) >>> 0) % 0x7fffffff) % n;
  for (let round = 0; round < 50; round++) {
    const ranges = Array.from({ length: 1 + random(12) }, (): [number[], number[], number] => {
      const lo = random(256);
      return [[lo], [Math.min(255, lo + random(40))], random(5)];
    });
    const { classes, classOf } = partition(entries(1, ranges), 255);
    const names = new Map<string, number>();
    for (let value = 0; value < 256; value++) {
      const covering = ranges.filter(([[lo], [hi]]) => lo! <= value && value <= hi!).map(([, , atom]) => atom);
      const name = [...new Set(covering)].sort().join();
      const id = classOf(Uint32Array.of(value));
      t.is(names.get(name) ?? id, id);
      names.set(name, id);
    }
    t.is(names.size, classes);
    t.is(new Set(names.values()).size, classes);
  }
});

test('a coverage counts what frames reach, and not more', (t) => {
  const ruleset = input([
    [from('203.0.113.0/24'), drop],
    [from('198.51.100.0/24'), drop],
  ]);
  const { prefilter } = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: false });
  const coverage = new Coverage(prefilter);
  const simulation = createSimulation(prefilter, { mac: MAC, position: 0 });
  const reach = (source: string): void => {
    const bytes = frame({ saddr: parseAddress(4, source) });
    const fields = simulation.parse(bytes);
    if (typeof fields === 'string') return void t.fail();
    coverage.add(fields, simulation.decide(bytes).step);
  };
  const saddr = (): number | undefined => coverage.fields.find(({ field }) => field === 'saddr')?.met;
  t.is(coverage.steps.met, 0);
  reach('192.0.2.77');
  t.is(coverage.steps.met, 0);
  t.is(saddr(), 1);
  reach('203.0.113.9');
  reach('203.0.113.10');
  t.is(coverage.steps.met, 1);
  t.is(saddr(), 2);
});
