/** Counters of a replaced program, found again by the rules that there are now. */
import test from 'ava';
import type { RuleId } from '../../src/model/ruleset.js';
import { carrier, type Totals } from '../../src/state/carry.js';

const rule = (id: string, text: string): { readonly id: RuleId; readonly text: string } => ({ id: id as RuleId, text });
const dropped = (id: string, text: string, packets: bigint): NonNullable<Totals['rules']>[number] => ({
  rule: id,
  text,
  packets,
  bytes: packets * 100n,
});
const totals = (...rules: NonNullable<Totals['rules']>): Totals => ({
  passed: 7n,
  drops: { packets: rules.reduce((sum, { packets }) => sum + packets, 0n), bytes: 0n },
  rules,
});

const cases: Readonly<
  Record<string, { before: Totals; now: ReturnType<typeof rule>[]; expected: readonly (readonly [string, string])[] }>
> = {
  'a rule that has moved': {
    before: totals(dropped('ip filter INPUT 1', '-A INPUT -s 192.0.2.1/32 -j DROP', 5n)),
    now: [
      rule('ip filter INPUT 1', '-A INPUT -i lo -j ACCEPT'),
      rule('ip filter INPUT 2', '-A INPUT -s 192.0.2.1/32 -j DROP'),
    ],
    expected: [['ip filter INPUT 2', '5']],
  },
  'a rule that is gone': {
    before: totals(dropped('ip filter INPUT 1', '-A INPUT -s 192.0.2.1/32 -j DROP', 5n)),
    now: [rule('ip filter INPUT 1', '-A INPUT -s 192.0.2.2/32 -j DROP')],
    expected: [],
  },
  'the same text in another chain is another rule': {
    before: totals(dropped('ip filter INPUT 1', 'drop', 5n)),
    now: [rule('ip filter FORWARD 1', 'drop')],
    expected: [],
  },
  'rules of one text, in order': {
    before: totals(
      dropped('ip filter INPUT 1', 'tcp dport 23 drop', 5n),
      dropped('ip filter INPUT 3', 'tcp dport 23 drop', 6n),
    ),
    now: [rule('ip filter INPUT 4', 'tcp dport 23 drop'), rule('ip filter INPUT 9', 'tcp dport 23 drop')],
    expected: [
      ['ip filter INPUT 4', '5'],
      ['ip filter INPUT 9', '6'],
    ],
  },
  'counters of the text itself have moved': {
    before: totals(dropped('inet f in 1', 'ip saddr 192.0.2.1 counter packets 1 bytes 99 drop', 5n)),
    now: [rule('inet f in 2', 'ip saddr 192.0.2.1 counter packets 12345 bytes 999999 drop')],
    expected: [['inet f in 2', '5']],
  },
  'texts that were shortened': {
    before: totals(dropped('ip filter INPUT 1', `-A INPUT -s 192.0.2.1/32 ${'x'.repeat(175)}`, 5n)),
    now: [rule('ip filter INPUT 1', `-A INPUT -s 192.0.2.1/32 ${'x'.repeat(300)} -j DROP`)],
    expected: [['ip filter INPUT 1', '5']],
  },
};

for (const [name, { before, now, expected }] of Object.entries(cases)) {
  test(name, (t) => {
    const carried = carrier(now);
    t.deepEqual(carried(before), carried(before), 'as often as it is asked');
    const earlier = carried(before);
    t.deepEqual(
      earlier.rules.map((one) => [one.rule, one.packets]),
      expected.map((one) => [...one]),
    );
    t.is(earlier.packets, String(before.drops.packets), 'the sums have what no rule has any more');
    t.is(earlier.passed, '7');
  });
}
