/** Sets of several fields: what is said of a rule that asks for one, and which combinations of fields its atoms have. */
import test from 'ava';
import { planWithinLimits } from '../../src/compile/fit.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { decisions, filter, planText, router, table, webServer, type PlanTextOptions } from './plan-text.js';

const raw = (rule: string): string => table('raw', rule, ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');
const match = (dimensions: string, name = 's', target = 'DROP'): string =>
  raw(`-A PREROUTING -m set --match-set ${name} ${dimensions} -j ${target}`);

interface Case {
  readonly title: string;
  readonly sets: string;
  readonly rules: string;
  readonly expected: string;
  /** Fields of each atom of several fields. */
  readonly fields?: readonly string[];
  readonly options?: PlanTextOptions;
}

const cases: readonly Case[] = [
  {
    title: 'networks of both sides need no layer-4 header',
    sets: 'create s hash:net,net\nadd s 203.0.113.0/24,192.0.2.1',
    rules: match('src,dst'),
    expected: 'full offloaded',
    fields: ['saddr,daddr'],
  },
  {
    title: 'the order of directions is that of the parts',
    sets: 'create s hash:net,net\nadd s 192.0.2.1,203.0.113.0/24',
    rules: match('dst,src'),
    expected: 'full offloaded',
    fields: ['daddr,saddr'],
  },
  {
    title: 'both parts of one side must hold',
    sets: 'create s hash:net,net\nadd s 203.0.113.0/24,203.0.113.128/25',
    rules: match('src,src'),
    expected: 'full offloaded',
    fields: [],
  },
  ...['hash:ip,port,ip', 'hash:ip,port,net', 'hash:net,port,net'].map((type): Case => ({
    title: `${type}: fragments stay`,
    sets: `create s ${type}\nadd s 203.0.113.5,tcp:80,192.0.2.1`,
    rules: match('src,dst,dst'),
    expected: 'partial fragments',
    fields: ['saddr,protocol,dport,icmp,daddr'],
  })),
  {
    title: 'nomatch and timeouts in three parts',
    sets: 'create s hash:net,port,net timeout 0\nadd s 203.0.113.0/24,tcp:80,0.0.0.0/1 timeout 60\nadd s 203.0.113.0/25,tcp:80,192.0.2.0/24 nomatch',
    rules: match('src,dst,dst'),
    expected: 'partial set-timeout',
    fields: ['saddr,protocol,dport,icmp,daddr'],
  },
  {
    title: 'a device of the elements is resolved: addresses are left',
    sets: 'create s hash:net,iface\nadd s 203.0.113.0/24,eth0\nadd s 198.51.100.0/24,eth1',
    rules: match('src,src'),
    expected: 'full offloaded',
    fields: [],
  },
  {
    title: 'no element is about a covered device',
    sets: 'create s hash:net,iface\nadd s 203.0.113.0/24,wg0',
    rules: match('src,src'),
    expected: 'none never-matches',
  },
  {
    title: 'the output device is empty before routing',
    sets: 'create s hash:net,iface\nadd s 203.0.113.0/24,eth0',
    rules: match('src,dst'),
    expected: 'none never-matches',
  },
  {
    title: 'the output device is not known where packets are forwarded',
    sets: 'create s hash:net,iface\nadd s 203.0.113.0/24,eth0',
    rules: filter('-A FORWARD -m set --match-set s src,dst -j DROP'),
    expected: 'none unknown-match',
    options: { facts: router },
  },
  {
    title: 'bridge ports',
    sets: 'create s hash:net,iface\nadd s 203.0.113.0/24,physdev:eth0',
    rules: match('src,src'),
    expected: 'none unknown-match',
  },
  {
    title: 'an address and a MAC address',
    sets: 'create s hash:ip,mac\nadd s 203.0.113.5,02:00:00:00:00:09',
    rules: match('src,src'),
    expected: 'partial fragments',
    fields: ['saddr,smac'],
  },
  {
    title: 'the destination MAC address',
    sets: 'create s hash:ip,mac\nadd s 203.0.113.5,02:00:00:00:00:09',
    rules: match('src,dst'),
    expected: 'none unknown-match',
  },
  {
    title: 'an element that waits for its MAC address must be asked',
    sets: 'create s bitmap:ip,mac range 203.0.113.0/24\nadd s 203.0.113.5\nadd s 203.0.113.6,02:00:00:00:00:09',
    rules: match('src,src'),
    expected: 'none stateful-match',
  },
  {
    title: 'marks are not interpreted',
    sets: 'create s hash:ip,mark\nadd s 203.0.113.5,7',
    rules: match('src,src'),
    expected: 'none unknown-match',
  },
  {
    title: 'a list of sets with different numbers of parts',
    sets: 'create a hash:net,net\nadd a 203.0.113.0/24,192.0.2.1\ncreate b hash:ip\nadd b 203.0.113.9\ncreate s list:set\nadd s a\nadd s b',
    rules: match('src,dst'),
    expected: 'full offloaded',
    fields: ['saddr,daddr'],
  },
];

for (const { title, sets, rules, expected, fields, options } of cases) {
  test(title, (t) => {
    const plan = planText('', { ...options, files: { 'ipset.save': `${sets}\n`, 'rules.v4': rules } });
    t.is(Object.values(decisions(plan))[0], expected);
    const { atoms } = plan.prefilter.ip;
    const tuples = atoms.flatMap((atom) =>
      atom.kind === 'tuples' ? [atom.columns.map(({ field }) => field).join()] : [],
    );
    if (fields !== undefined) t.deepEqual([...new Set(tuples)], [...fields]);
  });
}

test('any number of sets of one combination of fields; the fifth combination is named', (t) => {
  const sides = ['src,dst', 'dst,dst', 'src,src', 'dst,src'];
  const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
  const sets = [...names, 'n'].map((name, i) =>
    name === 'n'
      ? 'create n hash:net,net\nadd n 203.0.113.0/24,192.0.2.1\n'
      : `create ${name} hash:ip,port\nadd ${name} 203.0.113.${i},tcp:80\n`,
  );
  const rules = [...names.map((name, i) => `${name} ${sides[i % 4]!}`), 'n src,dst'];
  const plan = planText('', {
    files: {
      'ipset.save': sets.join(''),
      'rules.v4': raw(rules.map((one) => `-A PREROUTING -m set --match-set ${one} -j DROP`).join('\n')),
    },
  });
  const said = Object.values(decisions(plan));
  t.deepEqual(new Set(said.slice(0, 12)), new Set(['partial fragments']));
  t.is(said[12], 'none table-limit');
  t.regex(plan.rules[12]!.reason.message, /set n asks for a combination of fields beyond the 4/);
});

test('a set that does not fit is left to netfilter, and nothing else', (t) => {
  const lengths = Array.from({ length: 33 }, (_, i) => i).slice(1);
  const elements = lengths.flatMap((a) => lengths.map((b) => `add wide 203.0.113.0/${a},198.51.100.0/${b}\n`));
  const text = `create wide hash:net,net\n${elements.join('')}create s hash:net,net\nadd s 203.0.113.0/24,192.0.2.1\n`;
  const rules = raw(
    '-A PREROUTING -m set --match-set s src,dst -j DROP\n-A PREROUTING -m set --match-set wide src,dst -j DROP\n-A PREROUTING -s 198.51.100.9/32 -j DROP',
  );
  const { ruleset } = readRuleset([
    { file: 'ipset.save', text, takenAt: null },
    { file: 'rules.v4', text: rules, takenAt: null },
  ]);
  const { plan } = planWithinLimits(ruleset, { devices: ['eth0'], facts: webServer, strict: false });
  t.deepEqual(Object.values(decisions(plan)), ['full offloaded', 'none table-limit', 'full offloaded']);
  t.regex(plan.rules[1]!.reason.message, /combinations of prefix lengths, at most 255 fit/);
});

test('a rule that asks for an empty set stays for what will be in it, beside drops of the same kind as well', (t) => {
  for (const [kind, element] of [
    ['hash:ip', '198.51.100.1'],
    ['hash:ip,port', '198.51.100.1,udp:53'],
  ] as const) {
    const directions = kind === 'hash:ip' ? 'src' : 'src,dst';
    const rules = (name: string): string => `-A PREROUTING -m set --match-set ${name} ${directions} -j DROP`;
    const before = '-A PREROUTING -s 198.51.100.99/32 -j DROP';
    const sets = `create empty ${kind}\ncreate full ${kind}\nadd full ${element}\n`;
    const text = raw([before, rules('empty'), rules('full')].join('\n'));
    const found = decisions(planText('', { files: { 'ipset.save': sets, 'rules.v4': text } }));
    t.is(found['PREROUTING 1'], 'full offloaded');
    t.regex(found['PREROUTING 2']!, /^none /);
    t.notRegex(found['PREROUTING 3']!, /^none /);
  }
});
