/**
 * Long nft lists of drops behind rules that let some packets of them through, by sets of several fields that are long enough for a table among
 * others: oracle(ruleset, frame) = prefilter, then what stays, for fragments and cut headers too.
 */
import test from 'ava';
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { router, webServer } from '../plan/plan-text.js';
import { asOf } from './arbitrary-ruleset.js';
import { checkFrames } from './check-frames.js';

/** Elements of hosts that no list is about. */
const others = (written: (i: number) => string): string =>
  Array.from({ length: 60 }, (_, i) => `, ${written(i)}`).join('');

const sets = `
  set pairs { type ipv4_addr . inet_service; elements = { 203.0.113.7 . 80, 203.0.113.8 . 53${others((i) => `198.18.${i}.1 . ${1000 + i}`)} }; }
  set ranges { type inet_service . ipv4_addr; flags interval; elements = { 20-80 . 203.0.113.0/30, 443 . 203.0.113.9${others((i) => `${3000 + i} . 198.18.${i}.0/24`)} }; }
  set ends { type ipv4_addr . ipv4_addr; elements = { 203.0.113.7 . 192.0.2.1${others((i) => `198.18.${i}.1 . 198.51.100.${i}`)} }; }
  set timed { type ipv4_addr; flags interval, timeout; elements = { 203.0.113.0/30 timeout 1h expires 100s, 203.0.113.6 timeout 1h expires 200s, 203.0.113.8/30 }; }`;

const guard = fc.constantFrom(
  ...['ip saddr . tcp dport @pairs accept', 'tcp dport . ip saddr @ranges return', 'ip saddr . ip daddr @ends accept'],
  ...[
    'ip saddr @timed accept',
    'tcp dport 80 accept',
    'ip saddr 203.0.113.4 tcp dport 80 accept',
    'th dport 80 accept',
  ],
  ...['ether saddr 02:00:00:00:00:12 ip saddr 203.0.113.0/29 accept', 'ip saddr 203.0.113.8/30 udp sport 53 return'],
  ...['ip saddr . tcp dport vmap { 203.0.113.7 . 80 : accept, 203.0.113.8 . 22 : drop }', 'meta l4proto 47 return'],
  ...[
    'limit rate 1/hour ip saddr 203.0.113.3 accept',
    'tcp dport { 443, 22 } counter log',
    'meta mark set 1',
    'counter',
  ],
  ...['ip6 saddr 2001:db8:77::4 tcp dport 80 accept', 'ip6 nexthdr udp accept', 'meta pkttype broadcast accept'],
);

const kind = fc.constantFrom(
  ...['tcp dport % drop', 'udp sport % counter drop', 'tcp sport % tcp dport % drop', 'tcp dport { 443, % } drop'],
  ...['th dport % drop', 'udp dport != % drop', 'ether saddr ^ drop', 'ether saddr ^ tcp dport % drop'],
  ...['ip saddr @ drop', 'ip saddr @ drop', 'ip saddr @ tcp dport % drop', 'ip saddr != @ tcp dport % drop'],
  ...['ip saddr { @, 203.0.113.40 } drop', 'ip saddr @ ip daddr 192.0.2.1 drop', 'ip6 saddr # drop'],
  ...['ip6 saddr # udp dport % drop', 'ip saddr @ accept', 'tcp dport % accept', 'ether saddr ^ return'],
);

const ports = ['0', '22', '53', '80', '443', '65535', '1000-2000'];

const list = fc
  .record({
    kinds: fc.array(kind, { minLength: 1, maxLength: 3 }),
    inTurn: fc.boolean(),
    each: fc.constantFrom(17, 24, 66),
    values: fc.array(fc.tuple(fc.nat(19), fc.constantFrom(...ports)), { minLength: 20, maxLength: 60 }),
  })
  .map(({ kinds, inTurn, each, values }) =>
    Array.from({ length: each * kinds.length }, (_, i) => {
      const [host, port] = values[i % values.length]!;
      return kinds[inTurn ? i % kinds.length : Math.floor(i / each)]!.replace('@', `203.0.113.${host}`)
        .replace('#', `2001:db8:77::${host}`)
        .replace('^', `02:00:00:00:00:${16 + (host % 12)}`)
        .replaceAll('%', port === '443' ? '444' : port);
    }),
  );

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261127);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 12);

test('prefilter and residual of lists behind guards are the ruleset', (t) => {
  t.log(`PROPERTY_SEED=${seed} PROPERTY_RUNS=${runs}`);
  const guards = fc.array(guard, { maxLength: 2 });
  const property = fc.property(
    fc.tuple(guards, list, guards, list).map((parts) => parts.flat()),
    fc.constantFrom('inet', 'netdev'),
    fc.constantFrom(webServer, router),
    fc.boolean(),
    fc.constantFrom(10_240, 40, 12),
    (lines, family, facts, conntrack, most) => {
      const hook = family === 'inet' ? 'prerouting' : 'ingress device "eth0"';
      const text = `table ${family} t {${sets}\n  chain c {\n    type filter hook ${hook} priority -300;\n${lines.map((line) => `    ${line}\n`).join('')}  }\n}\n`;
      const { ruleset } = readRuleset([{ file: 'rules.nft', text, takenAt: asOf * 1000 }]);
      const frames = { randomFrames: 100, trapRules: 12, setFrames: 20, rules: 30, seed: lines.length };
      const maxSteps = { 4: most, 6: most };
      const { differences } = checkFrames({ ruleset, facts, conntrack, frames, maxSteps });
      if (differences.length > 0) throw new Error(`${differences[0]!}\n${text}`);
    },
  );
  const details = fc.check(property, { seed, numRuns: runs });
  t.true(!details.failed, details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
});
