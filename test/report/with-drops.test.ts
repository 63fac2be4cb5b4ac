/** Drops added to the counters of a dump: the rule's own, its chain's way in, the policy; and what cannot be told. */
import test from 'ava';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { RuleDrops } from '../../src/report/status-report.js';
import { withDrops } from '../../src/report/with-drops.js';

const iptables = `*filter
:INPUT DROP [7:700]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:bad - [0:0]
[1:60] -A INPUT -s 198.18.0.0/16 -j bad
[2:120] -A INPUT -p udp -m udp --dport 53 -j ACCEPT
[3:180] -A bad -s 198.18.0.1/32 -j DROP
[4:240] -A bad -m comment --comment "[1:1] packets 5 bytes 5" -j DROP
COMMIT
`;

const drop = (rule: string, text: string, packets = 10n): RuleDrops => ({ rule, text, packets, bytes: packets * 100n });

function added(text: string, drops: readonly RuleDrops[]) {
  const { ruleset } = readRuleset([{ file: 'x', text, takenAt: null }]);
  const { texts, unknown, ambiguous } = withDrops(ruleset, drops);
  return { text: texts[0]?.text ?? '', unknown: unknown.map(({ rule }) => rule), ambiguous };
}

test('a rule, the rule that leads to its chain, and the policy', (t) => {
  const { text, unknown, ambiguous } = added(iptables, [
    drop('ip filter bad 1', '[0:0] -A bad -s 198.18.0.1/32 -j DROP'),
    drop('ip filter INPUT policy', 'policy drop', 1n),
    drop('ip filter INPUT 2', '', 0n),
  ]);
  const expected = iptables
    .replace('[7:700]', '[8:800]')
    .replace('[1:60]', '[11:1060]')
    .replace('[3:180]', '[13:1180]');
  t.is(text, expected);
  t.deepEqual([unknown, ambiguous], [[], []]);
});

test('what was dropped for another rule than stands there now is not added', (t) => {
  const { text, unknown } = added(iptables, [
    drop('ip filter bad 1', '[0:0] -A bad -s 198.18.0.9/32 -j DROP'),
    drop('ip filter bad 7', '-A bad -j DROP'),
  ]);
  t.is(text, iptables);
  t.deepEqual(unknown, ['ip filter bad 1', 'ip filter bad 7']);
});

test('where several rules lead to a chain, only its own rules are added to', (t) => {
  const twice = iptables.replace('[2:120] -A INPUT -p udp -m udp --dport 53 -j ACCEPT', '[2:120] -A INPUT -j bad');
  const { text, ambiguous } = added(twice, [drop('ip filter bad 1', '[9:9] -A bad -s 198.18.0.1/32 -j DROP')]);
  t.is(text, twice.replace('[3:180]', '[13:1180]'));
  t.deepEqual(ambiguous, ['ip filter bad']);
});

const nft = `table inet own {
	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr 198.18.0.3 counter packets 5 bytes 300 drop comment "counter packets 1 bytes 1"
		ip saddr 198.18.0.4 drop
	}
}
`;

test('nft: the counter that stands in the rule, if there is one', (t) => {
  const text = 'ip saddr 198.18.0.3 counter packets 4 bytes 240 drop comment "counter packets 1 bytes 1"';
  const drops = [drop('inet own in 1', text), drop('inet own in 2', 'ip saddr 198.18.0.4 drop')];
  const { text: written, unknown } = added(nft, drops);
  t.is(written, nft.replace('packets 5 bytes 300', 'packets 15 bytes 1300'));
  t.deepEqual(unknown, []);
});
