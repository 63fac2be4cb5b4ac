/** iptables drops of several kinds in turn that keep their order are planned in columns: what is said and done is that of the rules one by one. */
import test from 'ava';
import fc from 'fast-check';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { inTurnWith } from '../../src/model/segments.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { kinds, lists, plainKinds, rulesetOf, textOf } from './arbitrary-turns.js';
import { router, webServer } from './plan-text.js';
import { checkFrames } from '../property/check-frames.js';
import { allOf, anyOptions, areSorted, disputed, leaves, oneByOne, sameFates, someRun } from './same-fates.js';

/** It asks for an address, and for a set that may not have it. */
const mayContradict = (line: string): boolean => /-[sd] .*-m set|-m set.* -[sd] /.test(line);

const policies = fc.constantFrom('ACCEPT', 'DROP');

const areInTurn = (ruleset: Ruleset): boolean => someRun(ruleset, (run) => inTurnWith(run) !== null);

/** Some say the same: that all but the first take no step leaves room for others. */
const repeat = (ruleset: Ruleset): boolean => someRun(ruleset, ({ fields }) => fields.length === 0);

const drops = (count: number, from: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    (from + i) % 2 === 0
      ? `-A INPUT -s 203.0.0.${from + i} -d 192.0.2.1 -j DROP`
      : `-A INPUT -d 192.0.2.2 -p tcp -m tcp --dport ${from + i} -j DROP`,
  );

const mostSteps = fc.constantFrom(3, 7, 12, 24);

type Of<A> = A extends fc.Arbitrary<infer V> ? V : never;
type Case = [readonly string[], Of<typeof policies>, Of<typeof anyOptions>, Of<typeof mostSteps>];

/** As many steps as are taken, a question that nothing relies on among those that are made, and what the limit leaves out. */
const questionAtTheLimit: Case = [
  [...drops(3, 0), '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', ...drops(80, 3)],
  'ACCEPT',
  { facts: webServer, strict: false, conntrack: true, devices: ['eth0'], tuplesFrom: 512 },
  3,
];

const never = Array.from({ length: 2 }, () => '-A list -m set --match-set f src -p tcp -m tcp --dport 22 -j DROP');

/** What no packet matches, on a way before that limit and on one behind it. */
const neverOnTwoWays: Case = [
  [
    ...never,
    ...drops(80, 0).map((line) => line.replace('INPUT', 'list')),
    '-A INPUT -p tcp -g list',
    '-A INPUT -j list',
  ],
  'ACCEPT',
  { facts: webServer, strict: false, conntrack: true, devices: ['eth0'], tuplesFrom: 512 },
  3,
];

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 60);

test('a plan of kinds that keep their order does what that of their rules does', (t) => {
  let found = 0;
  fc.assert(
    fc.property(lists(kinds, 150), policies, anyOptions, fc.boolean(), (lines, policy, chosen, follow) => {
      const text = textOf(lines, policy);
      const ruleset = rulesetOf(text);
      if (areInTurn(ruleset)) found++;
      const asked = { ...chosen, follow };
      const [one, other] = [planRuleset(ruleset, asked), planRuleset(oneByOne(ruleset), asked)];
      sameFates(t, [one, other], text, { packets: 200 });
      t.deepEqual(
        one.rules.map(({ id, line, text: words }) => [id, line, words]),
        other.rules.map(({ id, line, text: words }) => [id, line, words]),
      );
      // Of packets that there are not, or that no route brings to the chain, it depends on how steps are put together whether a rule is known to drop them.
      if (chosen.tuplesFrom > lines.length && !lines.some(mayContradict))
        t.deepEqual(disputed(one, other, leaves), [], text);
    }),
    { numRuns },
  );
  t.true(found > numRuns / 3, `${found} of which some keep their order`);
});

test('behind so many steps that no more are taken, the rest is what its rules are one by one', (t) => {
  let beyond = 0;
  fc.assert(
    fc.property(
      lists(plainKinds, 80),
      policies,
      anyOptions,
      mostSteps,
      (lines, policy, { tuplesFrom: _, ...chosen }, most) => {
        const text = textOf(lines, policy);
        const ruleset = rulesetOf(text);
        fc.pre(!areSorted(ruleset) && !repeat(ruleset));
        const asked = { ...chosen, maxSteps: { 4: most, 6: most } };
        const { walk } = analyseFamily(ruleset, 4, setValueCache(false), { ...chosen, enough: most + most / 2 });
        if (walk.runs.beyond.size > 0) beyond++;
        t.deepEqual(allOf(planRuleset(ruleset, asked)), allOf(planRuleset(oneByOne(ruleset), asked)), text);
      },
    ),
    { numRuns: numRuns * 2, examples: [questionAtTheLimit, neverOnTwoWays] },
  );
  t.true(beyond > numRuns / 3, `${beyond} of which the rest was left`);
});

test('prefilter and residual of such lists are the ruleset', (t) => {
  const asking = [...kinds, '-d @ -m state --state NEW -j DROP', '-s @ -p tcp -m state --state NEW -j DROP'];
  fc.assert(
    fc.property(
      lists(asking, 80),
      policies,
      fc.constantFrom(webServer, router),
      fc.boolean(),
      fc.constantFrom(5, 20, 10_240),
      (lines, policy, facts, conntrack, most) => {
        const text = textOf(lines, policy);
        const frames = { randomFrames: 100, trapRules: 4, setFrames: 100, seed: lines.length };
        const maxSteps = { 4: most, 6: most };
        t.deepEqual(
          checkFrames({ ruleset: rulesetOf(text), facts, conntrack, frames, maxSteps }).differences,
          [],
          text,
        );
      },
    ),
    { numRuns: numRuns / 2 },
  );
});

test('what repeats a rule about a set takes no step', (t) => {
  const lines = Array.from({ length: 200 }, (_, i) => `-A INPUT -m set --match-set ${'adb'[(i % 7) % 3]!} src -j DROP`);
  const plan = planRuleset(rulesetOf(textOf(lines, 'ACCEPT')), { devices: ['eth0'], facts: null, strict: false });
  t.is(plan.prefilter.ip.steps.filter(({ outcome }) => outcome.kind === 'drop').length, new Set(lines).size);
  t.deepEqual(
    plan.rules.slice(0, 4).map(({ offload, reason }) => `${offload} ${reason.code}`),
    ['full offloaded', 'full offloaded', 'partial set-timeout', 'full never-matches'],
  );
});
