import test from 'ava';
import { InputError } from '../../src/diagnostic.js';
import type { Diagnostic } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';

function errorsOf(text: string, file = 'f'): readonly Diagnostic[] {
  try {
    readRuleset([{ file, text, takenAt: null }]);
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
  return [];
}

const table = (body: string): string => `*filter\n:INPUT ACCEPT [0:0]\n${body}\nCOMMIT\n`;

const rows: [string, string, string][] = [
  [
    'binary rubbish',
    '\u007fELF\u0002\u0001\u0001\0\0\0',
    'f:1:1 unknown-format this is no ruleset; expected the output of iptables-save, ip6tables-save, ipset save or nft list ruleset',
  ],
  [
    'nothing',
    '',
    'f:1:1 unknown-format the input is empty; expected the output of iptables-save, ip6tables-save, ipset save or nft list ruleset',
  ],
  [
    'blanks',
    ' \n\n',
    'f:1:1 unknown-format the input is empty; expected the output of iptables-save, ip6tables-save, ipset save or nft list ruleset',
  ],
  [
    'a NUL byte',
    table('-A INPUT \0-j DROP'),
    'f:3:10 syntax a byte that no ruleset contains (U+0000); expected a word, the end of the line, an option or "!"',
  ],
  [
    'cut between lines',
    '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n',
    'f:1:1 missing-commit table filter has no COMMIT; the dump is cut short, so rules may be missing',
  ],
  [
    'cut in a string',
    '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT --comment "a',
    'f:3:20 syntax a quoted string is never closed; expected "!", a word, the end of the line or an option',
  ],
  [
    'COMMIT missing before the next table',
    '*raw\n*filter\nCOMMIT\n',
    'f:1:1 missing-commit table raw has no COMMIT; the dump is cut short, so rules may be missing',
  ],
  [
    'a rule outside a table',
    '-A INPUT -j DROP\n',
    'f:1:1 syntax a rule outside a table; expected a table such as *filter before it',
  ],
  ['COMMIT alone', 'COMMIT\n', 'f:1:1 syntax COMMIT without a table; expected a table such as *filter before it'],
  [
    'an unknown table',
    '*rawpost\nCOMMIT\n',
    'f:1:2 syntax unknown table "rawpost"; expected one of raw, mangle, nat, filter, security',
  ],
  [
    'a table twice',
    '*raw\nCOMMIT\n*raw\nCOMMIT\n',
    'f:3:1 duplicate-table table raw stands twice in this file; iptables-restore would keep the last, which of them is in force is not known',
  ],
  ['a set twice', 'create s hash:ip\ncreate s hash:ip\n', 'f:2:1 duplicate-set set "s" is created twice'],
];

for (const [name, text, expected] of rows) {
  test(name, (t) => {
    const [first] = errorsOf(text);
    t.is(
      first && `${first.span.file}:${first.span.line}:${first.span.column} ${first.code} ${first.message}`,
      expected,
    );
  });
}

test('the line is shown with a caret, a long one cut around it', (t) => {
  const [short] = errorsOf(table('-A INPUT "x'));
  t.deepEqual(short?.notes, ['-A INPUT "x', '         ^']);
  const [long] = errorsOf(table(`-A INPUT ${'x'.repeat(1_000_000)} "y`));
  t.is(long?.span.column, 1_000_011);
  t.is(long?.notes[0], `…${'x'.repeat(49)} "y`);
  t.is(long?.notes[1]?.length, 52);
  t.is(long?.notes[0]?.[51], '"');
});

test('ten syntax errors of a file are enough', (t) => {
  t.is(errorsOf(table('bad line\n'.repeat(1000))).length, 10);
});

test('errors of all inputs come together', (t) => {
  const error = t.throws(
    () =>
      readRuleset([
        { file: 'a', text: '*raw\n', takenAt: null },
        { file: 'b', text: 'rubbish', takenAt: null },
        { file: 'c', text: table(''), takenAt: null },
      ]),
    { instanceOf: InputError },
  );
  t.deepEqual(
    error.diagnostics.map((one) => `${one.span.file} ${one.code}`),
    ['a missing-commit', 'b unknown-format'],
  );
});

test('the same table in two files', (t) => {
  const text = table('');
  const error = t.throws(
    () =>
      readRuleset([
        { file: 'a', text, takenAt: null },
        { file: 'b', text, takenAt: null },
      ]),
    { instanceOf: InputError },
  );
  t.is(error.message, 'table ip filter stands in a too; which of them is in force is not known');
});

test('CRLF, a byte order mark, no newline at the end and odd bytes are read', (t) => {
  const crlf = `\ufeff${table('-A INPUT -m comment --comment "\u00e9 \ufffd" -j DROP').replaceAll('\n', '\r\n')}`;
  const { ruleset } = readRuleset([{ file: 'f', text: crlf, takenAt: 5 }]);
  t.is(ruleset.tables[0]?.chains.get('INPUT')?.rules[0]?.text, '-A INPUT -m comment --comment "\u00e9 \ufffd" -j DROP');
  t.is(ruleset.inputs[0]?.text, crlf);
  t.deepEqual(errorsOf('*raw\nCOMMIT'), []);
  t.deepEqual(errorsOf('\ufeffcreate s hash:ip\r\nadd s 1.2.3.4\r\n'), []);
  t.is(errorsOf('create s hash:ip\nadd s 1.2.3.4').length, 0);
});

test('lines of a megabyte are read or refused', (t) => {
  const million = 1_000_000;
  t.deepEqual(errorsOf(table(`-A INPUT -m comment --comment "${'x'.repeat(million)}" -j DROP`)), []);
  t.deepEqual(errorsOf(table(`# ${'x'.repeat(million)}`)), []);
  t.deepEqual(errorsOf(`create s hash:ip\nadd s 1.2.3.4 comment "${'x'.repeat(million)}"\n`), []);
  t.deepEqual(errorsOf(table(`-A INPUT${' '.repeat(million)}-j DROP`)), []);
  t.is(
    errorsOf(table(`-A INPUT ${'x '.repeat(million / 2)}`))[0]?.message.split(';')[0],
    'more than 2048 words on a line',
  );
  t.is(errorsOf(table(`-A INPUT ${'! '.repeat(million / 2)}`)).length, 1);
  t.is(errorsOf('"'.repeat(million)).length, 1);
  t.is(errorsOf(`create s hash:ip\nadd s ${'('.repeat(million)}\n`).length, 0);
  t.is(
    errorsOf(`create s hash:ip\nadd s 1.2.3.4 ${'a 1 '.repeat(million / 4)}\n`)[0]?.message.split(';')[0],
    'more than 2048 words on a line',
  );
  t.is(errorsOf('{'.repeat(million)).length, 1);
});
