/** Whose a counter is. */
import test from 'ava';
import { ruleOfCounter } from '../../src/sample/counted-rule.js';
import type { CounterRun, InstallRecord } from '../../src/state/install-record.js';

const run = (first: number, counters: number, rule: string, set: string | null = null, element = 0): CounterRun =>
  ({ first, counters, rule, set, element }) as CounterRun;
const record = {
  counters: [run(0, 1, 'ip raw PREROUTING 1'), run(2, 5, 'ip raw PREROUTING 2', 'banned', 10)],
  texts: { 'ip raw PREROUTING 2': 'text' },
} as unknown as InstallRecord;
const added = [run(8, 2, 'ip raw PREROUTING 2', 'banned')];

test('by the record, then by what was added; the ends of runs', (t) => {
  const of = (counter: number): unknown => ruleOfCounter(record, () => added, counter);
  const second = { rule: 'ip raw PREROUTING 2', text: 'text' };
  t.deepEqual(of(0), { rule: 'ip raw PREROUTING 1', text: '', element: null });
  t.is(of(1), null);
  t.deepEqual(of(2), { ...second, element: { set: 'banned', index: 10 } });
  t.deepEqual(of(6), { ...second, element: { set: 'banned', index: 14 } });
  t.is(of(7), null);
  t.deepEqual(of(8), { ...second, element: null });
  t.deepEqual(of(9), { ...second, element: null });
  t.is(of(10), null);
});

test('what was added is only asked for where the record does not tell, and nothing is known without one', (t) => {
  const never = (): never => t.fail();
  t.truthy(ruleOfCounter(record, never, 3));
  t.is(ruleOfCounter(null, never, 3), null);
});
