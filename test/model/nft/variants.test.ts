/** Rules that the reader finds to be alike are what they are one by one: a semicolon behind each hides it from the reader. */
import test from 'ava';
import fc from 'fast-check';
import type { Diagnostic } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { variantOf } from '../../../src/parse/nft/rule-variants.js';
import type { Rule as RuleTree } from '../../../src/parse/nft/tree.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import { isRun, segmentsOf } from '../../../src/model/segments.js';
import type { RuleDecision } from '../../../src/plan/plan.js';
import { planRuleset } from '../../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../../src/residual/residual-texts.js';
import type { Chain, RuleId, Ruleset } from '../../../src/model/ruleset.js';
import { disputed } from '../../plan/same-fates.js';

const shapes = [
  'ip saddr @ drop',
  'ip daddr @ tcp dport % drop',
  'ip saddr @ ip daddr @ udp sport % drop',
  'ip saddr @ ~ dport % drop',
  'ip6 daddr # ~ sport % counter packets 1 bytes % drop',
  'ip saddr @ tcp sport % ~ dport % drop',
  'ip saddr @ meta l4proto tcp ~ dport % drop',
  'ip6 saddr # th dport % drop',
  'ip saddr @ counter packets 1% bytes % drop comment "no %"',
  'iifname "eth0" ip saddr @ tcp dport { 22, 80 } drop',
  'ip saddr @ tcp dport ^ drop',
  'ip saddr @ udp sport ^ ~ dport ^ counter drop',
  'ip6 saddr # th dport ^ log drop',
  'ip saddr @ tcp dport != ^ drop',
  'tcp dport ^ drop',
  'udp sport != % counter packets % bytes 1 drop',
  '~ sport ^ ~ dport != ^ drop',
  'th dport % accept',
  'ether saddr * drop',
  'iifname "eth0" ip saddr @ ether saddr * counter drop',
  'ether saddr * ~ dport ^ drop',
  'ether saddr != * drop',
  'ip saddr != @ drop',
  'ip saddr != @ tcp dport ^ drop',
  'ip saddr @ ip daddr != @ counter drop',
  'ip6 daddr != # accept',
  'ip6 saddr # udp sport != % udp dport ^ drop',
  'ip saddr @ ct original ip saddr @ drop',
  'ip saddr @ ip saddr @ drop',
  'ip saddr @ tcp sport % tcp dport % accept',
  'ip saddr @ log prefix "ip saddr @ " drop',
  'ip saddr @ log prefix "no %" group 2 counter drop comment "no %"',
  'ip saddr @ log prefix "%" log prefix "1" accept',
  'tcp dport ^ log prefix "$home\'%" level info jump other',
  'ip saddr @ log level warn prefix "no %" drop',
  'ip saddr @ jump other',
  'tcp dport % meta mark set % ip saddr @ drop',
  'ip saddr $home ip daddr @ drop',
  'ip saddr @ limit rate %/second drop',
  'ip saddr @-203.0.113.255 drop',
  'ip saddr & 255.255.255.0 == @ drop',
] as const;

const octet = fc.integer({ min: 0, max: 260 });
const address = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant(11), octet, octet, octet).map((octets) => octets.join('.')) },
  fc.constantFrom(
    ...[
      '{ 11.0.0.7, 11.0.0.9 }',
      '{ 11.0.0.9, 10.1.2.3/24, 11.0.0.1-11.0.0.7 }',
      '{ 11.0.0.7 }',
      '{ 11.0.0.7,11.0.0.9 }',
    ],
    ...[
      '{11.0.0.7}',
      '{ 11.0.0.9-11.0.0.7 }',
      '{ 11.0.0.7, 11.0.0.7 }',
      '{ 11.0.0.7, 0.0.0.0/0 }',
      '{ 11.0.0.7, $home }',
    ],
    ...[
      '{ }',
      '{ 11.0.0.7, }',
      '{ 11.0.0.7 timeout 1s }',
      '{ 11.0.0.7 . 22 }',
      '{ 11.0.0.300, 11.0.0.1 }',
      '{ a, 11.0.0.1 }',
    ],
  ),
  fc
    .array(octet, { minLength: 1, maxLength: 4 })
    .map((bytes) => `{ ${bytes.map((byte) => `11.0.0.${byte}`).join(', ')} }`),
  fc.constantFrom('0.0.0.0/0', '10.1.2.3/24', '10.1.2.0/33', '10.1.2.3/32', '$home', '1.2.3'),
);
const address6 = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 65535 }).map((low) => `2001:db8::${low.toString(16)}`) },
  fc.constantFrom('::/0', '2001:db8::7/64', '2001:db8::/129', '::ffff:192.0.2.1', '2001:DB8:0:0:0:0:0:1'),
  fc.constantFrom(
    '{ 2001:db8::7, 2001:db8::1-2001:db8::3, 2001:db8:7::/48 }',
    '{ ::1 }',
    '{ ::ffff:192.0.2.1, ::2 }',
    '{ 192.0.2.1, ::1 }',
  ),
);
const mac = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `02:00:00:00:00:${byte.toString(16)}`) },
  fc.constantFrom(
    '2:0:0:0:a:0B',
    'FE:dc:ba:98:76:54',
    '02:00:00:00:00:01-02:00:00:00:00:07',
    '02:00:00:00:01',
    '02:00:00:00:00:1g',
  ),
);
const port = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 65535 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['70000', '022', '0x16', '1-2', '0-65535', '1024-65535', '7-7', '9-3', '1 - 2', '1-', '01-2', '5-70000'],
    ),
  },
);

const ports = fc.oneof(
  fc.array(fc.nat(65535), { minLength: 1, maxLength: 5 }).map((some) => `{ ${some.join(', ')} }`),
  port,
  fc.constantFrom(
    ...['{ 22, 80 }', '{ 1-2, 7, 9-65535 }', '{ 80, 22 }', '{ 22 }', '{22}', '{ 22,80 }', '{ 22, 22 }', '{ 7, ssh }'],
    ...['{ 7-5 }', '{ 1, 70000 }', '{ }', '{ 1, 2, }', '{ 1-4, 3 }', '{ 3 comment "x" }'],
  ),
);

const protocol = fc.constantFrom('tcp', 'udp');

/** The words of a shape with values. */
const line = (shape: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...shape
        .split(/(?=[@#%^~*])|(?<=[@#%^~*])/)
        .map(
          (part) =>
            ({ '@': address, '#': address6, '%': port, '^': ports, '~': protocol, '*': mac })[part] ??
            fc.constant(part),
        ),
    )
    .map((parts) => parts.join(''));

const block = fc
  .array(fc.constantFrom(...shapes), { minLength: 1, maxLength: 3 })
  .chain((some) => fc.array(fc.constantFrom(...some).chain(line), { minLength: 20, maxLength: 60 }));

const table = (lines: readonly string[], end: string, family = 'inet'): string =>
  `define home = 198.51.100.0/24\ntable ${family} t {\n\tchain other { }\n\tchain c {\n\t\ttype filter hook prerouting priority raw;\n${lines
    .map((one) => `\t\t${one}${end}\n`)
    .join('')}\t}\n}\n`;

function treesOf(text: string): readonly RuleTree[] {
  const [, command] = parseNft(text, 'rules.nft').commands;
  if (command?.kind !== 'table') throw new Error('no table');
  const chain = command.items?.find((one) => one.kind === 'chain' && one.name === 'c');
  return chain?.kind === 'chain' ? chain.items.filter((one) => one.kind === 'rule') : [];
}

const plainTree = ({ statements, comment, handle, text, span }: RuleTree): unknown => ({
  statements,
  comment,
  handle,
  text,
  span,
});

const read = (text: string): { ruleset: Ruleset; diagnostics: readonly Diagnostic[] } =>
  readRuleset([{ file: 'rules.nft', text, takenAt: null }]);
/** A note has no more of a line than fits. */
const withoutSemicolons = (all: readonly Diagnostic[]): Diagnostic[] =>
  all.map((one) => ({ ...one, notes: one.notes.map((note) => note.replace(/;?…?$/, '')) }));
const chainOf = ({ tables }: Ruleset): Chain => tables[0]!.chains.get('c')!;
const rulesOf = (ruleset: Ruleset): unknown[] =>
  chainOf(ruleset).rules.map(({ id, number, span, text, parts }) => ({ id, number, span, text, parts }));

test('trees and rules of lines that are alike', (t) => {
  fc.assert(
    fc.property(block, fc.constantFrom('inet', 'ip', 'ip6'), (lines, family) => {
      const [text, apart] = [table(lines, '', family), table(lines, ';', family)];
      t.deepEqual(treesOf(text).map(plainTree), treesOf(apart).map(plainTree));
      const [{ ruleset, diagnostics }, one] = [read(text), read(apart)];
      t.deepEqual(rulesOf(ruleset), rulesOf(one.ruleset));
      t.deepEqual(withoutSemicolons(diagnostics), withoutSemicolons(one.diagnostics));
      t.deepEqual([...ruleset.sets.keys()], [...one.ruleset.sets.keys()]);
    }),
    { numRuns: 150 },
  );
});

/** Sources come again now and then; some are read by themselves. */
const turn = fc.tuple(
  fc.constantFrom(
    'ip saddr @ drop',
    'ip saddr @ tcp dport % drop',
    'ip saddr @ counter packets % bytes 1 drop',
    'tcp dport % ip saddr @ drop',
    'ip saddr @ ip daddr 192.0.2.1 drop comment "%"',
  ),
  fc.oneof(
    { weight: 60, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((low) => `11.1.${low >> 8}.${low & 255}`) },
    { weight: 1, arbitrary: fc.constantFrom('11.1.0.0/20', '0.0.0.0/0', '11.1.2', '11.1.2.300', '11.1.7.9/24') },
  ),
  fc.nat(65535),
);

const told = ({ id, line, text }: RuleDecision): unknown[] => [id, line, text];

test('kinds in turn are runs, and their rules stand as they were written', (t) => {
  let scattered = 0;
  fc.assert(
    fc.property(fc.array(turn, { minLength: 250, maxLength: 300 }), fc.constantFrom('inet', 'ip'), (turns, family) => {
      const lines = turns.map(([kind, source, number]) => kind.replace('@', source).replaceAll('%', String(number)));
      const [{ ruleset, diagnostics }, one] = [read(table(lines, '', family)), read(table(lines, ';', family))];
      t.deepEqual(rulesOf(ruleset), rulesOf(one.ruleset));
      t.deepEqual(withoutSemicolons(diagnostics), withoutSemicolons(one.diagnostics));
      const options = { devices: ['eth0'], facts: null, strict: false };
      const [plan, apart] = [planRuleset(ruleset, options), planRuleset(one.ruleset, options)];
      t.deepEqual(plan.rules.map(told), apart.rules.map(told));
      t.deepEqual(
        disputed(plan, apart, ({ offload, reason }) => `${offload} ${reason.code}`),
        [],
      );
      t.deepEqual(
        residualTexts(plan).map(({ text }) => text),
        residualTexts(apart).map(({ text }) => text.replace(/;$/gm, '').replace('priority raw', 'priority raw;')),
      );
      for (const run of segmentsOf(chainOf(ruleset)).filter(isRun)) {
        if (run.number(run.count - 1) - run.number(0) >= run.count) scattered++;
        for (let i = 0; i < run.count; i++) t.is(run.indexOf(run.id(i)), i);
        t.is(run.indexOf(`${run.id(0)}0000` as RuleId), -1);
      }
    }),
    { numRuns: 40 },
  );
  t.true(scattered > 40, `${scattered} runs with others between`);
});

const many = (line: (i: number) => string): string =>
  table(
    Array.from({ length: 40 }, (_, i) => line(i)),
    '',
  );

test('places, handles and comments', (t) => {
  const text = many(
    (i) =>
      `ip saddr 11.0.0.${i} tcp dport ${i + 1} counter packets ${i} bytes 5 drop comment "n ${i}" # handle ${i + 7}`,
  );
  const trees = treesOf(text);
  trees.forEach(({ extent, handle, comment, text: own }, i) => {
    t.is(text.slice(extent.start, extent.end), own);
    t.is(handle, i + 7);
    t.is(comment, `n ${i}`);
  });
  t.true(trees.every((one) => variantOf(one) !== null));
});

test('a list is one run, whatever its counters and comments say', (t) => {
  const text = many(
    (i) => `ip saddr 11.0.0.${i} udp dport ${i + 1} counter packets ${i} bytes 5 drop comment "n ${i}" # handle ${i}`,
  );
  const segments = segmentsOf(chainOf(read(text).ruleset));
  t.deepEqual(
    segments.map((one) => (isRun(one) ? [one.count, one.fields] : one.text)),
    [[40, ['saddr', 'dport']]],
  );
});

test('included files are texts of their own', (t) => {
  const lines = (from: number): string =>
    Array.from({ length: 30 }, (_, i) => `ip saddr 11.0.${from}.${i} drop\n`).join('');
  const text = `table ip t {\n\tchain c {\n${lines(1)}include "*.rules"\n${lines(2)}\t}\n}\n`;
  const files: Readonly<Record<string, string>> = { 'a.rules': lines(3), 'b.rules': `# b\n${lines(4)}` };
  const [command] = parseNft(text, 'rules.nft', {
    includeRoot: 'test/model/nft/included',
    readFile: (path) => ({ text: files[path.split('/').at(-1)!]! }),
  }).commands;
  const chain = command?.kind === 'table' ? command.items?.[0] : undefined;
  const items = chain?.kind === 'chain' ? chain.items : [];
  const texts = items
    .flatMap((one) => (one.kind === 'include' ? one.files.flatMap((file) => file.items) : [one]))
    .map((one) => (one.kind === 'rule' ? one.text : ''));
  t.is(texts.length, 120);
  t.deepEqual(new Set(texts).size, 120);
  t.is(texts[35], 'ip saddr 11.0.3.5 drop');
});
