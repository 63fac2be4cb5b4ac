/**
 * Of lists that are longer than there may be steps, the rest is not walked rule by rule: the plan is that of the rules one by one. No rule asks for
 * marks: where only the rest does, they take no step, and one more rule has its own.
 */
import test from 'ava';
import fc from 'fast-check';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { filter, router, webServer } from './plan-text.js';
import { allOf, areSorted, oneByOne } from './same-fates.js';

const rulesetOf = (text: string, file = 'rules.v4'): Ruleset => readRuleset([{ file, text, takenAt: null }]).ruleset;

const kind = fc.constantFrom(
  ...['-s @ -p tcp -m tcp --dport %', '-s @ -p udp -m udp --sport % --dport %', '-s @ -d @ -p tcp -m tcp --dport %'],
  ...['! -s @', '! -s @ -d @', '-s @ ! -d @ -p tcp -m tcp --dport %', '-d @ -p tcp ! --dport %'],
  ...['-s @ -p tcp -m multiport --dports 22,%', '-i eth1 -s @ -p tcp -m tcp --dport %', '-s @ -p tcp --dport % --syn'],
);

const lone = fc.constantFrom(
  ...['-s 203.0.113.0/28 -j ACCEPT', '-p tcp -m tcp --dport 22 -j ACCEPT', '-s 203.0.113.9 -j DROP', '-j LOG'],
  ...['-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', '-s 203.0.113.4/30 -j RETURN', '-p icmp -j DROP'],
  ...['-j list', '-p tcp -j list', '-m conntrack --ctstate NEW -j list', '-j DROP'],
  ...['-d 192.0.2.0/24 -j ACCEPT', '-m conntrack --ctstate NEW -s 203.0.113.7 -j DROP'],
);

const lists = fc.record({
  chain: fc.constantFrom('INPUT', 'INPUT', 'list'),
  kind,
  values: fc.array(fc.tuple(fc.nat(40), fc.nat(9), fc.nat(7)), { minLength: 30, maxLength: 60 }),
  before: fc.array(lone, { maxLength: 3 }),
  after: fc.array(lone, { maxLength: 3 }),
  policy: fc.constantFrom('ACCEPT', 'DROP'),
});

const options = fc.record({
  facts: fc.constantFrom(null, webServer, router),
  strict: fc.boolean(),
  conntrack: fc.boolean(),
  devices: fc.constantFrom(['eth0'], ['eth0', 'eth1']),
  most: fc.constantFrom(3, 7, 12, 24),
});

type Of<A> = A extends fc.Arbitrary<infer V> ? V : never;
type Case = [Of<typeof lists>, Of<typeof options>];

/** What stands of a rule by itself is met after what stands of its run. */
const calledTwice: Case = [
  {
    chain: 'list',
    kind: '-s @ -p tcp --dport % --syn',
    values: Array.from({ length: 30 }, (_, i) => (i === 4 ? [1, 2, 0] : i === 7 ? [5, 1, 0] : [0, 0, 0])),
    before: ['-j DROP', '-j list'],
    after: ['-m conntrack --ctstate NEW -j list'],
    policy: 'ACCEPT',
  },
  { facts: null, strict: false, conntrack: true, devices: ['eth0'], most: 3 },
];

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 100);

test('a plan of the first rules of a run is the plan of its rules', (t) => {
  let beyond = 0;
  fc.assert(
    fc.property(lists, options, ({ chain, kind: pattern, values, before, after, policy }, { most, ...chosen }) => {
      const lines = values.map(([source, port, destination]) =>
        `-A ${chain} ${pattern} -j DROP`
          .replace('-s @', `-s 203.0.113.${source}`)
          .replace('@', `192.0.2.${destination}`)
          .replaceAll('%', `${1000 + port * port}:${30_000 + port * 100}`),
      );
      const others = (some: readonly string[]): string[] => some.map((words) => `-A INPUT ${words}`);
      const text = filter(
        [...others(before), ...lines, ...others(after)].join('\n'),
        `:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]`,
      );
      const ruleset = rulesetOf(text);
      const asked = { ...chosen, maxSteps: { 4: most, 6: most } };
      const { walk } = analyseFamily(ruleset, 4, setValueCache(false), { ...chosen, enough: most + most / 2 });
      if (walk.runs.beyond.size > 0) beyond++;
      t.deepEqual(allOf(planRuleset(ruleset, asked)), allOf(planRuleset(oneByOne(ruleset), asked)), text);
    }),
    { numRuns, examples: [calledTwice] },
  );
  t.true(beyond > numRuns / 4, `${beyond} of which the rest was left`);
});

const portKind = fc.constantFrom(
  ...['tcp sport % tcp dport ^', 'udp sport != % udp dport ^', 'iifname "eth1" udp sport ^ udp dport { 22, % }'],
  ...['meta nfproto ipv6 tcp sport % tcp dport ^', 'tcp flags & syn == syn tcp sport ^ tcp dport != %'],
);

const portLone = fc.constantFrom(
  ...['ip saddr 203.0.113.0/28 accept', 'ip6 saddr 2001:db8::/64 return', 'tcp dport 22 accept', 'udp dport 80 log'],
  ...['ct state established,related accept', 'meta l4proto tcp drop', 'ip6 nexthdr udp drop', 'tcp sport 1007 drop'],
);

test('a plan of the first rules of a run of both families is the plan of its rules', (t) => {
  const beyond = { 4: 0, 6: 0 };
  fc.assert(
    fc.property(
      fc.record({
        kinds: fc.uniqueArray(portKind, { minLength: 1, maxLength: 2 }),
        values: fc.array(fc.tuple(fc.nat(1), fc.nat(9), fc.nat(30)), { minLength: 70, maxLength: 160 }),
        before: fc.array(portLone, { maxLength: 3 }),
        after: fc.array(portLone, { maxLength: 3 }),
        policy: fc.constantFrom('accept', 'drop'),
      }),
      options,
      ({ kinds, values, before, after, policy }, { most, ...chosen }) => {
        const lines = values.map(([kind, one, other]) =>
          `${kinds[kind % kinds.length]!} drop`.replace('%', String(1000 + one)).replace('^', String(2000 + other)),
        );
        const text = `table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy ${policy};\n${[...before, ...lines, ...after].map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`;
        const ruleset = rulesetOf(text, 'rules.nft');
        fc.pre(!areSorted(ruleset));
        for (const family of [4, 6] as const) {
          const { walk } = analyseFamily(ruleset, family, setValueCache(false), { ...chosen, enough: most + most / 2 });
          if (walk.runs.beyond.size > 0) beyond[family]++;
        }
        const asked = { ...chosen, maxSteps: { 4: most, 6: most } };
        t.deepEqual(allOf(planRuleset(ruleset, asked)), allOf(planRuleset(oneByOne(ruleset), asked)), text);
      },
    ),
    { numRuns },
  );
  t.true(
    beyond[4] > numRuns / 8 && beyond[6] > numRuns / 8,
    `${beyond[4]} and ${beyond[6]} of which the rest was left`,
  );
});
