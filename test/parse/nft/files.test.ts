import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import { nodesOf } from './walk-tree.js';
import { withoutPlaces } from './without-places.js';

/** Commands of files, and as we print them. */
const commands: readonly (readonly [string, (string | null)?])[] = [
  ['flush ruleset'],
  ['flush ruleset ip6'],
  ['table x', 'add table ip x'],
  ['add table inet x { flags dormant; comment "c"; }', 'table inet x {\n\tflags dormant\n\tcomment "c"\n}'],
  ['create table x', 'create table ip x'],
  ['delete table inet x'],
  ['destroy table inet x'],
  ['delete table ip handle 5'],
  ['add chain ip x y { type filter hook input priority -5; policy drop; }', null],
  ['add chain x y', 'add chain ip x y {\n}'],
  ['delete chain ip x y'],
  ['delete chain ip x handle 4'],
  ['rename chain ip x y z'],
  ['flush chain ip x y'],
  ['add rule ip x y tcp dport 22 accept'],
  ['insert rule ip x y position 4 drop'],
  ['add rule x y index 0 accept comment rule2', 'add rule ip x y index 0 accept comment "rule2"'],
  ['replace rule ip x y handle 3 drop'],
  ['delete rule ip x y handle 3'],
  ['ip x y accept', 'add rule ip x y accept'],
  ['x y accept', 'add rule ip x y accept'],
  [
    'add set ip x s { type ipv4_addr . inet_service; flags interval, timeout; size 5; gc-interval 1m; policy memory; }',
    null,
  ],
  ['add map x m { typeof ip saddr : meta mark; elements = { 1.1.1.1 : 5 }; }', null],
  ['add element ip x s { 1.2.3.4 . 22 timeout 1h, 5.6.7.8 . 80 comment "c" }'],
  ['delete element ip x s { 1.2.3.4 }'],
  ['add element ip x s $list'],
  ['add counter ip x c { packets 1 bytes 2 }', null],
  ['add counter x c packets 1 bytes 2', null],
  ['add quota ip x q over 10 mbytes', null],
  ['add limit ip x l { rate 10/second; }', null],
  ['add ct helper ip x h { type "ftp" protocol tcp; l3proto ip; }', null],
  ['add secmark ip x s "system_u:object_r:x_t:s0"', null],
  ['add flowtable inet x f { hook ingress priority filter; devices = { eth0, eth1 }; flags offload; counter; }', null],
  ['reset counters ip'],
  ['reset counter ip x c'],
  ['define x = 5'],
  ['define x = { }'],
  ['define x = { 1.2.3.4, $y }'],
  ['define x = -5'],
  ['define x = eth0, eth1', 'define x = eth0,eth1'],
  ['redefine x = "a b"'],
  ['undefine x'],
];

for (const [text, printed = text] of commands) {
  test(`command: ${text}`, (t) => {
    const tree = parseNft(`${text}\n`, 'x.nft');
    t.deepEqual(tree.diagnostics, []);
    const again = parseNft(printNft(tree), 'x.nft');
    t.deepEqual(withoutPlaces(again), withoutPlaces(tree));
    if (printed !== null) t.is(printNft(tree).trimEnd(), printed);
  });
}

test('layout: comments, continuations, semicolons, shebang, no last newline', (t) => {
  const text = `#!/usr/sbin/nft -f
table inet t { # handle 3 progname firewalld
  chain c { type filter hook input priority filter + 10; policy drop; # why
    tcp dport 22 \\
      accept; drop # handle 7
  }; set s { type ipv4_addr; elements = { 1.2.3.4, # home
     5.6.7.8 } }
}`;
  const [table] = parseNft(text, 'x.nft').commands;
  if (table?.kind !== 'table') return t.fail();
  t.is(table.handle, 3);
  const [chain, set] = table.items ?? [];
  if (chain?.kind !== 'chain' || set?.kind !== 'setDeclaration') return t.fail();
  t.deepEqual(chain.hook?.priority, { name: 'filter', offset: 10, variable: null });
  const [accept, drop] = chain.items;
  if (accept?.kind !== 'rule' || drop?.kind !== 'rule') return t.fail();
  t.is(accept.text, 'tcp dport 22 \\\n      accept');
  t.is(text.slice(drop.extent.start, drop.extent.end), 'drop');
  t.deepEqual([accept.handle, drop.handle], [null, 7]);
  t.is(text.slice(chain.extent.start, chain.extent.end).at(-1), '}');
  t.is(set.elements?.kind === 'set' && set.elements.columns?.count, 2);
});

test('what is not understood is kept with a warning', (t) => {
  const text =
    'table ip t {\n\tchain c {\n\t\tfoo bar { a, b; c } baz\n\t\tdrop\n\t\tpolicy maybe;\n\t}\n\tnewthing x;\n}\n';
  const tree = parseNft(text, 'x.nft');
  const opaque = [...nodesOf(tree.commands)].filter(({ kind }) => kind === 'opaque').map((node) => node.text);
  t.deepEqual(opaque, ['foo bar { a, b; c } baz', 'policy maybe', 'newthing x']);
  t.deepEqual(
    tree.diagnostics.map(({ severity, span }) => [severity, span.line, span.column]),
    [
      ['warning', 3, 3],
      ['warning', 5, 10],
      ['warning', 7, 2],
    ],
  );
  t.deepEqual(withoutPlaces(parseNft(printNft(tree), 'x.nft')), withoutPlaces(tree));
});

/** Text, place and message of what nft refuses, too. */
const refused: readonly (readonly [string, number, number, RegExp])[] = [
  ['table inet t {\n\tchain c {\n\t\tdrop\n', 2, 10, /this "\{" is never closed/],
  ['table inet t {\n}\n}\n', 3, 1, /this "\}" closes nothing/],
  ['table inet {\n}\n', 1, 12, /unexpected "\{"; expected a name/],
  ['hello\n', 1, 6, /the line ends here; expected/],
  ['table ip t {\n\tchain c { ip saddr 1.2.3.4 comment "x\n}\n}', 2, 37, /quoted string is never closed/],
  ['table ip t { chain c { tcp dport ~ } }\n', 1, 34, /unexpected character "~"/],
  ['define = 5\n', 1, 8, /unexpected "="; expected a name/],
  ['table ip t {\n\tchain c\n}\n', 2, 9, /the line ends here; expected "\{"/],
  ['define x = { 1, 2\n', 1, 12, /never closed/],
  ['include "a.nft"\n', 1, 9, /no directory was given/],
];

for (const [text, line, column, message] of refused) {
  test(`refused: ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => parseNft(text, 'x.nft'), { instanceOf: InputError });
    const [first] = error.diagnostics;
    t.regex(first?.message ?? '', message);
    t.deepEqual(first?.span, { file: 'x.nft', line, column });
    t.is(first?.notes[1]?.trim(), '^');
  });
}

function withFiles(files: Readonly<Record<string, string>>, use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'ofl-nft-'));
  try {
    mkdirSync(join(root, 'd'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('includes: globs in order, in blocks, with places of their own', (t) => {
  const files = {
    'd/b.nft': 'define b = 2\n',
    'd/a.nft': 'define a = 1\n',
    'd/.c.nft': 'x',
    'rules.nft': 'tcp dport 22 accept\ndrop\n',
  };
  withFiles(files, (includeRoot) => {
    const text =
      'include "d/*.nft"\ninclude "./none*.nft"\ntable ip t {\n\tchain c {\n\t\tinclude "rules.nft"\n\t}\n}\n';
    const { commands: found } = parseNft(text, 'main.nft', { includeRoot });
    const [globbed, none, table] = found;
    if (globbed?.kind !== 'include' || none?.kind !== 'include' || table?.kind !== 'table') return t.fail();
    t.deepEqual(
      globbed.files.map(({ items }) => items[0]?.kind === 'define' && items[0].name),
      ['a', 'b'],
    );
    t.deepEqual(none.files, []);
    const chain = table.items?.[0];
    const inner = chain?.kind === 'chain' ? chain.items[0] : undefined;
    if (inner?.kind !== 'include') return t.fail();
    t.deepEqual(
      inner.files[0]?.items.map(({ span }) => span),
      [
        { file: join(includeRoot, 'rules.nft'), line: 1, column: 1 },
        { file: join(includeRoot, 'rules.nft'), line: 2, column: 1 },
      ],
    );
    t.deepEqual(table.span, { file: 'main.nft', line: 3, column: 1 });
  });
});

test('includes stay inside of the directory, exist, and end', (t) => {
  withFiles({ 'loop.nft': 'include "loop.nft"\n', 'bad.nft': 'table {\n' }, (includeRoot) => {
    symlinkSync('/etc/passwd', join(includeRoot, 'link.nft'));
    const message = (pattern: string): string =>
      t.throws(() => parseNft(`include "${pattern}"\n`, 'main.nft', { includeRoot }), { instanceOf: InputError })
        .message;
    t.regex(message('../x.nft'), /leaves/);
    t.regex(message('/etc/passwd'), /leaves/);
    t.regex(message('link.nft'), /leaves/);
    t.regex(message('missing.nft'), /ENOENT/);
    t.regex(message('loop.nft'), /nested more than 16/);
    const error = t.throws(() => parseNft('include "bad.nft"\n', 'main.nft', { includeRoot }), {
      instanceOf: InputError,
    });
    t.is(error.diagnostics[0]?.span.file, join(includeRoot, 'bad.nft'));
  });
});
