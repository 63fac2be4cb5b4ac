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
import { allOf, oneByOne } from './same-fates.js';

const rulesetOf = (text: string): Ruleset => readRuleset([{ file: 'rules.v4', text, takenAt: null }]).ruleset;

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
