/** Which steps stand in lists by address, and where rows stay. That lists decide as they must is test/kernel/dataplane-lists.test.ts. */
import test from 'ava';
import { candidateOf } from '../../src/compile/candidates.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import type { SetId } from '../../src/model/set.js';
import type { Atom, Literal, Outcome, SmallField, Step } from '../../src/plan/program.js';

const counters = null;
const drop: Outcome = { kind: 'drop', counter: 0, counted: null };
const network = (field: 'saddr' | 'daddr', ...pairs: readonly (readonly [lo: number, hi: number])[]): Atom => ({
  kind: 'addresses',
  field,
  ranges: {
    family: 4,
    count: pairs.length,
    lo: Uint32Array.from(pairs, ([lo]) => lo),
    hi: Uint32Array.from(pairs, ([, hi]) => hi),
  },
  counters,
});
const values = (field: SmallField, ...ranges: readonly (readonly [number, number])[]): Atom => ({
  kind: 'values',
  field,
  ranges: ranges.map(([lo, hi]) => [lo, hi]),
  counters,
});
const not = (atom: Atom): readonly [Atom, true] => [atom, true];
type Said = Atom | readonly [Atom, true];

/** Of a step that says this. */
function candidate(outcome: Outcome, ...said: readonly Said[]) {
  const atoms = said.map((each) => (Array.isArray(each) ? (each as readonly [Atom, true])[0] : (each as Atom)));
  const when = said.map((each, atom): Literal => ({ atom, negate: Array.isArray(each) }));
  return candidateOf({ family: 4, atoms, steps: [{ when, outcome }] }, 0);
}
const host = network('saddr', [5, 5]);

test('a step stands in the lists of its narrow addresses, and of the one whose class must say it', (t) => {
  const narrow = network('daddr', [0x0a000000, 0x0a00ffff]);
  const wide = network('daddr', [0, 0x7fffffff]);
  t.deepEqual(candidate(drop, host)!.sides, ['saddr']);
  t.deepEqual(candidate(drop, host, narrow)!.sides, ['saddr', 'daddr']);
  t.deepEqual(candidate(drop, host, wide)!.sides, ['saddr']);
  t.deepEqual(candidate(drop, host, network('daddr', [1, 1], [7, 7]))!.sides, ['daddr']);
  // No network.
  t.deepEqual(candidate(drop, host, network('daddr', [1, 2]))!.sides, ['daddr']);
  t.deepEqual(candidate(drop, host, network('daddr', [2, 3]))!.sides, ['saddr', 'daddr']);
  t.deepEqual(candidate(drop, host, { ...network('daddr', [1, 1]), expires: Uint32Array.of(9) })!.sides, ['daddr']);
});

test('what a candidate cannot say has rows', (t) => {
  const two = network('daddr', [1, 1], [7, 7]);
  for (const said of [
    [],
    [values('dport', [1, 1])],
    [host, values('ttl', [1, 1])],
    [host, values('dport', [1, 1], [3, 3])],
    [host, not(values('dport', [3, 3]))],
    [host, not(network('daddr', [1, 1]))],
    [network('saddr', [1, 1], [3, 3]), two],
    [host, { ...values('dport', [1, 1]), expires: Uint32Array.of(9) }],
  ] as readonly Said[][])
    t.is(candidate(drop, ...said), null);
  t.is(candidate({ kind: 'ask' }, host), null);
  // The line is told by the label of the port.
  const counted = { ...values('dport', [1, 1]), counters: Uint32Array.of(3) };
  t.is(candidate({ kind: 'drop', counter: 0, counted: 1 }, host, counted), null);
  t.not(candidate({ kind: 'drop', counter: 0, counted: null }, host, counted), null);
});

test('all literals of a field are one range', (t) => {
  const { ranges } = candidate(drop, host, values('dport', [0, 9], [10, 20]), not(values('dport', [0, 4])))!;
  t.deepEqual(ranges.get('dport'), [5, 20]);
  // Of two that exclude each other no value is left.
  const [lo, hi] = candidate(drop, host, values('dport', [1, 1]), values('dport', [2, 2]))!.ranges.get('dport')!;
  t.true(lo > hi);
});

test('a drop needs the fields that it asks for, a guard does not', (t) => {
  const ports = values('dport', [1, 1]);
  const known = (outcome: Outcome, ...said: readonly Atom[]): number =>
    candidate(outcome, host, ...said)!.ranges.get('availability')![1];
  t.is(known(drop), 3);
  t.is(known(drop, values('protocol', [6, 6])), 2);
  t.is(known(drop, ports), 0);
  t.is(known({ kind: 'skip', to: 1 }, ports), 0);
  t.is(known({ kind: 'skip', to: 1, maybe: true }, ports), 3);
  t.is(known({ kind: 'pass' }, ports), 3);
  t.is(known({ kind: 'pass' }, ports, values('availability', [0, 1])), 1);
});

const structures = (atoms: readonly Atom[], steps: readonly Step[]): string[] =>
  compilePrefilter(
    { ip: { family: 4, atoms, steps }, ip6: { family: 6, atoms: [], steps: [] }, counters: 1 },
    { decisions: false },
  )
    .structures.map(({ name, structure, entries }) => `${name}: ${structure} ${entries}`)
    .filter((text) => !/: (ranges|trie|buckets) /.test(text));
const each = (count: number, of: (i: number) => Atom): [Atom[], Step[]] => [
  Array.from({ length: count }, (_, i) => of(i)),
  Array.from({ length: count }, (_, atom): Step => ({ when: [{ atom, negate: false }], outcome: drop })),
];

test('few steps have rows, and so have steps that one address would list all of', (t) => {
  t.deepEqual(structures(...each(64, (i) => network('saddr', [i * 2, i * 2]))), ['ip saddr steps: bit-vectors 66']);
  t.deepEqual(structures(...each(65, (i) => network('saddr', [i * 2, i * 2]))), ['ip addresses: lists 65']);
  t.deepEqual(structures(...each(500, (i) => network('saddr', [0, i]))), ['ip saddr steps: bit-vectors 502']);
});

test('what widens every list has rows beside them, of the fields that it asks for', (t) => {
  const [hosts, steps] = each(150, (i) => network('saddr', [i * 2, i * 2]));
  // Packets to one port match any of them, and of packets to another an earlier one does not match.
  const wide = [
    network('saddr', [0, 0x0fffffff]),
    ...Array.from({ length: 50 }, (_, i) => values('dport', [0, 80 + i])),
  ];
  const widened = wide.slice(1).map((_, i): Step => ({
    when: [150, 151 + i].map((atom) => ({ atom, negate: false })),
    outcome: drop,
  }));
  t.deepEqual(structures([...hosts, ...wide], [...steps, ...widened]), [
    'ip dport: direct 65536',
    'ip addresses: lists 150',
    'ip saddr steps: bit-vectors 153',
    'ip dport steps: bit-vectors 52',
  ]);
});

test('of a list no packet meets more than a handful, and of none what an earlier step takes', (t) => {
  const ports = Array.from({ length: 200 }, (_, i) => values('dport', [i, i]));
  const steps = ports.map((_, i): Step => ({
    when: [0, 1 + i].map((atom) => ({ atom, negate: false })),
    outcome: drop,
  }));
  const [all] = structures([network('saddr', [5, 5]), ...ports], steps);
  t.is(all, 'ip addresses: lists 200');
  const [first] = structures([network('saddr', [5, 5])], steps.map(({ outcome }): Step => ({ when: [{ atom: 0, negate: false }], outcome }))); // prettier-ignore
  t.is(first, 'ip addresses: lists 1');
});

test('a followed set keeps rows, which change in place', (t) => {
  const [atoms, steps] = each(100, (i) => network('saddr', [i * 2, i * 2]));
  atoms[7] = { ...atoms[7]!, live: { set: 'ipset:s' as SetId, as: 'exact' } };
  t.deepEqual(structures(atoms, steps), ['ip saddr steps: bit-vectors 102']);
});

/** Steps 0 to 199 name a source each, and two by two a destination; step 200 all addresses up to 255, and the first destination; 201 the former. */
function nested() {
  const [hosts] = each(200, (i) => network('saddr', [i, i]));
  const pairs = hosts.map((_, i) => network('daddr', [i >> 1, i >> 1]));
  const all = [network('saddr', [0, 255]), network('daddr', [0, 0])];
  const literals = (...numbers: readonly number[]): Literal[] => numbers.map((atom) => ({ atom, negate: false }));
  const steps = [
    ...hosts.map((_, i): Step => ({ when: literals(i, 200 + i), outcome: drop })),
    { when: literals(400, 401), outcome: drop },
    { when: literals(400), outcome: { kind: 'skip', to: 202 } satisfies Outcome },
  ];
  return compilePrefilter(
    {
      ip: { family: 4, atoms: [...hosts, ...pairs, ...all], steps },
      ip6: { family: 6, atoms: [], steps: [] },
      counters: 1,
    },
    { decisions: false },
  );
}

test('an entry leads to a step by the list that is gone through', (t) => {
  const { walk, structures: made } = nested();
  t.truthy(made.find(({ structure }) => structure === 'lists'));
  const fields = { sport: 0, dport: 0, icmp: 0, protocol: 6, availability: 0 };
  const entryOf = (step: number, saddr: number, daddr: number): number | null =>
    walk!.entryOf(step, { ...fields, saddr, daddr });
  t.not(entryOf(7, 7, 3), null);
  t.is(entryOf(7, 7, 3), entryOf(7, 7, 1000));
  t.is(entryOf(7, 8, 4), null);
  // The last step stands in lists of sources only.
  t.not(entryOf(201, 7, 3), entryOf(201, 8, 3));
  t.not(entryOf(201, 250, 3), null);
  t.is(entryOf(201, 256, 3), null);
  // By the list of each of 200 sources, its own step and step 200; that also by the list of all other sources up to 255. Lists of
  // destinations are no shorter, and the last step neither drops nor passes.
  // The own steps of two sources leave none of their packets to step 200.
  t.is(walk!.countEntries(), 399);
});
