/** Where a proof is given up for its length, or a step is beyond the limit: the rule stays, and that is the reason given. */
import test from 'ava';
import { decisions, planText, table } from './plan-text.js';

const address = (net: string, i: number): string => `${net}.${String(i >> 8)}.${String(i & 255)}`;

const mac = (i: number): string =>
  `02:00:00:00:${[i >> 8, i & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

/** Each is a step: they differ in two fields, and in ranges that no table of tuples has. All ask for the last of the addresses, and none is found by a MAC address. */
const rules = Array.from(
  { length: 5_100 },
  (_, i) =>
    `-A PREROUTING -m iprange --src-range ${address('198.18', i)}-198.18.255.254 -m mac --mac-source ${mac(i)} -j DROP`,
);
const text = table('raw', rules.join('\n'), ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');

test('a drop behind thousands of others', (t) => {
  const found = decisions(planText(text));
  t.is(found['PREROUTING 1'], 'partial fragments');
  t.is(found['PREROUTING 5000'], 'partial fragments');
  t.is(found['PREROUTING 5100'], 'partial unproven');
});

test('a drop behind thousands of others that ask for other addresses', (t) => {
  const found = decisions(
    planText(
      text.replaceAll(
        /-m mac --mac-source (\S+):(\S+):(\S+)/g,
        (_, _net, high, low) => `-d 198.19.${parseInt(high, 16)}.${parseInt(low, 16)}`,
      ),
    ),
  );
  t.is(found['PREROUTING 1'], 'full offloaded');
  t.is(found['PREROUTING 5100'], 'full offloaded');
});

test('a drop that has no step, for there are too many before it', (t) => {
  const found = decisions(planText(text, { maxSteps: { 4: 5_050, 6: 0 } }));
  t.is(found['PREROUTING 5050'], 'partial unproven');
  t.is(found['PREROUTING 5051'], 'none too-large');
  t.is(found['PREROUTING 5100'], 'none too-large');
});
