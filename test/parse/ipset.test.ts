import test from 'ava';
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { lowerIpset } from '../../src/model/lower-ipset.js';
import { parseIpset } from '../../src/parse/parse-ipset.js';
import { printIpset } from '../../src/parse/print-ipset.js';

const dump = `# comment
create weave-41s)5vQ^o/xWGz6a20N:~?#|E hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1a2b comment
create b hash:net family inet6 timeout 600 counters comment skbinfo
add weave-41s)5vQ^o/xWGz6a20N:~?#|E 192.0.2.1
add weave-41s)5vQ^o/xWGz6a20N:~?#|E 192.0.2.2 comment "a b"
add weave-41s)5vQ^o/xWGz6a20N:~?#|E 192.0.2.3 comment ""
add b 2001:db8::/32 timeout 12 packets 1 bytes 2 comment "x" nomatch
add b 2001:db9::/32 timeout 0 packets 99999999999999999999 bytes 2
add b 2001:dba::/32 skbmark 0x1/0xffff skbprio 1:10 skbqueue 10
-exist
`.replace(
  '-exist\n',
  'add -exist b 2001:dbb::/32\ndel b 2001:dbb::/32 -exist\nswap a b\nrename a c\nflush b\ndestroy\n',
);

const plain = (text: string, grammarOnly: boolean): unknown => {
  const tree = parseIpset(text, 'f', { grammarOnly });
  const lines = tree.lines.map((line) =>
    line.kind === 'adds' ? { ...line, text: null, start: null, end: null } : line,
  );
  return JSON.parse(
    JSON.stringify(lines, (key, value: unknown) =>
      key === 'span' || /^comment(Start|End)$/.test(key) ? undefined : value,
    ),
  );
};

test('printing a tree and parsing it again gives the tree', (t) => {
  for (const grammarOnly of [false, true]) {
    const tree = parseIpset(dump, 'f', { grammarOnly });
    t.deepEqual(tree.errors, []);
    const printed = printIpset(tree);
    t.deepEqual(plain(printed, grammarOnly), plain(dump, grammarOnly));
    t.is(printIpset(parseIpset(printed, 'f', { grammarOnly })), printed);
  }
});

test('the scanner reads what the grammar reads', (t) => {
  const element = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom(
      '10.0.0.0/8',
      '10.0.0.1-10.0.0.9',
      '1.2.3',
      '010.1.1.1',
      '::/0',
      '1.2.3.4/33',
      '1.2.3.4/032',
      '-x',
      '"',
      'a"b',
      '1.2.3.4,80',
      '',
    ),
  );
  const options = fc.array(
    fc.constantFrom(
      ' timeout 5',
      ' timeout 0',
      ' timeout 007',
      ' timeout 4294967295',
      ' timeout x',
      ' packets 1',
      ' bytes 99999999999999999999',
      ' comment "a b"',
      ' comment x',
      ' nomatch',
      ' nomatchx',
      ' -exist',
      '  ',
      '\t',
      ' skbmark 1',
    ),
    { maxLength: 3 },
  );
  const line = fc
    .tuple(fc.constantFrom('add s ', 'add s ', 'add s ', 'add  s ', 'add n ', ' add s '), element, options)
    .map(([head, body, tail]) => head + body + tail.join(''));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom('inet', 'inet6'), (lines, family) => {
      const head = `create s hash:net family ${family} timeout 9\ncreate n hash:ip family ${family}\n`;
      const text = head + lines.join('\n');
      const fast = parseIpset(text, 'f');
      const slow = parseIpset(text, 'f', { grammarOnly: true });
      t.deepEqual(fast.errors, slow.errors);
      t.deepEqual(lowerIpset(fast), lowerIpset(slow));
    }),
    { numRuns: 500 },
  );
});

test('every column of a run follows its element', (t) => {
  const lines = Array.from({ length: 3000 }, (_, i) =>
    [
      `add s 10.0.${i >> 8}.${i & 255}`,
      i % 7 === 3 ? ` timeout ${i}` : '',
      i % 1100 === 1050 ? ' comment "c"' : '',
      i % 500 === 499 ? ' nomatch' : '',
    ].join(''),
  );
  const text = `create s hash:net\n${lines.join('\n')}\n`;
  const fast = parseIpset(text, 'f');
  t.is(fast.lines.length, 2);
  t.deepEqual(lowerIpset(fast), lowerIpset(parseIpset(text, 'f', { grammarOnly: true })));
  t.is(printIpset(fast), text);
});

test('errors say where and what was expected', (t) => {
  const error = (text: string): string => {
    const [first] = parseIpset(text, 'f').errors;
    return first ? `${first.span.line}:${first.span.column} ${first.message}` : '';
  };
  t.is(error('create s\n'), '1:9 the line ends here; expected a word');
  t.is(error('create s hash:ip\nadd s\n'), '2:6 the line ends here; expected a word');
  t.regex(error('foo bar'), /^1:1 unexpected "foo"; expected the end of the line, a comment \(#\), create, add, del/);
  t.regex(error('add s 1.2.3.4 comment "x'), /^1:23 a quoted string is never closed/);
  t.throws(() => readRuleset([{ file: 'f', text: 'add s 1.2.3.4\nadd s 1.2.3.5\n', takenAt: null }]), {
    message: 'set "s" is not created before this line; expected a create line for it',
  });
});

test('a long list is read run by run: each begins at its line, errors name theirs, and all elements arrive', (t) => {
  const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  const adds = Array.from({ length: 150_000 }, (_, i) => `add a ${address(i)}`);
  const text = `create a hash:ip family inet\n${adds.join('\n')}\n`;
  const runs = parseIpset(text, 'f').lines.filter((line) => line.kind === 'adds');
  t.deepEqual(
    runs.map(({ span, count }) => [span.line, count]),
    [[2, 65_536], [65_538, 65_536], [131_074, 18_928]],
  ); // prettier-ignore
  t.is(printIpset(parseIpset(text, 'f')), text);
  const [set] = readRuleset([{ file: 'f', text, takenAt: null }]).ruleset.sets.values();
  t.true(set?.kind === 'addresses' && set.ranges.count === 150_000 && set.ranges.lo[149_999] === 0x0a0249ef);
  const [error] = parseIpset(text.replace(address(140_000), '"'), 'f').errors;
  t.is(error?.span.line, 140_002);
});
