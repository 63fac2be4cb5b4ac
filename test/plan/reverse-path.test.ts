/** Rules that ask how a source is routed: when XDP may answer, what it must not conclude, and what is said where it may not. */
import test from 'ava';
import type { HostFacts, HostRoute, HostRouting } from '../../src/model/host.js';
import { decisions, filter, planText, router, table, webServer } from './plan-text.js';
import type { Plan } from '../../src/plan/plan.js';

const route = (family: 4 | 6, prefix: string, device: string, more: Partial<HostRoute> = {}): HostRoute => ({
  family,
  prefix,
  type: 'unicast',
  table: 254,
  metric: 0,
  devices: [device],
  ...more,
});
const plain: HostRouting = {
  answers: { ip: true, ip6: true },
  rules: { ip: [], ip6: [] },
  skipsLinkDown: false,
  routes: [
    route(4, '192.0.2.0/24', 'eth0'),
    route(4, '0.0.0.0/0', 'eth1'),
    route(6, '2001:db8::/64', 'eth0'),
    route(6, '::/0', 'eth1'),
    route(6, 'fe80::/64', 'eth0'),
    route(6, 'fe80::/64', 'eth1'),
  ],
};
const host = (change: Partial<HostRouting> = {}): HostFacts => ({ ...router, routing: { ...plain, ...change } });

const raw = (rules: string): string => table('raw', rules, ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');
const rpfilter = (options: string, target = 'DROP'): string =>
  raw(`-A PREROUTING -m rpfilter${options === '' ? '' : ` ${options}`} -j ${target}`);
const nft = (rule: string, family = 'inet'): string =>
  `table ${family} t {\n\tchain c {\n\t\ttype filter hook prerouting priority -300; policy accept;\n\t\t${rule}\n\t}\n}\n`;
const planNft = (rule: string, facts: HostFacts | null, family = 'inet'): Plan =>
  planText('', { facts, files: { 'ruleset.nft': nft(rule, family) } });
const asks = ({ prefilter: { ip, ip6 } }: Plan): string =>
  [ip, ip6].map(({ steps }) => steps.filter(({ outcome }) => outcome.kind === 'route').length).join(' ');
const first = (plan: Plan): string => Object.values(decisions(plan))[0] ?? '';

const legacy: readonly (readonly [options: string, decision: string, asks: string])[] = [
  ['--invert', 'partial routes', '1 0'],
  ['--loose --invert', 'partial routes', '1 0'],
  ['--validmark --invert', 'partial routes', '1 0'],
  ['--accept-local --invert', 'partial routes', '1 0'],
  // Of the good ones it is known who they are, too.
  ['', 'partial routes', '1 0'],
  ['--loose', 'partial routes', '1 0'],
  // Not as iptables writes it: nothing is understood of it.
  ['--invert --invert', 'none opaque', '0 0'],
  ['--invert yes', 'none opaque', '0 0'],
];
for (const [options, decision, asked] of legacy) {
  test(`rpfilter ${options}`, (t) => {
    const plan = planText(rpfilter(options), { facts: host() });
    t.is(first(plan), decision);
    t.is(asks(plan), asked);
  });
}

const rules: readonly (readonly [rule: string, decision: string, asks: string])[] = [
  ['fib saddr . iif oif missing drop', 'partial routes', '1 1'],
  ['fib saddr . iif oif exists drop', 'partial routes', '1 1'],
  ['fib saddr . iif oif 0 drop', 'partial routes', '1 1'],
  ['fib saddr . iif oif != 0 drop', 'partial routes', '1 1'],
  ['fib saddr . iif oifname "" drop', 'partial routes', '1 1'],
  ['fib saddr . iif oifname != "eth0" drop', 'partial routes', '1 1'],
  ['fib saddr . iif oif "eth0" drop', 'partial routes', '1 1'],
  ['fib saddr . iif check missing drop', 'partial routes', '1 1'],
  ['fib iif . mark . saddr oif missing drop', 'partial routes', '1 1'],
  ['fib saddr oif missing drop', 'partial routes', '1 1'],
  ['meta nfproto ipv6 fib saddr . iif oif missing drop', 'partial routes', '0 1'],
  // An index says nothing of a name, and the device of a source that may come from any is not told apart.
  ['fib saddr . iif oif 3 drop', 'none unknown-match', '0 0'],
  ['fib saddr oif "eth1" drop', 'none unknown-match', '0 0'],
  ['fib saddr . iif oifname != { "eth0", "eth1" } drop', 'none unknown-match', '0 0'],
  ['fib daddr . iif oif missing drop', 'none unknown-match', '0 0'],
  ['fib daddr oif missing drop', 'none unknown-match', '0 0'],
];
for (const [rule, decision, asked] of rules) {
  test(rule, (t) => {
    const plan = planNft(rule, host());
    t.is(first(plan), decision);
    t.is(asks(plan), asked);
  });
}

test('nobody is asked about packets that no rule asks about', (t) => {
  const text =
    raw('-A PREROUTING -s 203.0.113.0/24 -p tcp -m rpfilter --invert -j DROP') +
    filter('-A INPUT -s 192.0.2.9/32 -j DROP');
  const { prefilter } = planText(text, { facts: host() });
  const step = prefilter.ip.steps.find(({ outcome }) => outcome.kind === 'route');
  t.is(step?.when.length, 2);
});

test('nobody is asked twice, nor where nothing comes of it', (t) => {
  const twice = raw('-A PREROUTING -m rpfilter --invert -j DROP\n-A PREROUTING -m rpfilter --loose --invert -j DROP');
  t.is(asks(planText(twice, { facts: host() })), '1 0');
  t.is(asks(planText(raw('-A PREROUTING -m rpfilter --invert -j LOG'), { facts: host() })), '0 0');
});

test('a guard on the route leaves what it does not mean to the rules below', (t) => {
  const text = raw('-A PREROUTING -m rpfilter --invert -j LOG\n-A PREROUTING -s 203.0.113.7/32 -j DROP');
  t.deepEqual(decisions(planText(text, { facts: host() })), {
    'PREROUTING 1': 'none effect',
    'PREROUTING 2': 'partial blocked-partly',
  });
});

const unasked: readonly (readonly [title: string, facts: HostFacts, reason: RegExp])[] = [
  ['routes are not known', webServer, /the host's routes are not known/],
  ['the loopback device does not forward', host({ answers: { ip: false, ip6: false } }), /only where the loopback device forwards/],
  ['there is a routing rule', host({ rules: { ip: ['from all fwmark 0x1 lookup 100'], ip6: [] } }), /fwmark 0x1 lookup 100/],
  ['routes without carrier are left out', host({ skipsLinkDown: true }), /ignore_routes_with_linkdown/],
  ['there are too many routes', host({ routes: null }), /too many routes/],
  ['a route has several devices', host({ routes: [route(4, '0.0.0.0/0', 'eth0', { devices: ['eth0', 'eth1'] })] }), /route to 0\.0\.0\.0\/0 leads out of several devices/],
  ['a route is of one type of service', host({ routes: [route(4, '0.0.0.0/0', 'eth0', { only: 'tos' })] }), /some packets only \(tos\)/],
]; // prettier-ignore
for (const [title, facts, reason] of unasked) {
  test(`nothing is asked where ${title}`, (t) => {
    const plan = planText(rpfilter('--invert'), { facts });
    t.is(plan.rules[0]?.offload, 'none');
    t.regex(plan.rules[0]?.reason.message ?? '', reason);
    t.is(asks(plan), '0 0');
  });
}

test('the way out is told where there is one', (t) => {
  const closed = planText(rpfilter('--invert'), { facts: host({ answers: { ip: false, ip6: true } }) });
  t.regex(closed.rules[0]?.hint ?? '', /net\.ipv4\.conf\.lo\.forwarding=1/);
});

test('routes of one metric each are one way in IPv4, and several in IPv6', (t) => {
  const routes = [
    ...[4, 6].map((family) => route(family as 4 | 6, family === 4 ? '0.0.0.0/0' : '::/0', 'eth0', { metric: 1 })),
    ...[4, 6].map((family) => route(family as 4 | 6, family === 4 ? '0.0.0.0/0' : '::/0', 'eth1', { metric: 2 })),
  ];
  const facts = host({ routes });
  t.is(first(planNft('fib saddr . iif oif missing drop', facts, 'ip')), 'partial routes');
  t.is(first(planNft('fib saddr . iif oif missing drop', facts, 'ip6')), 'none routes-unclear');
});

test('what it rests on is listed for the family that asks', (t) => {
  const codes = (plan: Plan): string[] =>
    plan.assumptions.map(({ code }) => code).filter((code) => code.startsWith('plain-routes'));
  t.deepEqual(codes(planText(rpfilter('--invert'), { facts: host() })), ['plain-routes-ip']);
  t.deepEqual(codes(planNft('fib saddr oif missing drop', host())), ['plain-routes-ip', 'plain-routes-ip6']);
  t.deepEqual(codes(planText(rpfilter('--invert', 'LOG'), { facts: host() })), []);
  // Nothing is known of the host yet: the plan says what it would be.
  t.deepEqual(codes(planText(rpfilter('--invert'), { facts: null })), ['plain-routes-ip']);
});
