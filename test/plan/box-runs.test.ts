/** Rules in a row that differ in several fields are planned as tuples: what happens to a packet, which rule counts it and what is said of the rules stay. */
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { tupleSignature } from '../../src/model/tuples.js';
import type { Plan } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import { filter, router, webServer } from './plan-text.js';
import { sameFates } from './same-fates.js';

const rulesetOf = (text: string) => readRuleset([{ file: 'rules.v4', text, takenAt: null }]).ruleset;

const source = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map((byte) => `203.0.113.${byte}/32`) },
  { weight: 2, arbitrary: fc.constantFrom('203.0.113.0/29', '203.0.112.0/20', '0.0.0.0/1') },
);
const target = fc.constantFrom('192.0.2.1/32', '192.0.2.0/24', '192.0.2.255/32');
const port = fc.constantFrom('22', '80', '443', '22:25', '1024:65535');
const ports = fc.constantFrom('22,80', '22:25,443', '80');
const mac = fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02');
const protocol = fc.constantFrom('tcp', 'udp');

const kinds = [
  fc.tuple(source, protocol, port).map(([s, p, d]) => `-s ${s} -p ${p} -m ${p} --dport ${d} -j DROP`),
  fc.tuple(source, protocol, port).map(([s, p, d]) => `-s ${s} -p ${p} -m ${p} --sport ${d} -j DROP`),
  fc.tuple(source, protocol, port).map(([s, p, d]) => `-s ${s} -p ${p} -m ${p} ! --dport ${d} -j DROP`),
  fc.tuple(source, protocol, ports).map(([s, p, d]) => `-s ${s} -p ${p} -m multiport --dports ${d} -j DROP`),
  fc.tuple(source, protocol, ports).map(([s, p, d]) => `-s ${s} -p ${p} -m multiport ! --dports ${d} -j DROP`),
  fc.tuple(source, target).map(([s, d]) => `-s ${s} -d ${d} -j DROP`),
  fc.tuple(source, protocol).map(([s, p]) => `-s ${s} -p ${p} -j DROP`),
  fc.tuple(source, mac).map(([s, m]) => `-s ${s} -m mac --mac-source ${m} -j DROP`),
  fc
    .tuple(source, fc.integer({ min: 0, max: 3 }))
    .map(([s, n]) => `-s ${s} -p icmp -m icmp --icmp-type ${n}/0 -j DROP`),
  fc.tuple(target, fc.integer({ min: 1, max: 3 })).map(([d, n]) => `-d ${d} -m ttl --ttl-eq ${n} -j DROP`),
  fc.tuple(source, port).map(([s, d]) => `-i eth1 -s ${s} -p tcp -m tcp --dport ${d} -j DROP`),
];

const lone = fc.constantFrom(
  ...[
    '-s 203.0.113.4/30 -j ACCEPT',
    '-p tcp -m tcp --dport 80 -j ACCEPT',
    '-j list',
    '-p udp -j LOG',
    '-s 203.0.113.2/32 -j DROP',
  ],
  ...['-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', '-p tcp -m tcp --dport 22 -j RETURN', '-p tcp -j REJECT'],
);

/** Lines of one kind, or of several, in one chain. */
const block = fc.tuple(
  fc.constantFrom('INPUT', 'INPUT', 'FORWARD', 'list'),
  fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 6 }) },
    { weight: 6, arbitrary: fc.oneof(...kinds.map((kind) => fc.array(kind, { minLength: 2, maxLength: 6 }))) },
    { weight: 1, arbitrary: lone.map((one) => [one]) },
  ),
);

const options = fc.record({
  facts: fc.constantFrom(null, webServer, router),
  strict: fc.boolean(),
  conntrack: fc.boolean(),
  devices: fc.constantFrom(['eth0'], ['eth0', 'eth1']),
});

/** What is said of a rule whose packets meet another one first depends on which step they meet: but for that it leaves netfilter, and what stands in the way. */
const shadowed = new Set(['never-matches', 'other-course', 'nat']);

function sameDecisions(t: ExecutionContext, one: Plan, other: Plan, text: string): void {
  one.rules.forEach(({ id, offload, reason }, i) => {
    const { offload: before, reason: why } = other.rules[i]!;
    if (shadowed.has(reason.code) || shadowed.has(why.code)) return;
    t.deepEqual([id, offload === 'full', reason.blockedBy], [id, before === 'full', why.blockedBy], text);
  });
}

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 400);

const tuplesOf = ({ prefilter }: Plan): number => prefilter.ip.atoms.filter(({ kind }) => kind === 'tuples').length;

test('a plan of tuples is the plan of the rules', (t) => {
  let merged = 0;
  let runs = 0;
  fc.assert(
    fc.property(
      fc.array(block, { minLength: 1, maxLength: 7 }),
      fc.constantFrom('ACCEPT', 'DROP'),
      options,
      (blocks, policy, chosen) => {
        const chains = `:INPUT ${policy} [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]`;
        const lines = blocks.flatMap(([chain, written]) =>
          written.map((words) => `-A ${chain} ${chain === 'list' ? words.replace(/list$/, 'RETURN') : words}`),
        );
        const text = filter(lines.join('\n'), chains);
        const ruleset = rulesetOf(text);
        const one = planRuleset(ruleset, { ...chosen, tuplesFrom: 2 });
        const other = planRuleset(ruleset, { ...chosen, tuplesFrom: Infinity });
        merged += tuplesOf(one);
        const { walk } = analyseFamily(ruleset, 4, setValueCache(false), { ...chosen, tuplesFrom: 2 });
        runs += [...walk.runs.asOne].filter(({ fields }) => fields.length > 1).length;
        t.is(tuplesOf(other), 0);
        sameFates(t, [one, other], text, { packets: 300 });
        sameDecisions(t, one, other, text);
      },
    ),
    { numRuns },
  );
  t.true(merged > numRuns / 2, `${merged} tables of tuples`);
  t.true(runs > numRuns / 5, `${runs} runs that differ in several fields were taken as one`);
});

test('a long list is one table with a counter for each line', (t) => {
  const rules = Array.from(
    { length: 12_000 },
    (_, i) =>
      `-A INPUT -s 198.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32 -p tcp -m tcp --dport ${1 + (i % 977)} -j DROP`,
  );
  const options = { devices: ['eth0'], facts: webServer, strict: false };
  const { plan, image } = planWithinLimits(rulesetOf(filter(rules.join('\n'))), options);
  t.is(plan.prefilter.ip.steps.length, 1);
  t.is(image.counters, 12_001);
  t.deepEqual(plan.counterOwner(12_000), { rule: plan.rules.at(-1)!.id, element: null });
  t.true(plan.rules.every(({ reason }) => reason.code === 'fragments'));
});

test('so is one of lines that leave out a port each, and a source that is left none is told by two keys', (t) => {
  const rules = Array.from(
    { length: 12_000 },
    (_, i) =>
      `-A INPUT -s 198.${i >> 16}.${(i % 6000) >> 8}.${i & 255}/32 -p tcp -m tcp ! --dport ${(i * 977) % 65536} -j DROP`,
  );
  const options = { devices: ['eth0'], facts: webServer, strict: false };
  const { plan, image } = planWithinLimits(rulesetOf(filter(rules.join('\n'))), options);
  t.is(plan.prefilter.ip.steps.length, 1);
  t.is(image.counters, 12_001);
  const [table] = image.structures.filter(({ structure }) => structure === 'tuple-buckets');
  t.true(table!.entries <= 2 * 12_000, `${table!.entries} keys`);
});

test('lines that leave out a port each have a table beside that of others about the same fields, whose networks contain their sources', (t) => {
  const some = Array.from(
    { length: 5_000 },
    (_, i) => `-A INPUT -s 10.0.${i >> 8}.${i & 255}/32 -p tcp -m tcp ! --dport ${1 + i} -j DROP`,
  );
  const others = Array.from(
    { length: 4_000 },
    (_, i) => `-A INPUT -s 10.${i & 1}.0.0/16 -p tcp -m tcp --dport ${1 + ((i * 977) % 65535)} -j DROP`,
  );
  const options = { devices: ['eth0'], facts: webServer, strict: false };
  const { plan, image } = planWithinLimits(rulesetOf(filter([...some, ...others].join('\n'))), options);
  t.is(plan.prefilter.ip.steps.length, 2);
  const tables = image.structures.filter(({ structure }) => structure === 'tuple-buckets');
  t.deepEqual(
    tables.map(({ entries }) => entries),
    [10_000, 4_000],
  );
  t.true(plan.rules.every(({ reason }) => reason.code === 'fragments'));
});

test('what would cost too many lookups stays a list of steps', (t) => {
  const rules = Array.from(
    { length: 1_000 },
    (_, i) => `-A INPUT -s 10.${i >> 2}.${(i & 3) << 6}.0/${8 + (i % 24)} -p tcp -m tcp --dport ${1 + i} -j DROP`,
  );
  const plan = planRuleset(rulesetOf(filter(rules.join('\n'))), { devices: ['eth0'], facts: webServer, strict: false });
  t.is(tuplesOf(plan), 0);
  t.true(plan.prefilter.ip.steps.length > 900);
});

test('rules that an accept above meets are told from the others', (t) => {
  const lines = Array.from(
    { length: 600 },
    (_, i) => `-A INPUT -s 203.0.${i >> 8}.${i & 255}/32 -p tcp -m tcp --dport ${i % 10} -j DROP`,
  );
  const guards = '-A INPUT -s 203.0.1.8/31 -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 3 -j ACCEPT\n';
  const plan = planRuleset(rulesetOf(filter(guards + lines.join('\n'))), {
    devices: ['eth0'],
    facts: webServer,
    strict: false,
  });
  t.is(tuplesOf(plan), 1);
  const blocked = plan.rules.flatMap(({ number, reason }) => (reason.code === 'blocked' ? [(number ?? 0) - 3] : []));
  t.deepEqual(
    blocked,
    lines.flatMap((_, i) => (i === 264 || i === 265 || i % 10 === 3 ? [i] : [])),
  );
});

test('a fifth table of tuples is none: its rules are matched step by step', (t) => {
  const [a, b, c, d, e] = [
    ' -p tcp -m tcp --dport @',
    ' -p tcp -m tcp --sport @',
    ' -p udp -m udp --sport @ --dport 9@',
    ' -d 10.0.0.@',
    ' -d 10.0.1.@ -p tcp -m tcp --dport 5@',
  ];
  const lines = [a, b, c, d, e].flatMap((more) =>
    Array.from(
      { length: 520 },
      (_, i) => `-A FORWARD -s 203.0.${i >> 8}.${i & 255}${more.replaceAll('@', String(i % 200))} -j DROP`,
    ),
  );
  const plan = planRuleset(rulesetOf(filter(lines.join('\n'))), { devices: ['eth0'], facts: router, strict: false });
  t.is(
    new Set(plan.prefilter.ip.atoms.flatMap((atom) => (atom.kind === 'tuples' ? [tupleSignature(atom)] : []))).size,
    4,
  );
  t.true(plan.prefilter.ip.steps.length > 500);
  t.true(plan.rules.every(({ offload }) => offload !== 'none'));
});

test('kinds of drops that alternate stand side by side, but for those that a packet may meet both', (t) => {
  const address = (i: number): string => `203.0.${i >> 8}.${i & 255}/32`;
  const lines = Array.from(
    { length: 1_600 },
    (_, i) =>
      [
        `-s ${address(i)} -j DROP`,
        `-s ${address(i)} -p tcp -m tcp --dport ${1 + (i % 90)} -j DROP`,
        `-s ${address(i)} -p udp -m udp --dport ${1 + (i % 80)} -j DROP`,
      ][i % 3]!,
  );
  const stepsOf = (all: readonly string[]): number =>
    planRuleset(rulesetOf(filter(all.map((one) => `-A INPUT ${one}`).join('\n'))), {
      devices: ['eth0'],
      facts: webServer,
      strict: false,
    }).prefilter.ip.steps.length;
  t.is(stepsOf(lines), 2);
  // The first rule of the packets counts them: a later one of its addresses must not come to stand in front of it.
  const twice = lines.with(801, `-s ${address(4)} -j DROP`);
  t.is(stepsOf(twice), 4);
});
