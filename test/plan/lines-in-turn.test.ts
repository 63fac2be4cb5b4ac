/** iptables drops of several kinds in turn are planned as a run a kind: what is said and done is that of the rules one by one. */
import test from 'ava';
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { mostDeferred } from '../../src/analyse/walk.js';
import type { RuleId, Ruleset } from '../../src/model/ruleset.js';
import { isRun, segmentsOf } from '../../src/model/segments.js';
import type { Plan } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { filter } from './plan-text.js';
import { anyOptions, disputed, leaves, oneByOne, sameFates } from './same-fates.js';

const rulesetOf = (text: string): Ruleset => readRuleset([{ file: 'rules.v4', text, takenAt: null }]).ruleset;

const kinds = fc.constantFrom(
  ...['-s @ -j DROP', '-s @ -p tcp -m tcp --dport % -j DROP', '-s @ -p udp -m udp --sport % -j DROP'],
  ...[
    '-s @ -p icmp -m icmp --icmp-type 8 -j DROP',
    '-s @ -p icmp -m icmp --icmp-type 3/1 -j DROP',
    '-s @ -p gre -j DROP',
  ],
  ...['-s @ -i eth0 -j DROP', '-s @ -i eth1 -j DROP', '-s @ -m mark --mark 1 -j DROP', '-s @ -d 192.0.2.1 -j DROP'],
  ...['-s @ -p tcp -m multiport --dports 22,80:90 -j DROP', '-s @ -p tcp -m tcp --tcp-flags SYN,ACK SYN -j DROP'],
  ...[
    '-s @ -m mac --mac-source 00:11:22:33:44:55 -j DROP',
    '-s @ -m mac --mac-source 00:11:22:33:44:5^ -j DROP',
    '-s @ -f -j DROP',
    '-s @ -m state --state NEW -j DROP',
  ],
  ...['-s @ -p tcp -m multiport --dports + -j DROP', '-s @ -p udp -m multiport --sports + -d 192.0.2.1 -j DROP'],
  ...['-m iprange --src-range # -j DROP', '-p tcp -m iprange --src-range # -m tcp --dport % -j DROP'],
);

/** Told apart by their protocols, where no two ask for the same one. */
const kindsOfPorts = fc.constantFrom(
  ...['-p tcp -m tcp --dport $ -j DROP', '-p udp -m udp --sport $ -j DROP', '-p udp -m multiport --dports $,9 -j DROP'],
  ...[
    '-p tcp -m tcp ! --dport $ -j DROP',
    '-d 192.0.2.1 -p tcp -m tcp --sport $ --dport % -j DROP',
    '-p gre -d @ -j DROP',
  ],
  ...[
    '-i eth1 -p udp -m udp --dport $ -j DROP',
    '-p tcp -m mac --mac-source 00:11:22:33:44:5^ -j DROP',
    '-p icmp -d @ -j DROP',
  ],
  '-p tcp -m tcp --dport $ -m state --state NEW -j DROP',
);

const lone = fc.constantFrom(
  ...[
    '-s 203.0.1.0/28 -j ACCEPT',
    '-p tcp -m tcp --dport 22 -j ACCEPT',
    '-s 203.0.1.1 -j DROP',
    '-j LOG',
    '-s @ -j LOG',
  ],
  ...[
    '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    '-s 203.0.1.4/30 -j RETURN',
    '-p icmp -j DROP',
    '-j list',
  ],
  ...['-s @ -m limit --limit 1/s -j DROP', '-s @ -j list', '! -s 203.0.0.0/20 -j DROP', '-s @ -j MARK --set-mark 1'],
);

const lists = fc.record({
  kinds: fc.oneof(
    { weight: 2, arbitrary: fc.array(kinds, { minLength: 2, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.uniqueArray(kindsOfPorts, { minLength: 2, maxLength: 3 }) },
  ),
  rules: fc.array(
    fc.tuple(
      fc.nat(3),
      fc.oneof({ weight: 99, arbitrary: fc.nat(3000) }, { weight: 1, arbitrary: fc.nat(9) }),
      fc.constantFrom('22', '80', '22:25', '1024:65535'),
    ),
    {
      minLength: 200,
      maxLength: 260,
    },
  ),
  lone: fc.array(fc.tuple(lone, fc.nat(260)), { maxLength: 2 }),
  policy: fc.constantFrom('ACCEPT', 'DROP'),
});

/** So many drops of new packets that not all of them wait for what comes below, if they are rules one by one; a run of them does. */
const areManyNew = (lines: readonly string[]): boolean =>
  lines.filter((line) => line.includes('--state NEW')).length > mostDeferred;

/** Conntrack is asked about it in one of the plans: a drop of new packets comes before it there, and behind it in the other. */
const isTracked = (id: RuleId, ...plans: readonly Plan[]): boolean =>
  plans.some(({ rules }) => rules.some((rule) => rule.id === id && rule.reason.code === 'tracked'));

const residualOf = (plan: Plan): readonly string[] => residualTexts(plan).map(({ text }) => text);

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 50);

test('a plan of lines in turn does what that of their rules does', (t) => {
  let [found, alike] = [0, 0];
  fc.assert(
    fc.property(lists, anyOptions, ({ kinds: patterns, rules, lone: others, policy }, chosen) => {
      const lines = rules.map(([kind, number, port]) =>
        patterns[kind % patterns.length]!.replace(
          '@',
          `203.0.${number >> 8}.${number & 255}${number % 97 === 0 ? '/29' : ''}`,
        )
          .replace(
            '#',
            `203.0.${number >> 8}.${number & 255}-203.0.${number >> 8}.${Math.min(255, (number & 255) + (number % 5))}`,
          )
          .replace('$', String(1000 + number))
          .replace('%', port)
          .replace('+', port + ['', ',443', ',443,30:40', ',8080:8090,23'][number % 4]!)
          .replace('^', String(number % 4)),
      );
      for (const [line, at] of others) lines.splice(at, 0, line.replace('@', '203.0.1.1'));
      const text = filter(
        lines.map((line) => `-A INPUT ${line}`).join('\n'),
        `:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]`,
      );
      const ruleset = rulesetOf(text);
      const segments = segmentsOf(ruleset.tables[0]!.chains.get('INPUT')!).filter(isRun);
      found += segments.filter((run) => run.number(run.count - 1) - run.number(0) >= run.count).length;
      const [one, other] = [planRuleset(ruleset, chosen), planRuleset(oneByOne(ruleset), chosen)];
      sameFates(t, [one, other], text, { packets: 300 });
      t.deepEqual(
        one.rules.map(({ id, line, text: words }) => [id, line, words]),
        other.rules.map(({ id, line, text: words }) => [id, line, words]),
      );
      const differing = disputed(one, other, leaves);
      t.deepEqual(areManyNew(lines) ? differing.filter((id) => !isTracked(id, one, other)) : differing, [], text);
      if (one.rules.every((rule, i) => leaves(rule) === leaves(other.rules[i]!))) {
        t.deepEqual(residualOf(one), residualOf(other), text);
        alike++;
      }
    }),
    { numRuns },
  );
  t.true(found > numRuns / 4, `${found} runs with others between`);
  t.true(alike > numRuns / 4, `${alike} plans leave the same text`);
});
