/** nft rules that differ in addresses and ports are planned as runs: the plan is that of the rules one by one. */
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { isRun, segmentsOf } from '../../src/model/segments.js';
import type { Plan } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { webServer } from './plan-text.js';
import { anyOptions, disputed, leaves, oneByOne, sameFates } from './same-fates.js';

const rulesetOf = (text: string): Ruleset => readRuleset([{ file: 'rules.nft', text, takenAt: null }]).ruleset;

const shape = fc.constantFrom(
  ...[
    'ip saddr @ drop',
    'ip saddr @ counter drop',
    'ip daddr @ drop',
    'ip saddr @ drop comment "why"',
    'ip6 saddr # drop',
  ],
  ...[
    'ip saddr @ tcp dport % drop',
    'ip saddr @ udp sport % counter drop',
    'ip saddr @ ~ dport % drop',
    'ip saddr @ ip daddr 192.0.2.1 tcp dport % drop',
  ],
  ...[
    'iifname "eth1" ip saddr @ drop',
    'ip saddr @ ip daddr @ drop',
    'ip6 saddr # tcp dport % drop',
    'tcp dport % ip saddr @ drop',
    'ip saddr @ tcp flags syn / fin,syn,rst,ack tcp dport % drop',
    'ip6 saddr # tcp flags fin drop',
    'ip saddr @ tcp dport & drop',
    'ip saddr @ tcp dport + drop',
    'ip saddr @ tcp dport != + drop',
    'ip saddr @ ip daddr @ udp sport != % drop',
    'ip6 saddr # ~ dport + drop',
    'ip saddr @ udp sport + udp dport + drop',
    'ip saddr @ ip daddr @ udp sport + counter drop',
    'ip saddr @ ip daddr @ udp sport & drop',
    'tcp dport & drop',
    'ip saddr = drop',
    'ip saddr = tcp dport + drop',
    'ip daddr = ip saddr @ udp dport % counter drop',
    'ip saddr = ip daddr = drop',
    'iifname "eth1" ip daddr = drop',
    'ether saddr * drop',
    'ip saddr @ ether saddr * drop',
    'ether saddr * ~ dport + drop',
    '~ sport != + drop',
    'iifname "eth0" udp sport % udp dport + counter drop',
  ],
  ...[
    'ip saddr != @ drop',
    'ip saddr != = drop',
    'ip saddr != @ tcp dport % drop',
    'ip daddr != @ ip saddr @ drop',
    'ip6 saddr != # drop',
    'ether saddr != * drop',
    'ip saddr @ accept',
    'ip saddr @ log drop',
    'ip saddr @ ct state new drop',
    'meta mark 1 ip saddr @ drop',
  ],
  ...[
    'ip saddr @ limit rate 1/second drop',
    'ip saddr @ jump other',
    'ip saddr { @, 203.0.113.99 } drop',
    'ip saddr @ th dport % drop',
  ],
);

const lone = fc.constantFrom(
  ...[
    'ip saddr 203.0.113.4/30 accept',
    'tcp dport 22 accept',
    'ct state established,related accept',
    'jump other',
    'ip protocol icmp drop',
  ],
  ...[
    'ip saddr 203.0.113.0/28 return',
    'iifname "lo" accept',
    'udp dport 53 log',
    'ip saddr @ tcp dport % drop',
    'ip saddr 203.0.113.8 drop',
    'limit rate 1/hour ip saddr @ drop',
    'limit rate 1/hour tcp dport % drop',
  ],
);

const chain = fc.constantFrom('input', 'input', 'forward', 'other');
const block = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(chain, shape, fc.integer({ min: 14, max: 24 }), fc.nat(200)) },
  { weight: 2, arbitrary: fc.tuple(chain, lone, fc.constant(1), fc.nat(200)) },
);

const lists = [
  '{ 22, 80 }',
  '22',
  '{ 20-25, 80, 443 }',
  '{ 0, 65535 }',
  '{ 80 }',
  '{ 80, 22 }',
  '{ 1024-65535, 22 }',
  '{ 80, 20-90, 80 }',
];

/** Addresses come again now and then. */
const written = (pattern: string, i: number, seed: number): string =>
  pattern
    .replaceAll(
      '=',
      `{ ${Array.from({ length: 1 + (i % (1 + (seed % 3))) }, (_, n) => `203.0.113.${(seed + i * 7 + n * 3) % 23}${n % 4 === 2 ? '/31' : ''}`).join(', ')} }`,
    )
    .replaceAll('@', `203.0.113.${(seed + i * 7) % 23}${i % 5 === 4 ? '/31' : ''}`)
    .replaceAll('#', `2001:db8::${((seed + i * 5) % 19).toString(16)}`)
    .replaceAll('*', `02:00:00:00:00:${((seed + i * 3) % 29).toString(16)}`)
    .replaceAll('~', (seed + i) % 3 === 0 ? 'udp' : 'tcp')
    .replaceAll('&', ['22', '20-30', '1024-65535', '0-79'][(seed + i) % ((seed % 4) + 1)]!)
    .replaceAll('+', () => lists[(seed * 3 + i * i) % (1 + (seed % lists.length))]!)
    .replaceAll('%', String([22, 80, 443][(seed + i * i) % (seed % 2 === 0 ? 3 : 1)]));

const told = (plan: Plan): unknown => ({
  ...{ rules: plan.rules, summary: plan.summary, assumptions: plan.assumptions },
  residual: residualTexts(plan).map(({ text }) => text),
});

const done = (plan: Plan): unknown => ({
  prefilter: plan.prefilter,
  owners: Array.from({ length: plan.prefilter.counters }, (_, counter) => plan.counterOwner(counter)),
});

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 200);

test('a plan of runs of nft rules is the plan of their rules', (t) => {
  let [runs, several, alike] = [0, 0, 0];
  fc.assert(
    fc.property(
      fc.array(block, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('accept', 'drop'),
      fc.constantFrom('ip', 'inet'),
      anyOptions,
      (blocks, policy, family, chosen) => {
        const linesOf = (name: string): string =>
          blocks
            .filter(([of]) => of === name)
            .flatMap(([, pattern, count, seed]) => Array.from({ length: count }, (_, i) => written(pattern, i, seed)))
            .filter((line) => family === 'inet' || !line.includes('ip6'))
            .filter((line) => name !== 'other' || !line.includes('jump other'))
            .map((line) => `\t\t${line}\n`)
            .join('');
        const base = (name: string): string =>
          `\tchain ${name} {\n\t\ttype filter hook ${name} priority filter; policy ${policy};\n${linesOf(name)}\t}\n`;
        const text = `table ${family} t {\n\tchain other {\n${linesOf('other')}\t}\n${base('input')}${base('forward')}}\n`;
        const ruleset = rulesetOf(text);
        const found = ruleset.tables.flatMap(({ chains }) => [...chains.values()].flatMap(segmentsOf).filter(isRun));
        runs += found.length;
        several += found.filter(({ fields }) => fields.length > 1).length;
        const [one, other] = [planRuleset(ruleset, chosen), planRuleset(oneByOne(ruleset), chosen)];
        if (isDeepStrictEqual(done(one), done(other))) {
          t.deepEqual(told(one), told(other), text);
          alike++;
        } else {
          sameFates(t, [one, other], text, { packets: 200, ip6Every: 5 });
          // Where addresses that lead to a chain are known together, more is proven of its rules than where each may be none of theirs.
          const more = new Set(
            one.rules.flatMap(({ id, chain: name, offload }) => (name === 'other' && offload === 'full' ? [id] : [])),
          );
          t.deepEqual(
            disputed(one, other, leaves).filter((id) => !more.has(id)),
            [],
            text,
          );
        }
      },
    ),
    { numRuns },
  );
  t.true(runs > numRuns / 2, `${runs} runs`);
  t.true(several > numRuns / 10, `${several} that differ in several fields`);
  t.true(alike > numRuns / 2, `${alike} plans are the same to the step`);
});

/** Drops of several kinds in turn, and among them what one packet may meet twice. */
const kinds = [
  'ip saddr @ drop',
  'ip saddr @ tcp dport % drop',
  'ip saddr @ udp sport % drop',
  'ip saddr @ tcp dport { %, 443 } drop',
  'ip saddr { @, 203.0.200.1 } udp dport % drop',
  'ip6 saddr # drop',
  'ip daddr 192.0.2.1 ip saddr @ drop',
  'ip saddr @ icmp type echo-request drop',
  'ip saddr @ meta l4proto { tcp, gre } drop',
  'ip saddr @ ether saddr 02:00:00:00:00:07 drop',
] as const;

/** Those too that a packet may meet whatever its source. */
const keptInOrder = [
  ...kinds,
  'ip daddr @ drop',
  'ip daddr @ udp dport % drop',
  'tcp dport % ip daddr @ drop',
  'tcp dport % drop',
  'ether saddr * drop',
  'udp sport != { %, 443 } drop',
] as const;

/** Told apart by their protocols. */
const kindsOfPorts = [
  'tcp dport $ drop',
  'udp sport $ counter drop',
  'iifname "eth1" udp dport != { 7, $ } drop',
  'meta l4proto gre ip daddr @ drop',
  'tcp sport $ tcp dport { %, 443 } drop',
  'ip6 daddr # udp dport % drop',
  'th dport $ drop',
] as const;

const someOf = (all: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.uniqueArray(fc.constantFrom(...all), { minLength: 2, maxLength: 4 });

const turns = fc.record({
  kinds: fc.oneof(someOf(kinds), someOf(kindsOfPorts), someOf(keptInOrder), fc.constant(keptInOrder)),
  rules: fc.array(
    fc.tuple(
      fc.nat(59),
      fc.oneof({ weight: 99, arbitrary: fc.nat(3000) }, { weight: 1, arbitrary: fc.nat(9) }),
      fc.constantFrom(22, 80),
    ),
    {
      minLength: 200,
      maxLength: 260,
    },
  ),
  lone: fc.array(fc.tuple(lone, fc.nat(260)), { maxLength: 2 }),
});

test('a plan of kinds in turn does what that of their rules does', (t) => {
  let found = 0;
  fc.assert(
    fc.property(turns, anyOptions, ({ kinds: patterns, rules, lone: others }, chosen) => {
      const lines = rules.map(([kind, number, port]) =>
        patterns[kind % patterns.length]!.replace(
          '@',
          `203.0.${number >> 8}.${number & 255}${number % 97 === 0 ? '/29' : ''}`,
        )
          .replace('#', `2001:db8::${number.toString(16)}`)
          .replace('*', `02:00:00:00:00:${(number & 255).toString(16)}`)
          .replace('$', String(1000 + number))
          .replace('%', String(port)),
      );
      for (const [line, at] of others) lines.splice(at, 0, line.replace('@', '203.0.1.1').replace('%', '80'));
      const text = `table inet t {\n\tchain other {\n\t}\n\tchain input {\n\t\ttype filter hook input priority 0;\n${lines
        .map((line) => `\t\t${line}\n`)
        .join('')}\t}\n}\n`;
      const ruleset = rulesetOf(text);
      const segments = segmentsOf(ruleset.tables[0]!.chains.get('input')!).filter(isRun);
      found += segments.filter((run) => run.number(run.count - 1) - run.number(0) >= run.count).length;
      const [one, other] = [planRuleset(ruleset, chosen), planRuleset(oneByOne(ruleset), chosen)];
      sameFates(t, [one, other], text, { packets: 300, ip6Every: 5 });
      t.deepEqual(disputed(one, other, leaves), [], text);
    }),
    { numRuns: numRuns / 4 },
  );
  t.true(found > numRuns / 8, `${found} runs with others between`);
});

test('rules of a run have their lines, texts and ids', (t) => {
  const lines = Array.from(
    { length: 30 },
    (_, i) => `\t\tip saddr 203.0.113.${i} tcp dport ${i} counter packets ${i} bytes 9 drop\n`,
  );
  const text = `table ip t {\n\tchain input {\n\t\ttype filter hook input priority 0;\n${lines.join('')}\t}\n}\n`;
  const { rules } = planRuleset(rulesetOf(text), { devices: ['eth0'], facts: webServer, strict: false });
  t.deepEqual(
    rules.map(({ id, line, text: words }) => [id, line, words]),
    lines.map((line, i) => [`ip t input ${i + 1}`, i + 4, line.trim()]),
  );
});
