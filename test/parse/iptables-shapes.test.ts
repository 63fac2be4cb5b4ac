/** Shortcuts of the reader: lines of one shape, and rule lines read at once, are what the grammar makes of them. */
import test from 'ava';
import fc from 'fast-check';
import { parseIptables } from '../../src/parse/parse-iptables.js';
import { printIptables, printIptablesLine } from '../../src/parse/print-iptables.js';
import { oneByOne } from './one-by-one.js';

test('rule lines are read as by the grammar', (t) => {
  const word = fc.constantFrom(
    ...[
      '-A',
      '-A',
      'I',
      '-s',
      '--dport',
      '!',
      '!',
      'x',
      '"a b"',
      '[1:2]',
      '-j',
      '--x=',
      '-ptcp',
      '--comment',
      '-5',
      '#',
    ],
    ...['*', ':', 'COMMIT', '-N', '"x', '\u0001', ''],
  );
  const line = fc.tuple(
    fc.constantFrom('', '-A I ', '[1:2] -A I ', '-p tcp -A I '),
    fc.array(word, { maxLength: 8 }).map((words) => words.join(' ')),
  );
  let rules = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (parts) => {
      const text = parts.map((part) => part.join('')).join('\n');
      const slow = parseIptables(text, 'f', 'ip', { grammarOnly: true });
      const fast = parseIptables(text, 'f', 'ip');
      t.deepEqual(fast.errors, slow.errors);
      t.deepEqual(fast.lines.flatMap(oneByOne), slow.lines);
      rules += slow.lines.filter(({ kind }) => kind === 'rule').length;
    }),
    { numRuns: 1000 },
  );
  t.true(rules > 500, `${rules} rules`);
});

test('lines of one shape are what the grammar makes of them, columns included', (t) => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('10.0.0.0/8', '::/0', 'a.b', 'fe80::1', '0/0', '1.2.3.4,5.6.7.8', 'host.example', '!', '-x'),
    fc.constantFrom(
      '10.0.0.1-10.0.0.9',
      '10.0.0.9-10.0.0.1',
      'fe80::1-fe80::f',
      '10-',
      '1.2.3.4-5.6.7.8-9',
      '-10',
      'a-b',
      '02:00:00:00:00:0A',
      '2:0:0:0:0:a',
      '02:00:00:00:00',
    ),
  );
  const head = fc.constantFrom(
    '-A INPUT -s ',
    '[1:2] -A INPUT -d ',
    '[0:0] -A INPUT -s ',
    '[12:3456] -A INPUT -s ',
    '[012345678901234567890:1] -A INPUT -s ',
    '[1:2]  -A INPUT -s ',
    '[1:2]-A INPUT -s ',
    '[1:] -A INPUT -s ',
    '-A INPUT ! -s ',
    '-A I --comment "x -s y" -s ',
    '-A I -s ! ',
    '-A INPUT -m iprange --src-range ',
    '[1:2] -A INPUT -p tcp -m iprange ! --dst-range ',
    '-A INPUT --src-range ',
    '-A INPUT -m mac --mac-source ',
    ...['-A INPUT -p tcp -m tcp --dport ', '[1:2] -A INPUT -p udp ! --sport ', '-A I -p tcp -m multiport --dports '],
    ...['-A INPUT -m set ! --match-set ', '[1:2] -A INPUT -m set --match-set '],
  );
  const name = fc.constantFrom(
    ...['a', 'b', 'weave-41s)5vQ^o/xWGz6a20N:~?#|E', '"a"', 'a\\b', 'a"b"', '-a', '!', '', 'src', 'a b'],
  );
  const protocol = fc.constantFrom('tcp', 'udp', 'tcp', 'udp', 'icmp', '6');
  const port = fc.constantFrom(
    '22',
    '80',
    '0',
    '65535',
    '65536',
    '080',
    '22:80',
    '80:22',
    '0:65535',
    '22:',
    '1:2:3',
    '7:65536',
    'ssh',
    '1.2',
    '',
  );
  const ports = fc.oneof(
    fc.array(port, { minLength: 1, maxLength: 4 }).map((some) => some.join(',')),
    fc.constantFrom('1,2,', ',1', '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15', '1,2,3,4,5,6,7,8,9,10,11,12,13,14:15,16'),
  );
  const comment = fc.oneof(
    fc.constantFrom(
      'x',
      '""',
      '"a b"',
      '"a\\"b"',
      '"it\\\'s"',
      '"\\\\"',
      'a\\b',
      'a"b"',
      '-x',
      '"-x"',
      '!',
      '"!"',
      '#',
      '"a\tb"',
      'é',
    ),
    fc.constantFrom(
      '',
      '"',
      '"a',
      '"a"b',
      '"a" "b"',
      "'a'",
      '"-d 1.2.3.4 --dport 1"',
      'a\u007f',
      '"a\u007f"',
      `"${'x'.repeat(255)}"`,
    ),
  );
  const end = fc.constantFrom('', ' ', ' -j DROP', ' -m comment --comment "a -s b --dport 1"', ' x', ' --sport 1 -d x');
  const second = fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    address.map((one) => ` -d ${one}`),
    address.map((one) => ` ! -d ${one} -p tcp`),
    address.map((one) => ` -m iprange --dst-range ${one}`),
    address.map((one) => ` -m mac ! --mac-source ${one}`),
    fc.tuple(address, port).map(([one, own]) => ` -p tcp -m iprange --src-range ${one} -m tcp --dport ${own}`),
    port.map((one) => ` -p tcp -m tcp --dport ${one}`),
    fc.tuple(port, port).map(([one, other]) => ` -p tcp --sport ${one} ! --dport ${other}`),
    fc.tuple(address, port).map(([one, other]) => ` -d ${one} -p udp -m udp --dport ${other} --sport 1`),
    port.map((one) => ` -m comment --comment a" --dport ${one}`),
    name.map((one) => ` -m set --match-set ${one} src`),
    fc.tuple(name, name).map(([one, other]) => ` -m set --match-set ${one} src -m set ! --match-set ${other} dst,dst`),
    fc.tuple(name, address).map(([one, other]) => ` src -m set --match-set ${one} dst -s ${other}`),
    fc.tuple(name, port).map(([one, own]) => ` src -p udp -m set --match-set ${one} src,dst -m udp --dport ${own}`),
    ports.map((some) => ` -p tcp -m multiport --dports ${some}`),
    fc.tuple(ports, port).map(([some, one]) => ` -p udp -m multiport ! --sports ${some} -m udp --dport ${one}`),
    { weight: 2, arbitrary: comment.map((one) => ` -m comment --comment ${one}`) },
    fc.tuple(comment, comment).map(([one, other]) => ` -m comment --comment ${one} -m comment --comment ${other}`),
    fc.tuple(comment, port).map(([one, own]) => ` -m comment --comment ${one} -p tcp --dport ${own}`),
    fc
      .tuple(fc.constantFrom('tcp', 'udp'), port, comment)
      .map(([one, own, words]) => ` -p ${one} -m ${one} --dport ${own} -m comment --comment ${words}`),
    comment.map((one) => ` --log-prefix --comment ${one}`),
    fc
      .tuple(fc.constantFrom('LOG --log', 'NFLOG --nflog'), comment)
      .map(([target, one]) => ` -j ${target}-prefix ${one} --log-level 4`),
    fc.tuple(comment, comment).map(([one, own]) => ` -m comment --comment ${one} -j LOG --log-prefix ${own}`),
    fc.tuple(comment, comment).map(([one, own]) => ` -j LOG --log-prefix ${one} --log-prefix ${own}`),
    fc.tuple(comment, port).map(([one, own]) => ` --log-prefix ${one} -p tcp --dport ${own} -j LOG`),
    fc.tuple(protocol, protocol, port).map(([one, other, own]) => ` -p ${one} -m ${other} --dport ${own}`),
    fc.tuple(protocol, port, port).map(([one, own, other]) => ` -p ${one} --sport ${own} --dport ${other}`),
  );
  fc.assert(
    fc.property(
      fc.array(
        head.chain((before) =>
          fc.tuple(
            fc.constant(before),
            fc.array(fc.tuple(before.includes('port') ? fc.oneof(port, ports) : address, second), { maxLength: 4 }),
            end,
          ),
        ),
        { maxLength: 20 },
      ),
      (parts) => {
        const text = parts
          .flatMap(([before, all, after]) => all.map(([one, more]) => before + one + more + after))
          .join('\n');
        const fast = parseIptables(text, 'f', 'ip');
        const slow = parseIptables(text, 'f', 'ip', { grammarOnly: true });
        t.deepEqual(fast.errors, slow.errors);
        t.deepEqual(fast.lines.flatMap(oneByOne), slow.lines);
      },
    ),
    { numRuns: 200 },
  );
});

test('lines of several shapes in turn are what the grammar makes of them, columns included', (t) => {
  const shape = fc.constantFrom(
    ...['-A I -s @ -j DROP', '-A I -s @ -p tcp -m tcp --dport % -j DROP', '-A I -s @ -p udp -m udp --sport % -j DROP'],
    ...['[%:1] -A I -s @ -j DROP', '-A u -d @ -i eth% -j ACCEPT', '-A I -s @ -p icmp -m icmp --icmp-type % -j DROP'],
    '-A I -s @ -p tcp -m multiport --dports %,99:100 -j DROP',
    ...['-A I -p tcp -m tcp --dport % -j DROP', '-A I -p udp -m udp ! --sport % --dport 1:% -j ACCEPT'],
    ...['-A I -m set --match-set ^ src -j DROP', '[%:1] -A I -m set --match-set ^ src -j DROP'],
    '-A I -s @ -m set --match-set ^ dst,dst -p tcp -m tcp --dport % -j DROP',
    '-A I -p tcp -m set ! --match-set ^ src -m tcp --dport % -j DROP',
    '-A I -m set --match-set ^ src -m comment --comment %',
  );
  const odd = fc.constantFrom('', '# comment', ':I ACCEPT', '-A I -s 1.2.3.4', '-A I ! -s x', '-A I !', '-A u -j DROP');
  let turns = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(shape, fc.nat(255), fc.nat(40)), { minLength: 60, maxLength: 120 }),
      fc.array(fc.tuple(odd, fc.nat(120)), { maxLength: 2 }),
      (parts, others) => {
        const lines = parts.map(([one, byte, i]) =>
          one
            .replace('@', `192.0.2.${byte}`)
            .replaceAll('%', String(i))
            .replace('^', `a${byte % 3}`),
        );
        for (const [line, at] of others) lines.splice(at, 0, line);
        const text = lines.join('\n');
        const fast = parseIptables(text, 'f', 'ip');
        const slow = parseIptables(text, 'f', 'ip', { grammarOnly: true });
        turns += fast.lines.filter(({ kind }) => kind === 'turns').length;
        t.deepEqual(fast.errors, slow.errors);
        t.deepEqual(fast.lines.flatMap(oneByOne), slow.lines);
        t.is(printIptables(fast), printIptables(slow));
      },
    ),
    { numRuns: 100 },
  );
  t.true(turns > 50, `${turns} lists of lines in turn`);
});

test('a shape is recognised at all', (t) => {
  const [one, two, other] = [
    '-A I -s 192.0.2.1/32 -j DROP',
    '-A I -s 192.0.2.255/32 -j DROP',
    '-A I -s 192.0.2.9 -j u',
  ];
  const tree = parseIptables(`${two}\n${other}\n${one}\n${other}\n\n${one}\n${two}`, 'f', 'ip');
  t.deepEqual(
    tree.lines.map((line) => line.kind),
    ['rule', 'variant', 'variant', 'variant', 'blank', 'run'],
  );
  t.is(printIptablesLine(tree.lines[2]!), one);
  t.is(printIptablesLine(tree.lines[5]!), `${one}\n${two}`);
});

test('TCP and UDP in turn do not set lines apart', (t) => {
  const lines = ['-p tcp -m tcp', '-p udp -m udp', '-p udp -m udp', '-p tcp -m tcp'].map(
    (words, i) => `-A I -s 192.0.2.${i} ${words} --dport ${i} -j DROP`,
  );
  const tree = parseIptables(lines.join('\n'), 'f', 'ip');
  t.deepEqual(
    tree.lines.map((line) => line.kind),
    ['run'],
  );
  t.is(printIptablesLine(tree.lines[0]!), lines.join('\n'));
});

test('comments of their own do not set lines apart', (t) => {
  const lines = ['x', '"a \\" b"', '"-s 1.2.3.4"'].map(
    (words, i) => `-A I -s 192.0.2.${i} -p tcp -m tcp --dport ${i} -m comment --comment ${words} -j DROP`,
  );
  const tree = parseIptables(lines.join('\n'), 'f', 'ip');
  t.deepEqual(
    tree.lines.map((line) => line.kind),
    ['run'],
  );
  t.is(printIptablesLine(tree.lines[0]!), lines.join('\n'));
});

test('counters of their own do not set lines apart', (t) => {
  const lines = ['[0:0] -A I -s 192.0.2.1/32 -j DROP', '[12:345] -A I -s 192.0.2.255/32 -j DROP'];
  const tree = parseIptables(lines.join('\n'), 'f', 'ip');
  t.deepEqual(
    tree.lines.map((line) => line.kind),
    ['run'],
  );
  t.is(printIptablesLine(tree.lines[0]!), lines.join('\n'));
});
