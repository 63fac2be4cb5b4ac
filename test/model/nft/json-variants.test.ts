/** Rules of nft's JSON that the reader finds to be alike are what they are one by one: blanks that stand elsewhere in each hide it from the reader. */
import test from 'ava';
import fc from 'fast-check';
import { InputError } from '../../../src/diagnostic.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Chain, Ruleset } from '../../../src/model/ruleset.js';
import { isRun, segmentsOf } from '../../../src/model/segments.js';
import { variantOf } from '../../../src/parse/nft/rule-variants.js';
import { parseNftJson } from '../../../src/parse/nft/parse-nft-json.js';
import type { Rule as RuleTree } from '../../../src/parse/nft/tree.js';
import { planRuleset } from '../../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../../src/residual/residual-texts.js';

const asks = (protocol: string, field: string, right: string, op = '=='): string =>
  `{"match": {"op": "${op}", "left": {"payload": {"protocol": ${protocol}, "field": "${field}"}}, "right": ${right}}}`;

/** `@`: address, `#`: IPv6 address, `%`: port, `~`: TCP or UDP, `*`: MAC address, `&`: any number. */
const shapes = [
  [asks('"ip"', 'saddr', '@'), '{"drop": null}'],
  [asks('"ip"', 'daddr', '@'), asks('"tcp"', 'dport', '%'), '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), asks('"ip"', 'daddr', '@'), asks('"udp"', 'sport', '%'), '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), asks('~', 'dport', '%'), '{"drop": null}'],
  [asks('"ip6"', 'daddr', '#'), asks('~', 'sport', '%'), '{"counter": {"packets": &, "bytes": 1}}', '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), '{"counter": {"packets": &, "bytes": &}}', '{"drop": null}'],
  [asks('"ip"', 'saddr', '@', '!='), '{"accept": null}'],
  [asks('"tcp"', 'dport', '%', '!='), '{"drop": null}'],
  [
    asks('"udp"', 'sport', '%'),
    asks('"udp"', 'dport', '%'),
    '{"counter": {"packets": &, "bytes": 1}}',
    '{"drop": null}',
  ],
  [asks('"ip"', 'saddr', '@'), asks('"ip"', 'saddr', '@'), '{"drop": null}'],
  [asks('"ether"', 'saddr', '*'), '{"drop": null}'],
  [asks('"ether"', 'saddr', '*'), asks('~', 'dport', '%'), '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), '{"log": {"prefix": "n & "}}', '{"drop": null}'],
  [
    asks('"ip"', 'saddr', '@'),
    '{"log": {"group": 2, "prefix": "n & \'"}}',
    '{"log": {"prefix": "n & "}}',
    '{"accept": null}',
  ],
  [asks('"ip"', 'saddr', '@'), '{"jump": {"target": "last"}}'],
  [asks('"ip"', 'saddr', '@'), '{"limit": {"rate": &, "burst": 5, "per": "second"}}', '{"drop": null}'],
  [asks('"th"', 'dport', '%'), asks('"ip6"', 'saddr', '#'), '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), '{"teleport": &}', '{"drop": null}'],
  [asks('"ip"', 'saddr', '{"set": [@, "11.0.0.1"]}'), '{"drop": null}'],
  [asks('"ip"', 'saddr', '@'), '"meta mark set &"', '{"drop": null}'],
] as const;

const octet = fc.integer({ min: 0, max: 260 });
const plain = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 65535 }).map((low) => `11.0.${low >> 8}.${low & 255}`) },
  fc.tuple(fc.constant(11), octet, octet, octet).map((octets) => octets.join('.')),
  fc.constantFrom('1.2.3', '011.0.0.1', 'host'),
);
const addressOf = (one: fc.Arbitrary<string>, lengths: readonly number[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: one.map((text) => `"${text}"`) },
    fc
      .tuple(one, fc.constantFrom(...lengths))
      .map(([addr, len]) => `{"prefix": {"addr": "${addr}", "len": ${String(len)}}}`),
    fc.tuple(one, one).map(([low, high]) => `{"range": ["${low}", "${high}"]}`),
    fc.tuple(one, one, one).map(([a, b, c]) => `{"set": ["${a}", {"prefix": {"addr": "${b}", "len": 8}}, "${c}"]}`),
    fc.array(one, { maxLength: 3 }).map((some) => `{"set": [${some.map((text) => `"${text}"`).join(',')}]}`),
  );
const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  '@': addressOf(plain, [8, 24, 32, 0, 33]),
  '#': addressOf(
    fc.oneof(
      fc.integer({ min: 0, max: 65535 }).map((low) => `2001:db8::${low.toString(16)}`),
      fc.constantFrom('::ffff:192.0.2.1', '2001:DB8:0:0:0:0:0:1', '2001:db8::g'),
    ),
    [64, 128, 0, 129],
  ),
  '%': fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 0, max: 65535 }).map(String) },
    fc.constantFrom(
      '70000',
      '"ssh"',
      '{"range": [1, 2]}',
      '{"range": [9, 3]}',
      '{"range": [1024, 65535]}',
      '{"set": [1, 2]}',
      '{"set": [7]}',
      '{"set": [9, 8, {"range": [20, 30]}]}',
      '{"set": [20, {"range": [30, 40]}]}',
      '{"set": []}',
    ),
  ),
  '~': fc.constantFrom('"tcp"', '"udp"'),
  '*': fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => `"02:00:00:00:00:${byte.toString(16)}"`) },
    fc.constantFrom('"2:0:0:0:a:0B"', '"02:00:00:00:01"', '7', '{"range": ["02:00:00:00:00:01", "02:00:00:00:00:07"]}'),
  ),
  '&': fc.constantFrom('0', '7', '12345678901234567890', '60'),
};

const expr = (shape: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...shape
        .join(', ')
        .split(/(?=[@#%~&*])|(?<=[@#%~&*])/)
        .map((part) => values[part] ?? fc.constant(part)),
    )
    .map((parts) => parts.join(''));

const comments = fc.constantFrom(
  ...[[''], [', "comment": "why"', ', "comment": "so"'], ['', ', "comment": "why"', ', "comment": "tcp \\" @"']],
);

const block = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...shapes).map((one) => [one]),
      fc.array(fc.constantFrom(...shapes), { minLength: 1, maxLength: 3 }),
    ),
    comments,
    fc.boolean(),
  )
  .chain(([some, remarks, isMixed]) =>
    fc.array(
      fc.tuple(
        fc.constantFrom(...some).chain(expr),
        fc.constantFrom(...remarks),
        fc.constantFrom('c', ...(isMixed ? ['c', 'other'] : [])),
      ),
      { minLength: 20, maxLength: 80 },
    ),
  );

interface Written {
  readonly family: string;
  readonly gap: string;
  readonly apart: boolean;
}

type Lines = readonly (readonly [expr: string, comment: string, chain: string])[];

/** In each rule as many blanks, so that places are the same. */
function listing(lines: Lines, { family, gap, apart }: Written): string {
  const table = `"family": "${family}", "table": "t"`;
  const rules = lines.map(([words, remark, chain], i) => {
    const before = apart ? i : 1;
    const blanks = [' '.repeat(before), ' '.repeat(lines.length - before)];
    return `{"rule": ${blanks[0]!}{${table}, "chain": "${chain}", "handle": ${i + 7}${remark}, "expr": [${words}]}${blanks[1]!}}`;
  });
  const items = [
    '{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}',
    `{"table": {"family": "${family}", "name": "t", "handle": 1}}`,
    `{"chain": {${table}, "name": "last", "handle": 2}}`,
    `{"chain": {${table}, "name": "other", "handle": 4}}`,
    `{"chain": {${table}, "name": "c", "handle": 3, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}}`,
    ...rules,
  ];
  return `{"nftables": [${items.join(`,${gap}`)}]}\n`;
}

function treesOf(text: string): readonly RuleTree[] {
  const [command] = parseNftJson(text, 'rules.json').commands;
  const items = command?.kind === 'table' ? (command.items ?? []) : [];
  return items.flatMap((one) => (one.kind === 'chain' ? one.items : [])).filter((one) => one.kind === 'rule');
}

const plainTree = ({ statements, comment: remark, handle, text, span, extent }: RuleTree): unknown => ({
  ...{ statements, comment: remark, handle, text, span },
  extent: { ...extent },
});

const read = (text: string): ReturnType<typeof readRuleset> =>
  readRuleset([{ file: 'rules.json', text, takenAt: null }]);
const chainOf = ({ tables }: Ruleset): Chain => tables[0]!.chains.get('c')!;
const rulesOf = (ruleset: Ruleset): unknown[] =>
  chainOf(ruleset).rules.map(({ id, number, span, text, parts, cut }) => ({
    ...{ id, number, span, text, parts, kind: cut?.kind },
    cut: cut && 'place' in cut ? [cut.place.start, cut.place.end] : null,
  }));

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 100);

test('trees, rules and plans of items that are alike', (t) => {
  let [alike, runs] = [0, 0];
  fc.assert(
    fc.property(block, fc.constantFrom('inet', 'ip', 'ip6'), fc.constantFrom(' ', '', '\n  '), (lines, family, gap) => {
      const [text, apart] = [false, true].map((one) => listing(lines, { family, gap, apart: one }));
      const trees = treesOf(text!);
      alike += trees.filter((rule) => variantOf(rule)).length;
      t.deepEqual(trees.map(plainTree), treesOf(apart!).map(plainTree));
      const [one, other] = [read(text!), read(apart!)];
      runs += segmentsOf(chainOf(one.ruleset)).filter(isRun).length;
      t.deepEqual(rulesOf(one.ruleset), rulesOf(other.ruleset));
      t.deepEqual(one.diagnostics, other.diagnostics);
      t.deepEqual([...one.ruleset.sets.keys()], [...other.ruleset.sets.keys()]);
      const options = { devices: ['eth0'], facts: null, strict: false };
      const [plan, its] = [planRuleset(one.ruleset, options), planRuleset(other.ruleset, options)];
      t.deepEqual(
        plan.rules.map(({ id, line, text: words }) => [id, line, words]),
        its.rules.map(({ id, line, text: words }) => [id, line, words]),
      );
      if (plan.rules.every((rule, i) => rule.offload === its.rules[i]!.offload))
        t.deepEqual(
          residualTexts(plan).map((left) => left.text.replaceAll(/ +/g, ' ')),
          residualTexts(its).map((left) => left.text.replaceAll(/ +/g, ' ')),
        );
    }),
    { numRuns },
  );
  t.true(alike > numRuns * 10, `${alike} rules are alike`);
  t.true(runs > numRuns / 40, `${runs} runs`);
});

const many = (more: (i: number) => string): string =>
  listing(
    Array.from(
      { length: 40 },
      (_, i) => [`${asks('"ip"', 'saddr', `"11.0.0.${i}"`)}, {"drop": null}`, more(i), 'c'] as const,
    ),
    { family: 'ip', gap: ' ', apart: false },
  );

test('a list is one run, whatever its comments say and however a source is written', (t) => {
  const text = many((i) => `, "comment": "no ${i}"`).replaceAll(
    /"11.0.0.(3\d)"/g,
    '{"prefix": {"addr": "11.0.1.$1", "len": 32}}',
  );
  const segments = segmentsOf(chainOf(read(text).ruleset));
  t.deepEqual(
    segments.map((one) => (isRun(one) ? [one.count, one.fields, one.text(7)] : one.text)),
    [[40, ['saddr'], 'ip saddr 11.0.0.7 drop comment "no 7"']],
  );
});

test('what stands between items is read as ever', (t) => {
  const broken = many(() => '').replaceAll('}, {"rule"', '} {"rule"');
  t.throws(() => treesOf(broken), { instanceOf: InputError, message: /expected ","/ });
  const open = many(() => '').replace(/\]\}\s*$/, '');
  t.throws(() => treesOf(open), { instanceOf: InputError, message: /the file ends here; expected ","/ });
});
