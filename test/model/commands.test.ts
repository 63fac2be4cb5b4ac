import test from 'ava';
import fc from 'fast-check';
import type { DiagnosticCode } from '../../src/diagnostic.js';
import { InputError } from '../../src/diagnostic.js';
import { lowerIptables } from '../../src/model/lower-iptables.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { RuleId } from '../../src/model/ruleset.js';
import { isRun, rulesIn, segmentsOf } from '../../src/model/segments.js';
import { parseIptables } from '../../src/parse/parse-iptables.js';

const read = (text: string, file = 'rules.v4') => readRuleset([{ file, text, takenAt: null }]).ruleset;

const rulesOf = (body: string, chain = 'INPUT', head = '*filter\n:INPUT ACCEPT [0:0]\n:u - [0:0]\n'): string[] =>
  (read(`${head}${body}\nCOMMIT\n`).tables[0]?.chains.get(chain)?.rules ?? []).map(
    (rule) => `${rule.id} | ${rule.text}`,
  );

const rows: [string, readonly string[]][] = [
  [
    '-A INPUT -j DROP\n[1:2] -A INPUT -j ACCEPT ',
    ['ip filter INPUT 1 | -A INPUT -j DROP', 'ip filter INPUT 2 | [1:2] -A INPUT -j ACCEPT '],
  ],
  [
    '-A INPUT -j DROP\n-I INPUT -j ACCEPT',
    ['ip filter INPUT 1 | -I INPUT -j ACCEPT', 'ip filter INPUT 2 | -A INPUT -j DROP'],
  ],
  [
    '-A INPUT -j DROP\n-I INPUT 2 -j ACCEPT',
    ['ip filter INPUT 1 | -A INPUT -j DROP', 'ip filter INPUT 2 | -I INPUT 2 -j ACCEPT'],
  ],
  ['-A INPUT -j DROP\n-A INPUT -j ACCEPT\n-D INPUT 1', ['ip filter INPUT 1 | -A INPUT -j ACCEPT']],
  [
    '-A INPUT -s 192.0.2.1 -j DROP\n-A INPUT -s 192.0.2.2 -j DROP\n-D INPUT -s 192.0.2.2 -j DROP',
    ['ip filter INPUT 1 | -A INPUT -s 192.0.2.1 -j DROP'],
  ],
  [
    '-A INPUT -j DROP\n-A INPUT -j ACCEPT\n-R INPUT 1 -j RETURN',
    ['ip filter INPUT 1 | -R INPUT 1 -j RETURN', 'ip filter INPUT 2 | -A INPUT -j ACCEPT'],
  ],
  ['-A INPUT -j DROP\n-F INPUT\n-A INPUT -j ACCEPT', ['ip filter INPUT 1 | -A INPUT -j ACCEPT']],
  ['-A INPUT -j DROP\n-F', []],
  [
    '-A INPUT -s 192.0.2.1,192.0.2.2 -d 198.51.100.1,198.51.100.2,198.51.100.3\n-A INPUT',
    [
      'ip filter INPUT 1 | -A INPUT -s 192.0.2.1,192.0.2.2 -d 198.51.100.1,198.51.100.2,198.51.100.3',
      'ip filter INPUT 7 | -A INPUT',
    ],
  ],
  ['-A INPUT -s 192.0.2.1,192.0.2.2\n-A INPUT\n-D INPUT 3', ['ip filter INPUT 1 | -A INPUT -s 192.0.2.1,192.0.2.2']],
  ['-4 -A INPUT -j DROP\n-A INPUT -6 -j DROP', ['ip filter INPUT 1 | -4 -A INPUT -j DROP']],
  ['-N v\n-A INPUT -j v\n-Z', ['ip filter INPUT 1 | -A INPUT -j v']],
];

for (const [body, expected] of rows) {
  test(JSON.stringify(body), (t) => t.deepEqual(rulesOf(body), expected));
}

test('built-in chains exist undeclared; policies are set by -P', (t) => {
  const [table] = read('*filter\n-A FORWARD -j DROP\n-P FORWARD DROP\nCOMMIT\n').tables;
  const chain = table?.chains.get('FORWARD');
  t.like(chain, { kind: 'base', policy: 'drop', hook: 'forward', priority: 0, type: 'filter' });
});

test('hooks and priorities of every built-in chain', (t) => {
  const all = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
  const text = ['raw', 'mangle', 'nat', 'filter', 'security'].map(
    (name) => `*${name}\n${all.map((chain) => `:${chain} - [0:0]`).join('\n')}\nCOMMIT\n`,
  );
  const places = read(text.join('')).tables.map((table) =>
    [...table.chains.values()]
      .map((chain) => (chain.kind === 'base' ? `${chain.hook} ${chain.priority} ${chain.type}` : '-'))
      .join(', '),
  );
  t.deepEqual(places, [
    'prerouting -300 filter, -, -, output -300 filter, -',
    'prerouting -150 filter, input -150 filter, forward -150 filter, output -150 route, postrouting -150 filter',
    'prerouting -100 nat, input 100 nat, -, output -100 nat, postrouting 100 nat',
    '-, input 0 filter, forward 0 filter, output 0 filter, -',
    '-, input 50 filter, forward 50 filter, output 50 filter, -',
  ]);
});

test('a chain may be named like anything', (t) => {
  const ids = rulesOf('-A toString -j __proto__', 'toString', '*filter\n:toString - [0:0]\n:__proto__ - [0:0]\n');
  t.deepEqual(ids, ['ip filter toString 1 | -A toString -j __proto__']);
});

const errors: [string, DiagnosticCode, string][] = [
  ['-A nowhere -j DROP', 'unknown-chain', '4:4 chain "nowhere" is not in table filter; expected one of INPUT, u'],
  [
    '-A INPUT -j DROP\n-D INPUT 2',
    'syntax',
    '5:10 chain INPUT has no rule "2" of its own here; expected the number of one of its rules',
  ],
  [
    '-A INPUT -s 1.2.3.4,1.2.3.5\n-I INPUT 2',
    'syntax',
    '5:10 chain INPUT has no rule "2" of its own here; expected the number of one of its rules',
  ],
  ['-D INPUT -j DROP', 'syntax', '4:1 chain INPUT has no such rule; expected the rule as it was added'],
  ['-P u DROP', 'unknown-chain', '4:1 "u" is not built into table filter'],
  ['-P INPUT QUEUE', 'syntax', '4:1 unknown policy "QUEUE"; expected ACCEPT or DROP'],
  [':v DROP [0:0]', 'syntax', '4:4 chain "v" is not built into table filter, so it has no policy; expected -'],
  ['-A INPUT x -j DROP', 'syntax', '4:1 2 words after append; expected 1'],
  ['-A INPUT -t nat -j DROP', 'syntax', '4:10 -t in a rules file; expected the table by its own line'],
  ['-A INPUT -j u\n-X u', 'unknown-chain', '4:10 chain "u" is removed before COMMIT'],
  ['-A u -j u', 'syntax', '4:6 chain "u" leads back to itself here; the kernel refuses such rules'],
  [
    '-N v\n-A INPUT -j u\n-A u -g v\n-A v -j u',
    'syntax',
    '7:6 chain "u" leads back to itself here; the kernel refuses such rules',
  ],
  ['-E u w', 'syntax', '4:1 renaming a chain is not read; expected a dump as iptables-save writes it'],
];

for (const [body, code, message] of errors) {
  test(`error of ${JSON.stringify(body)}`, (t) => {
    const error = t.throws(() => rulesOf(body), { instanceOf: InputError });
    const [first] = error.diagnostics;
    t.is(first?.code, code);
    t.is(first && `${first.span.line}:${first.span.column} ${first.message}`, message);
    t.is(first?.notes.length, 2);
  });
}

test('lines of one shape are lowered as if each stood alone', (t) => {
  const addresses = [
    '192.0.2.1',
    '192.0.2.0/24',
    '0/0',
    '1.2.3.4,5.6.7.8',
    '1.2.3.4/255.0.255.0',
    'dead',
    '10',
    '192.0.2.77/32',
    '192.0.2.78/32',
  ];
  const other = (address: string): string => (address.length % 2 === 0 ? 'tcp' : 'udp');
  const shapes = [
    (address: string) => `-A INPUT -s ${address} -p tcp -m tcp --dport 22 -j DROP`,
    (address: string) => `-A INPUT -p udp ! -d ${address} -j u`,
    (address: string) => `-A INPUT -i eth0 -s ${address}`,
    (address: string) => `[${address.length}:${9 ** address.length}] -A INPUT -s ${address} -j LOG`,
    (address: string) => `-A u -s ${address} -j missing`,
    (address: string) => `-A u -s ${address} -t filter -j DROP`,
    (address: string) => `-A nowhere -s ${address} -j DROP`,
    (address: string) => `-A INPUT -4 -s ${address} -j DROP`,
    (address: string) => `-A INPUT -6 -s ${address} -j DROP`,
    (address: string) => `-I INPUT -s ${address} -j DROP`,
    (address: string) => `-I INPUT 4 -s ${address} -j ACCEPT`,
    (address: string) => `-D INPUT -s ${address} -p tcp -m tcp --dport 22 -j DROP`,
    (address: string) => `-A INPUT -s ${address} -p udp -m udp --dport ${address.length} -j DROP`,
    (address: string) =>
      `-A INPUT -s ${address} ! -d ${address} -p tcp -m tcp --sport 7 ! --dport ${address.length} -j DROP`,
    (address: string) =>
      `-A INPUT -s ${address} -p tcp -m tcp --dport ${address.length} -m multiport --dports 9,13 -j u`,
    (address: string) =>
      `-A INPUT -s ${address} -p tcp -m nobody --dport ${address.length} -m multiport --dports 9 -j u`,
    (address: string) => `-A INPUT -p tcp -m tcp --dport ${address.length} -j DROP`,
    (address: string) =>
      `[1:2] -A INPUT -p udp ! --sport ${address.length}:80 --dport ${address.length} -m comment --comment ${address} -j u`,
    (address: string) => `-A u -p tcp -m multiport ! --dports 7,${address.length} -j DROP`,
    (address: string) => `-A INPUT -p ${other(address)} -m ${other(address)} --dport ${address.length} -j ACCEPT`,
    (address: string) => `-A INPUT -p sctp -m sctp --sport ${address.length} ! -i eth0`,
    (address: string) => `-A INPUT --dport ${address.length} -p tcp -s ${address} -j DROP`,
    (address: string) => `-A INPUT -s ${address} -p icmp --dport ${address.length} -j DROP`,
    (address: string) =>
      `[1:2] -A INPUT -d ${address} -p tcp --dport ${address.length} -m set --match-set a src -d ${address}`,
    (address: string) => `-A INPUT -s ${address} -p ${other(address)} -m ${other(address)} --dport 5 -j DROP`,
    (address: string) => `-A INPUT -s ${address} -p ${other(address)} --dport 5 --sport ${address.length} -j DROP`,
    (address: string) => `-A INPUT -s ${address} -p ${other(address)} -m tcp --dport 5 -j DROP`,
    (address: string) => `-A u -d ${address} ! -p ${other(address)} --dport 5 -j DROP`,
    (address: string) => `-A INPUT -s ${address} -m comment --comment "no ${address}" -j DROP`,
    (address: string) => `-A u -m comment --comment first -s ${address} -m comment --comment "\\"${address}" -j u`,
    (address: string) => `-A u -d ${address} -m comment --comment ${address} -p tcp -m tcp --dport ${address.length}`,
    (address: string) => `-A INPUT -s ${address} -m nobody --comment ${address} -j DROP`,
    (address: string) =>
      `-A u -s ${address} -p ${other(address)} -m ${other(address)} --dport 5 -m comment --comment "${address}" -j DROP`,
    (address: string) => `-D INPUT -s ${address} -m comment --comment "no ${address}" -j DROP`,
    (address: string) =>
      `-A INPUT -s ${address} -p tcp -m tcp --dport ${address.length}:${other(address) === 'tcp' ? 12 : 80} -j DROP`,
    (address: string) =>
      `-A u -d ${address} -p sctp -m sctp ! --sport ${other(address) === 'tcp' ? '9' : '9:65535'} -j DROP`,
    (address: string) => `-A INPUT -s ${address} -p ${other(address)} --dport 0:${address.length} -j DROP`,
    (address: string) => `-A INPUT -m iprange --src-range ${address}-192.0.2.80 -j DROP`,
    (address: string) => `-A u -p tcp -m iprange ! --dst-range ${address} -m tcp --dport ${address.length} -j u`,
    (address: string) => `-A INPUT -m iprange --src-range ${address}-255.255.255.255 --dst-range ${address} -j DROP`,
    (address: string) => `-A INPUT -s 10.${address.length}/16 -m iprange --src-range ${address} -j DROP`,
    (address: string) => `-A INPUT -s 10.0.0.1,10.0.0.2 -m iprange --src-range ${address} -j DROP`,
    (address: string) => `-A INPUT --src-range ${address}-192.0.2.80 -j DROP`,
    (address: string) => `-A INPUT -m mac --mac-source 02:00:00:00:0${address.length % 9}:fE -j DROP`,
    (address: string) => `-A u -s ${address} -m mac ! --mac-source 2:0:0:0:${address.length}:fE -j u`,
    (address: string) => `-A INPUT -p tcp -m mac --mac-source ${address} -m tcp --dport 5 -j DROP`,
    (address: string) =>
      `-A INPUT -s ${address} -p tcp -m multiport --dports ${other(address) === 'tcp' ? '22,80' : '443'},${address.length} -j DROP`,
    (address: string) =>
      `-A u -s ${address} -p udp -m udp --dport 5 -m multiport ! --sports ${address.length},7:${address.length} -j DROP`,
    (address: string) => `-A u -s ${address} -p tcp -m multiport --sports 1,2 --dports ${address.length},9 -j DROP`,
    (address: string) => `-A u -s ${address} -p icmp -m multiport --dports ${address.length},99 -j DROP`,
    (address: string) =>
      `-A u -s ${address} -p tcp -m multiport --dports 7,${address.length} -m tcp --dport ${address.length} -j u`,
    (address: string) => `-A INPUT -s ${address} -j LOG --log-prefix "no ${address}" --log-level 4`,
    (address: string) => `-A u -s ${address} -m comment --comment ${address} -j NFLOG --nflog-prefix ${address}`,
    (address: string) => `-A u -p tcp -m tcp --dport ${address.length} -j LOG --log-prefix "#\\"${address}"`,
    (address: string) => `-A u -d ${address} --log-prefix ${address} -j LOG`,
    (address: string) => `-A u -d ${address} -j u --log-prefix ${address}`,
    (address: string) => `-A u -d ${address} -m nobody --log-prefix ${address} -j LOG --log-prefix ${address}`,
    (address: string) => `-A INPUT -s ${address} -j LOG --log-prefix ${address} --nflog-prefix ${address}`,
    (address: string) => `-A INPUT -s ${address} -j SET --add-set a src --log-prefix ${address}`,
    () => '-D INPUT 3',
    () => '-F u',
  ];
  const lines = fc.array(fc.tuple(fc.constantFrom(...shapes), fc.subarray(addresses)), { maxLength: 8 });
  fc.assert(
    fc.property(lines, (some) => {
      const text = [...shapes.slice(0, 3).map((shape) => [shape, addresses] as const), ...some]
        .flatMap(([shape, list]) => list.map(shape))
        .join('\n');
      const whole = `*filter\n:INPUT ACCEPT [0:0]\n:u - [0:0]\n${text}\nCOMMIT\n`;
      const fast = parseIptables(whole, 'f', 'ip');
      t.true(fast.lines.some(({ kind }) => kind === 'run' || kind === 'turns'));
      t.deepEqual(lowerIptables(fast), lowerIptables(parseIptables(whole, 'f', 'ip', { grammarOnly: true })));
    }),
    { numRuns: 100 },
  );
});

test('lines of several shapes in turn are lowered as if each stood alone', (t) => {
  const drops = [
    '-A INPUT -s @ -j DROP',
    '-A INPUT -s @ -p tcp -m tcp --dport % -j DROP',
    '-A INPUT -s @ -p icmp -m icmp --icmp-type 8 -j DROP',
    '[%:%] -A INPUT -s @ -i eth1 -j DROP',
    '-A INPUT -m iprange --src-range #-# -j DROP',
    '-A INPUT -s @ -m mac --mac-source 02:00:00:00:00:% -j DROP',
    '-A INPUT -s @ -p udp -m multiport --dports %,53,%:9999 -j DROP',
  ];
  const others = [
    ...[
      '-A INPUT -s @ -j LOG --log-prefix "no %"',
      '-A INPUT -s @ -j ACCEPT',
      '-A u -s @ -j DROP',
      '-A INPUT -d @ -j DROP',
      '-A INPUT ! -s @ -j DROP',
    ],
    ...['-A INPUT -s @ -j u', '-A INPUT -s @ -m set --match-set a src -j DROP', '-A INPUT -s @ -6 -j DROP'],
    ...['-I INPUT -s @ -j DROP', '-I INPUT 50 -s @ -j DROP', '-D INPUT -s @ -j DROP', '-A INPUT -s @ -t raw -j DROP'],
    ...['-A INPUT -p udp -m udp ! --dport % -j DROP', '-A u -p tcp -m tcp --sport % -j DROP'],
    ...['-A nowhere -s @ -j DROP', '-A INPUT -s 0/0 -j DROP', '-A INPUT -s ab -j DROP', '-R INPUT 3 -s @ -j DROP'],
  ];
  const line = fc.oneof(
    { weight: 200, arbitrary: fc.constantFrom(...drops) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
  let runs = 0;
  const lists = fc.array(fc.tuple(line, fc.nat(2000), fc.nat(99)), { minLength: 150, maxLength: 350 });
  fc.assert(
    fc.property(lists, fc.constantFrom(...others), fc.nat(250), fc.boolean(), (some, last, at, many) => {
      const lines = some.map(([one]) => one);
      lines.splice(at, 0, ...Array.from({ length: many ? 40 : 1 }, () => last));
      const text = lines
        .map((one, i) => {
          const [, byte, number] = some[i % some.length]!;
          return one
            .replace('@', `198.51.${byte >> 8}.${byte & 255}${byte % 97 === 0 ? '/29' : ''}`)
            .replaceAll('#', `198.51.${byte >> 8}.${byte & 255}`)
            .replaceAll('%', String(number));
        })
        .join('\n');
      const whole = `*filter\n:INPUT ACCEPT [0:0]\n:u - [0:0]\n${text}\nCOMMIT\n`;
      const fast = lowerIptables(parseIptables(whole, 'f', 'ip'));
      for (const { chains } of fast.tables)
        for (const chain of chains.values())
          runs += segmentsOf(chain).filter(
            (one) => isRun(one) && one.number(one.count - 1) > one.number(0) + one.count,
          ).length;
      t.deepEqual(fast, lowerIptables(parseIptables(whole, 'f', 'ip', { grammarOnly: true })));
    }),
    { numRuns: 100 },
  );
  t.true(runs > 2, `${runs} runs with others between`);
});

test('a line among others in turn whose address is none, behind one of its shape, has no address', (t) => {
  const turns = Array.from({ length: 60 }, (_, i) => [`-s 192.0.2.${i}`, `-p tcp -m tcp --dport ${i + 1}`]).flat();
  turns.splice(41, 0, '-s bad');
  const { tables } = read(
    `*filter\n:INPUT ACCEPT [0:0]\n${turns.map((words) => `-A INPUT ${words} -j DROP\n`).join('')}COMMIT\n`,
  );
  const chain = tables[0]!.chains.get('INPUT')!;
  t.is(chain.rules[41]?.text, '-A INPUT -s bad -j DROP');
  t.like(chain.rules[41]?.parts[0], { match: { kind: 'unknown' } });
  t.true(segmentsOf(chain).some((one) => isRun(one) && rulesIn(one) > 10));
});

test('lines of one shape stay together in their chain, up to a line that is none of them', (t) => {
  const line = (address: string): string => `-A INPUT -s ${address} -j DROP`;
  const lines = ['192.0.2.1', '192.0.2.2/32', '198.51.100.0/24', '0/0', '192.0.2.3', '192.0.2.4'].map(line);
  const chain = read(`*filter\n:INPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`).tables[0]!.chains.get('INPUT')!;
  t.deepEqual(segmentsOf(chain).map(rulesIn), [3, 1, 2]);
  t.deepEqual(
    chain.rules.map(({ id, number, text }) => [id, number, text]),
    lines.map((text, i) => [`ip filter INPUT ${i + 1}`, i + 1, text]),
  );
  const run = segmentsOf(chain).filter(isRun)[1]!;
  t.deepEqual(
    ['ip filter INPUT 5', 'ip filter INPUT 06', 'ip filter INPUT 7', 'ip raw INPUT 6'].map((id) =>
      run.indexOf(id as RuleId),
    ),
    [0, -1, -1, -1],
  );
  t.is(run.line(1), 8);
});

test('chains nested 20,000 deep are read', (t) => {
  const names = Array.from({ length: 20_000 }, (_, i) => `c${i}`);
  const heads = names.map((name) => `:${name} - [0:0]`).join('\n');
  const jumps = names.slice(1).map((name, i) => `-A c${i} -j ${name}`);
  const { inputs } = read(`*filter\n${heads}\n${jumps.join('\n')}\nCOMMIT\n`);
  t.is(inputs[0]?.rules, 19_999);
});
