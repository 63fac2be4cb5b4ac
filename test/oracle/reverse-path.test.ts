/** What the oracle says of rules that ask how a source is routed. */
import test from 'ava';
import type { HostFacts } from '../../src/model/host.js';
import type { ReversePathMatch } from '../../src/model/match.js';
import { matchRoute, routeFinder } from '../../src/oracle/reverse-path.js';
import { Maybe, No, Yes } from '../../src/oracle/answer.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { routeBack } from '../../src/simulate/route-back.js';
import { facts } from './rulesets.js';

const strict: ReversePathMatch = {
  kind: 'reversePath', by: 'rpfilter', sameDevice: true, acceptLocal: false, negate: false,
}; // prettier-ignore
const matches = {
  strict,
  loose: { ...strict, sameDevice: false },
  own: { ...strict, acceptLocal: true },
  fib: { ...strict, by: 'fib' },
  inverted: { ...strict, negate: true },
} satisfies Record<string, ReversePathMatch>;

const names = { [Yes]: 'yes', [No]: 'no', [Maybe]: 'maybe' } as Readonly<Record<number, string>>;

function answers(source: string, host: HostFacts = facts): string {
  const find = routeFinder(host);
  const address = parseAddress(source.includes(':') ? 6 : 4, source);
  return Object.values(matches)
    .map((match) => names[matchRoute(match, address, 'eth0', find)])
    .join(' ');
}

const routing = (change: Partial<HostFacts['routing']>): HostFacts => ({
  ...facts,
  routing: { ...facts.routing, ...change },
});

//                         strict loose own  fib  inverted
const rows: readonly (readonly [source: string, answers: string, path: number])[] = [
  ['192.0.2.9', 'yes yes yes yes no', 4],
  ['203.0.113.1', 'yes yes yes yes no', 4],
  ['203.0.113.64', 'no no no no yes', 1],
  ['203.0.113.128', 'no yes no no yes', 3],
  // Of two routes to one prefix the one of the least metric counts.
  ['198.51.100.9', 'no yes no no yes', 3],
  ['10.0.0.1', 'no no no no yes', 2],
  ['192.0.2.1', 'no no maybe no yes', 2],
  ['127.9.9.9', 'no no maybe no yes', 2],
  ['192.0.2.255', 'no no no maybe yes', 2],
  ['0.0.0.0', 'maybe maybe maybe maybe maybe', 2],
  // Local routes of tables that no rule names are none.
  ['198.18.0.1', 'no yes no no yes', 3],
  ['2001:db8::9', 'yes yes yes yes no', 4],
  ['2001:db8:5::9', 'no yes no no yes', 3],
  ['2001:db8:5:8000::9', 'no no no no yes', 1],
  ['2001:db8:6::9', 'yes yes yes yes no', 4],
  ['2001:db9::9', 'no no no no yes', 2],
  ['2001:db8::1', 'no no maybe no yes', 2],
  ['fe80::9', 'maybe maybe maybe maybe maybe', 2],
  ['::', 'maybe maybe maybe maybe maybe', 2],
];
for (const [source, expected, path] of rows) {
  test(source, (t) => {
    t.is(answers(source), expected);
    const family = source.includes(':') ? 6 : 4;
    t.is(routeBack(facts, 'eth0')(family, parseAddress(family, source)), path);
  });
}

test('what the facts do not settle depends', (t) => {
  const all = 'maybe maybe maybe maybe maybe';
  t.is(answers('192.0.2.9', { ...facts, localRoutes: null }), all);
  t.is(answers('192.0.2.9', routing({ routes: null })), all);
  t.is(answers('192.0.2.9', routing({ skipsLinkDown: true })), all);
  t.is(answers('192.0.2.9', routing({ rules: { ip: ['from all fwmark 0x1 lookup 9'], ip6: [] } })), all);
  t.is(
    answers('2001:db8::9', routing({ rules: { ip: ['from all fwmark 0x1 lookup 9'], ip6: [] } })),
    'yes yes yes yes no',
  );
  const [first, ...others] = facts.routing.routes;
  t.is(answers('192.0.2.9', routing({ routes: [{ ...first!, only: 'tos' }, ...others] })), all);
});

test('a route of several devices is each of them in IPv4; of IPv6 nobody knows', (t) => {
  const split = facts.routing.routes.map((one) => ({ ...one, devices: ['eth1', 'eth0'] }));
  t.is(answers('128.0.0.1', routing({ routes: split })), 'yes yes yes yes no');
  t.is(answers('2001:db8::9', routing({ routes: split })), 'maybe yes maybe maybe maybe');
});
