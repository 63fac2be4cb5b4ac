/** Runs of rules that differ in one address are planned as one: the plan is that of the rules one by one. */
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { isRun, segmentsOf } from '../../src/model/segments.js';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import type { Plan } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { filter, planText, router, webServer } from './plan-text.js';
import { oneByOne, sameFates } from './same-fates.js';

const rulesetOf = (text: string): Ruleset => readRuleset([{ file: 'rules.v4', text, takenAt: null }]).ruleset;

/** What a plan says of the rules, as data. */
const told = (plan: Plan): unknown => ({
  ...{ rules: plan.rules, summary: plan.summary, assumptions: plan.assumptions, followed: plan.followed },
  residual: residualTexts(plan).map(({ text }) => text),
});

/** What it has the program do. */
const done = (plan: Plan): unknown => ({
  prefilter: plan.prefilter,
  steps: [...plan.prefilter.ip.steps.keys()].map((step) => plan.stepRules.ip(step)),
  owners: Array.from({ length: plan.prefilter.counters }, (_, counter) => plan.counterOwner(counter)),
});

const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }).map((byte) => `203.0.113.${byte}/32`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('203.0.113.0/29', '203.0.112.0/20', '198.51.100.7', '192.0.2.1', '192.0.2.255'),
  },
  { weight: 1, arbitrary: fc.constantFrom('0.0.0.0/0', '203.0.113.1,203.0.113.4', 'host.example', '224.0.0.1/32') },
);

const shape = fc.constantFrom(
  ...['-s @ -j DROP', '-d @ -j DROP', '-s @ -i eth0 -j DROP', '-s @ -i eth1 -j DROP', '-i eth+ -d @ -j DROP'],
  ...['-s @ -p tcp -m tcp --dport 22 -j DROP', '-s @ -p tcp -m tcp --dport 80 -j DROP', '-s @ -p udp -j DROP'],
  ...['-s @ -p tcp -m multiport --ports 22,80 -j DROP', '-s @ -p tcp -m tcp --tcp-flags SYN SYN -j DROP'],
  ...['-s @ -p tcp -m multiport --dports + -j DROP', '-s @ -p udp -m multiport --sports + --dports 22,80 -j DROP'],
  ...['-s @ -p tcp -m multiport --dports + -m tcp --sport 22 -j DROP', '-s @ -p udp -m multiport ! --dports + -j DROP'],
  ...[
    '-s @ -p tcp -m tcp ! --dport = -j DROP',
    '-s @ -p udp ! --sport = ! --dport 53 -j DROP',
    '-d @ -p tcp ! --sport = -j LOG',
  ],
  ...['-s @ -p % -m % --dport 53 -j DROP', '-s @ -p % --sport 53 --dport 53 -j DROP', '-d @ -p % --dport 53 -j ACCEPT'],
  ...['! -s @ -j DROP', '-s @ -d 192.0.2.1 -j DROP', '-s @ -m comment --comment "a b" -j DROP', '[0:0] -s @ -j DROP'],
  ...['-s @ -m mark --mark 1 -j DROP', '-s @ -j MARK --set-mark 1', '-s @ -m limit --limit 1/s -j DROP'],
  ...['-s @ -m conntrack --ctstate NEW -j DROP', '-s @ -m addrtype --src-type LOCAL -j DROP', '-s @ -f -j DROP'],
  ...['-s @ -j ACCEPT', '-s @ -j RETURN', '-s @ -j LOG', '-s @ -j list', '-s @ -g list', '-s @', '-s @ -j REJECT'],
  ...[
    '-m iprange --src-range # -j DROP',
    '-i eth0 -m iprange --dst-range # -j DROP',
    '-m iprange --src-range # -j LOG',
    '-m mac --mac-source ^ -j DROP',
    '-i eth0 -p tcp -m mac --mac-source ^ -m tcp --dport 22 -j DROP',
    '-s 203.0.113.0/29 -m mac --mac-source ^ -j DROP',
    '-m mac ! --mac-source ^ -j DROP',
    '-m mac --mac-source ^ -j ACCEPT',
    '-s @ -m mac --mac-source ^ -j DROP',
  ],
  ...['-s @ -m time --timestart 08:00:00 -j DROP', '-s @ -m recent --update --name x -j ACCEPT', '-s @ -j NFQUEUE'],
  ...['-p udp -m limit --limit 1/s -m iprange --src-range # -j ACCEPT', '-s @ -m owner --uid-owner 0 -j RETURN'],
  ...['-s @ -j LOG --log-prefix ^', '-d @ -m comment --comment ^ -j NFLOG --nflog-prefix "no ^"'],
  ...['-s @ -m conntrack --ctstate INVALID -j DROP', '-s @ -m conntrack ! --ctstate NEW -j ACCEPT', '-s @ -j NOTRACK'],
  ...['-p tcp -m iprange --src-range # -m tcp --dport 22 -j DROP', '-m iprange ! --src-range # -j DROP'],
  ...['-s 203.0.113.0/24 -m iprange --src-range # -j DROP', '-m iprange --src-range # --dst-range # -j DROP'],
);

const lone = fc.constantFrom(
  ...[
    '-p tcp -m tcp --dport 22 -j ACCEPT',
    '-i lo -j ACCEPT',
    '-p icmp -j DROP',
    '-j list',
    '-p tcp -j list',
    '-j RETURN',
  ],
  ...['-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', '-m conntrack --ctstate INVALID -j DROP', '-j LOG'],
  ...['-m conntrack --ctstate NEW -j list', '-m owner --uid-owner 0 -j list', '-m mark --mark 1 -j ACCEPT', '-j DROP'],
  ...[
    '-m rpfilter --invert -j DROP',
    '-m mac --mac-source 02:00:00:00:00:03 -j ACCEPT',
    '-m mac ! --mac-source 02:00:00:00:00:03 -j list',
    '-s 203.0.113.0/28 -j ACCEPT',
    '-s 203.0.113.4/30 -j ACCEPT',
    '! -s 203.0.113.0/24 -j ACCEPT',
    '-d 203.0.113.2/31 -j REJECT',
    '-d 192.0.2.0/24 -j list',
    '-m limit --limit 1/s -j list',
  ],
);

const chain = fc.constantFrom('INPUT', 'INPUT', 'FORWARD', 'list', 'other');

/** Lines of one chain: a run, perhaps with an odd line within. */
const block = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(chain, shape, fc.array(address, { minLength: 1, maxLength: 5 })) },
  { weight: 1, arbitrary: fc.tuple(chain, lone, fc.constant(['-'])) },
);

/** A few addresses, some of them those of other ranges. */
const rangeFrom = (address: string): string => {
  const [, start, byte] = /^((?:\d+\.){3})(\d+)\/\d+$/.exec(address) ?? [];
  return byte === undefined ? address : `${start!}${byte}-${start!}${Math.min(255, Number(byte) + (Number(byte) % 5))}`;
};

const written = (blocks: readonly (readonly [string, string, readonly string[]])[]): string =>
  blocks
    .flatMap(([name, pattern, addresses]) =>
      addresses.map((one, i) => {
        const [, counters, words = ''] = /^(\[0:0\] )?(.*)$/.exec(pattern) ?? [];
        const next = name === 'list' ? ' other' : name === 'other' ? ' ACCEPT' : ' list';
        return `${counters === undefined ? '' : `[${i * i}:${i ** 9}] `}-A ${name} ${words
          .replace('@', one)
          .replaceAll('#', rangeFrom(one))
          .replaceAll('^', `02:00:00:00:00:0${(one.length + i) % 7}`)
          .replaceAll('+', ['22', '22,80', '22:25,80,443', '1:65535,7'][(one.length + i) % 4]!)
          .replaceAll('=', ['22', '80', '0', '22:25', '65535', '1:65535', '0:65535'][(one.length + i) % 7]!)
          .replaceAll('%', i % 2 === 0 ? 'udp' : 'tcp')
          .replace(/ list$/, next)}`;
      }),
    )
    .join('\n');

const options = fc.record({
  facts: fc.constantFrom(null, webServer, router),
  strict: fc.boolean(),
  conntrack: fc.boolean(),
  devices: fc.constantFrom(['eth0'], ['eth0', 'eth1']),
});

const ruleset = fc.record({
  blocks: fc.array(block, { minLength: 1, maxLength: 9 }),
  policy: fc.constantFrom('ACCEPT', 'DROP'),
  nat: fc.boolean(),
});

const natTable =
  '*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1\nCOMMIT\n';

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 400);

test('a plan of runs is the plan of their rules', (t) => {
  let alike = 0;
  let asOne = 0;
  let split = 0;
  fc.assert(
    fc.property(ruleset, options, ({ blocks, policy, nat }, chosen) => {
      const chains = `:INPUT ${policy} [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]\n:other - [0:0]`;
      const text = (nat ? natTable : '') + filter(`-A FORWARD -s 192.0.2.9 -j list\n${written(blocks)}`, chains);
      const runs = rulesetOf(text);
      const [one, other] = [planRuleset(runs, chosen), planRuleset(oneByOne(runs), chosen)];
      if (isDeepStrictEqual(done(one), done(other))) {
        t.deepEqual(told(one), told(other), text);
        alike++;
      } else sameFates(t, [one, other], text, { packets: 300 });
      const { walk } = analyseFamily(runs, 4, setValueCache(false), chosen);
      asOne += walk.runs.asOne.size;
      split += walk.runs.split.size;
    }),
    { numRuns },
  );
  // Of accepts one by one, each may be a skip and a pass in turn.
  t.true(alike > numRuns * 0.92, `${alike} of ${numRuns} have the same steps`);
  t.true(asOne > 100, `${asOne} runs were taken as one`);
  t.true(split > 0, 'some were found to be one rule here and several there');
});

const list = (addresses: readonly string[], rest = '-j DROP'): string =>
  addresses.map((one) => `-A INPUT -s ${one} ${rest}`).join('\n');
const many = Array.from({ length: 20 }, (_, i) => `203.0.113.${i}/32`);

const odd: Readonly<Record<string, string>> = {
  'a comment': '-A INPUT -s 203.0.113.77/32 -m comment --comment "why" -j DROP',
  'a negation': '-A INPUT ! -s 203.0.113.77/32 -j DROP',
  'another target': '-A INPUT -s 203.0.113.77/32 -j ACCEPT',
  'a duplicate': '-A INPUT -s 203.0.113.3/32 -j DROP',
  'a covering prefix': '-A INPUT -s 203.0.113.0/24 -j DROP',
  'an observed address': '-A INPUT -s 203.0.113.12/32 -j LOG',
  'an accepted address': '-A INPUT -s 203.0.113.12/32 -j ACCEPT',
  'a blank line': '',
  'a comment line': '# why',
  'everything': '-A INPUT -s 0.0.0.0/0 -j DROP',
  'a list of addresses': '-A INPUT -s 203.0.113.12/32,203.0.113.99/32 -j DROP',
}; // prettier-ignore

for (const [name, line] of Object.entries(odd))
  test(`a run with ${name} within`, (t) => {
    const runs = rulesetOf(filter(`${list(many.slice(0, 10))}\n${line}\n${list(many.slice(10))}`));
    t.true(segmentsOf(runs.tables[0]!.chains.get('INPUT')!).some(isRun));
    for (const facts of [null, webServer]) {
      const chosen = { facts, devices: ['eth0'], strict: false, conntrack: true };
      const [one, other] = [planRuleset(runs, chosen), planRuleset(oneByOne(runs), chosen)];
      t.deepEqual(told(one), told(other));
      t.deepEqual(done(one), done(other));
    }
  });

test('rules of a run that an accept above meets are told from the others', (t) => {
  const text = filter(`-A INPUT -s 203.0.113.4/30 -j ACCEPT\n${list(many)}`);
  const { rules, summary } = planText(text);
  const blocked = rules.filter(({ reason }) => reason.code === 'blocked').map(({ number }) => number);
  t.deepEqual(blocked, [6, 7, 8, 9]);
  t.like(summary, { full: 16, none: 5, rules: 21 });
});

test('each rule of a run has its line, its text, its counter and its hint', (t) => {
  const lines = `-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n${list(many)}`;
  const { rules, prefilter, counterOwner, stepRules } = planText(filter(lines));
  const [, , third] = rules.filter(({ reason }) => reason.code === 'blocked-partly');
  t.like(third, { id: 'ip filter INPUT 4', number: 4, line: 8, text: '-A INPUT -s 203.0.113.2/32 -j DROP' });
  t.is(third?.hint, 'would be offloaded in full if it stood above line 5 (ip filter INPUT 1)');
  t.is(prefilter.counters, 21);
  t.deepEqual(counterOwner(20), { rule: rules[20]!.id, element: null });
  t.is(stepRules.ip(1).length, 20);
});

test('a rule that two steps could take decides the same in either', (t) => {
  const text = filter(`-A INPUT -s 203.0.113.9/32 -p tcp -m multiport --ports 22,80 -j DROP
-A INPUT -s 203.0.113.9/32 -p tcp -m multiport --ports 22,80 -j DROP
-A INPUT -s 203.0.112.0/20 -p tcp -m multiport --ports 22,80 -j DROP
-A INPUT -s 203.0.112.0/20 -p tcp -m tcp --dport 80 -j DROP
-A INPUT -s 203.0.113.2/32 -p tcp -m tcp --dport 80 -j DROP`);
  const chosen = { facts: webServer, devices: ['eth0'], strict: false, conntrack: true };
  const runs = rulesetOf(text);
  const [one, other] = [planRuleset(runs, chosen), planRuleset(oneByOne(runs), chosen)];
  t.notDeepEqual(done(one), done(other));
  sameFates(t, [one, other], text, { packets: 300 });
});
