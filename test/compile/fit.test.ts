/** What does not fit stays in netfilter, the last rules first, and as few of them as a few attempts find. */
import test from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import { CompileError } from '../../src/compile/image.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { filter, webServer } from '../plan/plan-text.js';

const rules = 400;
const memory = 16 * 1024;

/** Neighbours differ in two fields, so each rule is a step. */
const text = filter(
  Array.from(
    { length: rules },
    (_, i) => `-A INPUT -s 10.${i >> 8}.${i & 255}.0/24 -p tcp -m tcp --dport ${1 + (i % 40)} -j DROP`,
  ).join('\n'),
);
const { ruleset } = readRuleset([{ file: 'rules.v4', text, takenAt: null }]);
const options = { devices: ['eth0'], facts: webServer, strict: false, conntrack: true };

test('within the memory every rule is decided', (t) => {
  const { plan, image } = planWithinLimits(ruleset, options);
  t.is(image.steps, rules);
  // Fragments have no port, so netfilter keeps the rules.
  t.is(plan.summary.partial, rules);
});

test('beyond it the first rules are, as many as halving and then refining finds', (t) => {
  const { plan, image } = planWithinLimits(ruleset, options, { memory });
  const steps = image.steps;
  t.true(steps > rules / 2, `${steps} steps: more than the half that was known to fit`);
  t.true(steps < rules);
  t.is(plan.summary.partial, steps);
  const decided = plan.rules.map(({ offload }) => offload);
  t.deepEqual(decided.slice(0, steps), Array<'partial'>(steps).fill('partial'));
  t.deepEqual([...new Set(decided.slice(steps, rules))], ['none']);
  // Four refinements between 200 and 400 steps leave less than 32 of them unknown.
  const more = planRuleset(ruleset, { ...options, maxSteps: { 4: steps + 32, 6: 0 } });
  t.throws(() => compilePrefilter(more.prefilter, { memory }), { instanceOf: CompileError, message: /16384 bytes/ });
  t.notThrows(() => compilePrefilter(plan.prefilter, { memory }));
});

test('one family that does not fit costs the other nothing', (t) => {
  const six = `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 2001:db8::/64 -p tcp -m tcp --dport 22 -j DROP\nCOMMIT\n`;
  const both = readRuleset([
    { file: 'rules.v4', text, takenAt: null },
    { file: 'rules.v6', text: six, takenAt: null },
  ]).ruleset;
  const { plan } = planWithinLimits(both, options, { memory });
  t.is(plan.prefilter.ip6.steps.length, 1);
  t.true(plan.prefilter.ip.steps.length > rules / 2);
});

test('without counters labels and tables are smaller', (t) => {
  const lines = Array.from({ length: 500 }, (_, i) => `-A INPUT -s 10.0.${i >> 8}.${i & 255}/32 -j DROP`);
  const plan = planRuleset(
    readRuleset([{ file: 'rules.v4', text: filter(lines.join('\n')), takenAt: null }]).ruleset,
    options,
  );
  const counted = compilePrefilter(plan.prefilter);
  const uncounted = compilePrefilter(plan.prefilter, { counters: false });
  t.true(counted.counters >= 500);
  t.is(uncounted.counters, 0);
  const bytes = [uncounted, counted].map(
    ({ tables, countedPlaces }) => tables.length + (countedPlaces?.words.length ?? 0) * 4,
  );
  t.true(bytes[0]! < bytes[1]!, bytes.join(', '));
});
