/** Tables of iptables-nft in nft listings: with the iptables dump beside them they are one table, without it nothing is known of them. */
import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Ruleset } from '../../../src/model/ruleset.js';

interface Made {
  readonly family: 'ip' | 'ip6';
  readonly table: string;
  readonly chain: string;
  /** As nft lists the chain. */
  readonly hook: string;
  readonly policy: 'accept' | 'drop';
  readonly dumped: readonly string[];
  readonly listed: readonly string[];
}

/** Chains as iptables 1.8.9 makes them and nft 1.0.6 lists them. */
const made: readonly Made[] = (['ip', 'ip6'] as const).flatMap((family): Made[] => {
  const [address, match] =
    family === 'ip' ? ['192.0.2.1/32', 'ip saddr 192.0.2.1'] : ['2001:db8::1/128', 'ip6 saddr 2001:db8::1'];
  const drop = { dumped: [`-s ${address} -j DROP`], listed: [`${match} counter packets 0 bytes 0 drop`] };
  return [
    {
      family,
      table: 'raw',
      chain: 'PREROUTING',
      hook: 'filter hook prerouting priority raw',
      policy: 'accept',
      ...drop,
    },
    {
      family,
      table: 'mangle',
      chain: 'PREROUTING',
      hook: 'filter hook prerouting priority mangle',
      policy: 'accept',
      ...drop,
    },
    {
      family,
      table: 'nat',
      chain: 'PREROUTING',
      hook: 'nat hook prerouting priority dstnat',
      policy: 'accept',
      dumped: ['-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080'],
      listed: ['tcp dport 80 counter packets 0 bytes 0 redirect to :8080'],
    },
    {
      family,
      table: 'filter',
      chain: 'INPUT',
      hook: 'filter hook input priority filter',
      policy: 'drop',
      dumped: [
        ...drop.dumped,
        '-p tcp -m tcp --dport 22 -m recent --set -j ACCEPT',
        '-m conntrack --ctstate NEW,DNAT -j ACCEPT',
      ],
      listed: [
        ...drop.listed,
        'tcp dport 22 xt match recent counter packets 0 bytes 0 accept',
        'ct status dnat counter packets 0 bytes 0 accept',
      ],
    },
  ];
});

const dumpOf = (family: 'ip' | 'ip6', of = made): string =>
  of
    .filter((one) => one.family === family)
    .map(({ table, chain, policy, dumped }) =>
      [
        `*${table}`,
        `:${chain} ${policy.toUpperCase()} [0:0]`,
        ...dumped.map((rule) => `-A ${chain} ${rule}`),
        'COMMIT',
        '',
      ].join('\n'),
    )
    .join('');

const listingOf = (of = made): string =>
  of
    .map(
      ({ family, table, chain, hook, policy, listed }) =>
        `table ${family} ${table} {\n\tchain ${chain} {\n\t\ttype ${hook}; policy ${policy};\n${listed.map((rule) => `\t\t${rule}\n`).join('')}\t}\n}\n`,
    )
    .join('');

const own =
  'table inet own {\n\tchain c {\n\t\ttype filter hook input priority 5;\n\t\tip saddr 10.0.0.1 counter drop\n\t}\n}\n';

function read(files: Readonly<Record<string, string>>): { ruleset: Ruleset; warnings: string[] } {
  const { ruleset, diagnostics } = readRuleset(
    Object.entries(files).map(([file, text]) => ({ file, text, takenAt: null })),
  );
  return { ruleset, warnings: diagnostics.map(({ message }) => message) };
}

const tablesOf = ({ tables }: Ruleset): string[] =>
  tables.map(({ dialect, family, name }) => `${dialect} ${family} ${name}`).sort();

/** Rules of which anything might be true. */
const closed = ({ tables }: Ruleset): string[] =>
  tables.flatMap(({ family, name, chains }) =>
    [...chains.values()].flatMap(({ rules }) =>
      rules
        .filter(
          ({ parts: [first] }) =>
            first && 'match' in first && first.match.kind === 'unknown' && first.match.knowledge === 'opaque',
        )
        .map(({ number }) => `${family} ${name} ${number}`),
    ),
  );

const dumps = { 'rules.v4': dumpOf('ip'), 'rules.v6': dumpOf('ip6') };

test('the dumps beside the listing: one table each, in any order', (t) => {
  const files = { ...dumps, 'list.nft': listingOf() + own };
  const names = Object.keys(files) as (keyof typeof files)[];
  const orders = names.flatMap((a) =>
    names.filter((b) => b !== a).map((b) => [a, b, ...names.filter((c) => c !== a && c !== b)]),
  );
  t.is(orders.length, 6);
  const expected = [
    ...['ip', 'ip6'].flatMap((family) =>
      ['raw', 'mangle', 'nat', 'filter'].map((name) => `iptables ${family} ${name}`),
    ),
    'nft inet own',
  ].sort();
  for (const order of orders) {
    const { ruleset, warnings } = read(Object.fromEntries(order.map((name) => [name, files[name]])));
    t.deepEqual(tablesOf(ruleset), expected);
    t.deepEqual(closed(ruleset), []);
    // The dump's own, of `-m recent`.
    t.false(
      warnings.some((message) => message.includes('nft does not show')),
      warnings.join('\n'),
    );
  }
});

test('the listing alone: every rule of iptables could do anything, and the dump is asked for', (t) => {
  const { ruleset, warnings } = read({ 'list.nft': listingOf() + own });
  t.deepEqual(
    tablesOf(ruleset).filter((name) => !name.startsWith('nft ')),
    [],
  );
  const rules = made.flatMap(({ family, table, listed }) => listed.map((_, i) => `${family} ${table} ${i + 1}`));
  t.deepEqual(closed(ruleset).sort(), rules.sort());
  t.is(warnings.filter((message) => message.includes('nft does not show everything')).length, 8);
});

for (const given of ['ip', 'ip6'] as const) {
  const file = given === 'ip' ? 'rules.v4' : 'rules.v6';
  test(`only ${file}: the tables of the other family stay closed`, (t) => {
    const { ruleset } = read({ [file]: dumps[file], 'list.nft': listingOf() });
    const other = given === 'ip' ? 'ip6' : 'ip';
    t.true(closed(ruleset).every((rule) => rule.startsWith(`${other} `)));
    t.is(closed(ruleset).length, 6);
    t.is(tablesOf(ruleset).filter((name) => name.startsWith('iptables ')).length, 4);
  });
}

test('a dump of some tables only', (t) => {
  const some = made.filter(({ table }) => table === 'filter');
  const { ruleset } = read({
    'rules.v4': dumpOf('ip', some),
    'list.nft': listingOf(made.filter(({ family }) => family === 'ip')),
  });
  t.deepEqual(closed(ruleset).sort(), ['ip mangle 1', 'ip nat 1', 'ip raw 1']);
});

/** What a dump and a listing may differ in. */
const differing: Readonly<Record<string, readonly [(one: Made) => Made, RegExp]>> = {
  'a rule more': [
    (one) => ({ ...one, listed: [...one.listed, 'counter packets 0 bytes 0 drop'] }),
    /chain INPUT has 3 rules .* and 4 rules/,
  ],
  'a rule less': [(one) => ({ ...one, listed: one.listed.slice(1) }), /chain INPUT has 3 rules .* and 2 rules/],
  'another policy': [(one) => ({ ...one, policy: 'accept' }), /policy of chain INPUT is drop .* and accept/],
};
for (const [what, [change, message]] of Object.entries(differing)) {
  test(`dump and listing differ: ${what}`, (t) => {
    const filter = made.filter(({ family, table }) => family === 'ip' && table === 'filter');
    for (const order of [0, 1]) {
      const files = [
        ['rules.v4', dumpOf('ip', filter)],
        ['list.nft', listingOf(filter.map(change))],
      ];
      const error = t.throws(() => read(Object.fromEntries(order === 0 ? files : files.toReversed())), {
        instanceOf: InputError,
      });
      t.is(error.diagnostics[0]?.code, 'duplicate-table');
      t.regex(error.message, message);
      t.regex(error.message, /rules\.v4 and list\.nft/);
    }
  });
}

test('a user chain that one of them lacks, built-in chains that nobody needed yet', (t) => {
  const filter = made.filter(({ family, table }) => family === 'ip' && table === 'filter');
  const more = dumpOf('ip', filter).replace('-A', ':FORWARD ACCEPT [0:0]\n-A');
  t.notThrows(() => read({ 'rules.v4': more, 'list.nft': listingOf(filter) }));
  const user = listingOf(filter).replace(
    '\tchain INPUT',
    '\tchain mine {\n\t\tcounter packets 0 bytes 0 drop\n\t}\n\tchain INPUT',
  );
  t.throws(() => read({ 'rules.v4': more, 'list.nft': user }), { message: /chain mine has 0 rules .* and 1 rule/ });
});

test("a configuration file that empties its tables is nft's own, whatever its chains are called", (t) => {
  const { ruleset, warnings } = read({
    'nftables.conf': `flush ruleset\n${listingOf(made.filter(({ table }) => table === 'raw'))}`,
  });
  t.deepEqual(closed(ruleset), []);
  t.deepEqual(warnings, []);
});

test("a table of that name without chains of iptables is nft's own; one such chain is enough", (t) => {
  const chain = (name: string, priority: string): string =>
    `\tchain ${name} {\n\t\ttype filter hook input priority ${priority};\n\t\tip saddr 10.0.0.1 counter drop\n\t}\n`;
  const table = (...chains: string[]): string => `table ip filter {\n${chains.join('')}}\n`;
  t.deepEqual(closed(read({ 'a.nft': table(chain('input', 'filter')) }).ruleset), []);
  t.deepEqual(closed(read({ 'a.nft': table(chain('INPUT', '10')) }).ruleset), []);
  t.is(closed(read({ 'a.nft': table(chain('INPUT', 'filter'), chain('mine', '5')) }).ruleset).length, 2);
});

test('rules that do not count are not of iptables-nft', (t) => {
  const text =
    'table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter;\n\t\tip saddr 10.0.0.1 drop\n\t\tip saddr 10.0.0.2 counter drop\n\t}\n}\n';
  t.deepEqual(closed(read({ 'a.nft': text }).ruleset), ['ip filter 2']);
});
