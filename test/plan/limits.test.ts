/** Where a proof is given up for its length, or a step is beyond the limit: the rule stays, and that is the reason given. */
import test from 'ava';
import { decisions, planText, table } from './plan-text.js';

const address = (net: string, i: number): string => `${net}.${String(i >> 8)}.${String(i & 255)}`;

/** Each is a step: they differ in two fields, and in ranges that no table of tuples has. */
const rules = Array.from(
  { length: 5_100 },
  (_, i) =>
    `-A PREROUTING -m iprange --src-range ${address('198.18', i)}-198.18.255.254 -d ${address('198.19', i)}/32 -j DROP`,
);
const text = table('raw', rules.join('\n'), ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');

test('a drop behind thousands of others', (t) => {
  const found = decisions(planText(text));
  t.is(found['PREROUTING 1'], 'full offloaded');
  t.is(found['PREROUTING 5000'], 'full offloaded');
  t.is(found['PREROUTING 5100'], 'partial unproven');
});

test('a drop that has no step, for there are too many before it', (t) => {
  const found = decisions(planText(text, { maxSteps: { 4: 5_050, 6: 0 } }));
  t.is(found['PREROUTING 5050'], 'partial unproven');
  t.is(found['PREROUTING 5051'], 'none too-large');
  t.is(found['PREROUTING 5100'], 'none too-large');
});
