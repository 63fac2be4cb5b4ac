import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { parseNftJson } from '../../../src/parse/nft/parse-nft-json.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import type { NftFile } from '../../../src/parse/nft/tree.js';

const table = '{"table": {"family": "ip", "name": "t", "handle": 1}}';
const chain = '{"chain": {"family": "ip", "table": "t", "name": "c", "handle": 2}}';
const rule = (expr: string): string =>
  `{"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 3, "expr": ${expr}}}`;
const listing = (...items: readonly string[]): string =>
  `{"nftables": [{"metainfo": {"version": "1.0.6"}}, ${items.join(', ')}]}`;
const read = (...items: readonly string[]): NftFile => parseNftJson(listing(...items), 'x.json');
const printed = (tree: NftFile): string => printNft(tree).replaceAll(/\s+/g, ' ').trim();

test('integers beyond 2^53 are kept, in and out of strings', (t) => {
  const tree = read(table, chain, rule('[{"counter": {"packets": 18446744073709551615, "bytes": 9007199254740993}}]'));
  t.regex(printed(tree), /counter packets 18446744073709551615 bytes 9007199254740993/);
  const text = read(
    table,
    chain,
    rule(
      '[{"log": {"prefix": "a: 18446744073709551615,"}}, {"counter": {"packets": 18446744073709551615, "bytes": 1}}]',
    ),
  );
  t.regex(printed(text), /log prefix "a: 18446744073709551615,"/);
});

for (const [title, open, close] of [
  ['arrays', '[', ']'],
  ['expressions', '{"&": [', ', 1]}'],
  ['sets', '{"set": ', '}'],
] as const) {
  test(`brackets inside each other have an end: ${title}`, (t) => {
    const nested = (depth: number): string =>
      rule(`[{"match": {"op": "==", "left": ${open.repeat(depth)}1${close.repeat(depth)}, "right": 1}}]`);
    t.notThrows(() => read(table, chain, nested(60)));
    const error = t.throws(() => read(table, chain, nested(100_000)), { instanceOf: InputError });
    t.regex(error.message, /more than 256 brackets inside each other/);
  });
}

test('places are those of the items', (t) => {
  const source = `{"nftables": [\n  ${table},\n  ${chain},\n  ${rule('[{"drop": null}]')}\n]}\n`;
  const [node] = parseNftJson(source, 'x.json').commands;
  const c = node?.kind === 'table' ? node.items?.[0] : undefined;
  const r = c?.kind === 'chain' ? c.items[0] : undefined;
  if (r?.kind !== 'rule') return t.fail();
  t.deepEqual(r.span, { file: 'x.json', line: 4, column: 3 });
  t.is(source.slice(r.extent.start, r.extent.end), rule('[{"drop": null}]'));
  t.is(r.text, 'drop');
});

test('a warning line before the JSON is skipped, as nft 0.9.8 prints it', (t) => {
  t.is(parseNftJson(`warning: stmt ops map have no json callback\n${listing(table)}\n`, 'x').commands.length, 1);
});

test('text for which nft has no JSON is read as text', (t) => {
  t.regex(
    printed(read(table, chain, rule('["add @m { ip saddr : 1 }", {"accept": null}]'))),
    /add @m \{ ip saddr : 1 \} accept/,
  );
});

test('unknown statements and expressions are opaque, with a warning', (t) => {
  const tree = read(
    table,
    chain,
    rule('[{"teleport": {"to": "mars"}}, {"match": {"op": "==", "left": {"psychic": 1}, "right": 2}}]'),
  );
  t.is(tree.diagnostics.length, 2);
  t.deepEqual(new Set(tree.diagnostics.map(({ severity }) => severity)), new Set(['warning']));
  t.regex(tree.diagnostics[0]?.message ?? '', /"teleport" is not understood/);
});

test('extensions of iptables-nft are named', (t) => {
  t.regex(printed(read(table, chain, rule('[{"xt": {"type": "match", "name": "recent"}}]'))), /xt match "recent"/);
});

test('commands', (t) => {
  const tree = read(
    '{"flush": {"ruleset": null}}',
    `{"add": ${table}}`,
    `{"add": ${chain}}`,
    `{"add": ${rule('[{"drop": null}]')}}`,
    '{"add": {"element": {"family": "ip", "table": "t", "name": "s", "elem": ["1.2.3.4", {"prefix": {"addr": "10.0.0.0", "len": 8}}]}}}',
    '{"delete": {"chain": {"family": "ip", "table": "t", "name": "c"}}}',
  );
  t.deepEqual(tree.diagnostics, []);
  t.is(
    printNft(tree),
    'flush ruleset\nadd table ip t\nadd chain ip t c { # handle 2\n}\nadd rule ip t c handle 3 drop\n' +
      'add element ip t s { 1.2.3.4, 10.0.0.0/8 }\ndelete chain ip t c\n',
  );
  t.notThrows(() => parseNft(printNft(tree), 'x.nft'));
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /not JSON/],
  ['{"a": 1}', /"nftables" is missing/],
  ['{"nftables": [', /never closed|ends here/],
  ['{"nftables": [{"table": {"family": "ip"}}]}', /table: must have required property 'name'; found \{"family":"ip"\}/],
  [
    '{"nftables": [{"table": {"family": "ipx", "name": "t"}}]}',
    /table\/family: must be equal to one of .*inet.*; found "ipx"/,
  ],
  [
    listing(table, chain, rule('[{"match": {"left": 1}}]')),
    /rule\/expr\/0\/match: must have required property 'right'/,
  ],
  [listing(table, rule('[]')), /rule of chain "c", which stands nowhere before it/],
  ['{"nftables": [{"table": {"family": "ip" "name": "t"}}]}', /not JSON: unexpected/],
];

for (const [text, message] of refused) {
  test(`refused: ${String(message)}`, (t) => {
    const error = t.throws(() => parseNftJson(text, 'x.json'), { instanceOf: InputError });
    t.regex(error.message, message);
    t.is(error.diagnostics[0]?.span.file, 'x.json');
  });
}
