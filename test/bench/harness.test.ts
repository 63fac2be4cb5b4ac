/** The benchmark's own arithmetic: turns, medians, spread, goals, and what it makes of results. Nothing here is timed. */
import test from 'ava';
import { decideLinearly, packetsOf } from './linear-rules.js';
import { figures, short } from '../../bench/chart/number-text.js';
import { FirstMatch, ruleSet, ruleSetKinds } from '../../bench/dataplane/rule-set.js';
import { interleave, type Subject } from '../../bench/harness/interleave.js';
import { checkResult } from '../../bench/harness/result.js';
import { median, paired, spreadOf } from '../../bench/harness/statistics.js';
import { resultText } from '../../bench/harness/write-result.js';
import { goalOf } from '../../bench/report/page.js';
import { parseWrk } from '../../bench/web/client.js';
import { madeUp } from './made-up.js';

test('median and spread', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
  t.deepEqual(spreadOf([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 });
  t.is(median([]), NaN);
});

test('a difference is taken within the rounds', (t) => {
  // The second round was slow for both: the difference of the medians would be 9.
  t.is(
    paired([11, 110, 20], [10, 100, 11], (a, b) => a - b),
    9,
  );
  t.is(
    paired([2, 200, 4], [1, 100, 2], (a, b) => a / b),
    2,
  );
});

test('every subject has its turn in every round, in changing order; the warm-up does not count', async (t) => {
  const order: string[] = [];
  const subject = (name: string): Subject => ({
    subject: name,
    scenario: 'test',
    size: null,
    unit: 'ms',
    measure: () => order.push(name),
    beside: [{ subject: name, scenario: 'beside', size: null, unit: 's', take: () => order.length }],
  });
  const found = await interleave(['a', 'b', 'c'].map(subject), { rounds: 4, seconds: 100 });
  t.is(order.length, 15);
  for (let round = 0; round < 5; round++) t.is(new Set(order.slice(round * 3, round * 3 + 3)).size, 3);
  t.true(new Set(Array.from({ length: 5 }, (_, round) => order.slice(round * 3, round * 3 + 3).join(''))).size > 2);
  t.deepEqual(
    found.map(({ subject: name, scenario, samples }) => [name, scenario, samples.length]),
    ['a', 'b', 'c'].flatMap((name) => [
      [name, 'test', 4],
      [name, 'beside', 4],
    ]),
  );
});

test('what cannot be measured is an error, not a figure', async (t) => {
  const subject: Subject = { subject: 'a', scenario: 'b', size: 1, unit: 'ms', measure: () => NaN };
  await t.throwsAsync(interleave([subject], { rounds: 1, seconds: 1 }), { message: /a, b, 1: measured NaN/ });
});

test('goals: the worst figure decides, and what was not measured is no goal', (t) => {
  t.like(goalOf('g', '×', 'at least', 4, [5, null, 4.5])[0], { figure: 4.5, met: true });
  t.like(goalOf('g', 'ns', 'at most', 10, [9, 11])[0], { figure: 11, met: false });
  t.deepEqual(goalOf('g', 'ns', 'at most', 10, [null]), []);
});

test('a result is what the schema says, also after it was written', (t) => {
  for (const result of madeUp()) t.deepEqual(checkResult(JSON.parse(resultText(result)), result.part), result);
  const [first] = madeUp();
  t.throws(() => checkResult({ ...first, part: 'other' }, 'x.json'), { message: /x\.json is not a result.*\/part/ });
  t.throws(() => checkResult({ ...first, measurements: [] }, 'x.json'), { message: /\/measurements/ });
});

test('numbers as they are shown', (t) => {
  t.deepEqual([1, 999, 1000, 131_072, 1e6, 0.25].map(short), ['1', '999', '1 k', '131 k', '1 M', '0.25']);
  t.deepEqual([0.4567, 5.678, 56.78, 1234.5].map(figures), ['0.46', '5.7', '56.8', '1,235']);
});

test('what wrk prints', (t) => {
  const text = '  Latency Distribution\n     50%  812.00us\n     99%    1.25ms\nRequests/sec:  28123.45\n';
  t.deepEqual(parseWrk(text), { requests: 28123.45, latency: { median: 0.812, late: 1.25 } });
  t.throws(() => parseWrk('unable to connect'), { message: /no figures/ });
});

for (const kind of ruleSetKinds)
  test(`${kind} rules: the same each time, and decided by the first that matches`, (t) => {
    const rules = ruleSet(kind, 200);
    t.deepEqual(ruleSet(kind, 200), rules);
    const first = new FirstMatch(rules);
    const seen = new Set<string | null>();
    for (const packet of packetsOf(rules)) {
      const answer = first.decide(packet);
      seen.add(answer);
      t.is(answer, decideLinearly(rules, packet));
    }
    t.is(seen.size, 3);
  });
