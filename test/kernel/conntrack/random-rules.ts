/** Rulesets that talk about connections, out of a seed: both families, with and without NAT, states in any order and chain. */
import type { Random } from '../differential/random.js';
import { outer } from './conversations.js';
import type { Rules } from './bed.js';

interface Dialect {
  readonly version: 4 | 6;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
}

const dialects: readonly Dialect[] = [
  {
    version: 4,
    sources: ['203.0.113.0/26', '203.0.113.0/25', '203.0.113.7/32', '203.0.113.9/32', '192.0.2.9/32', '192.0.2.0/24'],
    destinations: ['192.0.2.1/32', '198.51.100.0/24', '198.51.100.9/32'],
  },
  {
    version: 6,
    sources: ['2001:db8:77::/64', '2001:db8:77::7/128', '2001:db8:77::9/128', '2001:db8:1::9/128', '2001:db8:1::/64'],
    destinations: ['2001:db8:1::1/128', '2001:db8:2::/64', '2001:db8:2::9/128'],
  },
];

const states = [
  'RELATED,ESTABLISHED',
  'RELATED,ESTABLISHED',
  'ESTABLISHED',
  'RELATED',
  'NEW',
  'INVALID',
  'NEW,INVALID',
  'INVALID,NEW,UNTRACKED',
  'UNTRACKED',
];

function stateMatch(random: Random): string {
  const not = random.chance(0.25) ? '! ' : '';
  const wanted = random.pick(states);
  const known = wanted.replace(/,?UNTRACKED/, '');
  if (known !== '' && known === wanted && random.chance(0.2)) return `-m state ${not}--state ${known}`;
  const direction = random.chance(0.08) ? ` --ctdir ${random.pick(['ORIGINAL', 'REPLY'])}` : '';
  return `-m conntrack ${not}--ctstate ${wanted}${direction}`;
}

function rule(random: Random, dialect: Dialect, chain: string, below: readonly string[], tracked: boolean): string {
  const source = random.chance(0.5) ? `${random.chance(0.1) ? '! ' : ''}-s ${random.pick(dialect.sources)}` : '';
  const destination = random.chance(0.2) ? `-d ${random.pick(dialect.destinations)}` : '';
  const port = random.chance(0.35)
    ? random.pick([
        '-p tcp -m tcp --dport 80',
        '-p udp -m udp --dport 53',
        '-p tcp',
        '-p udp',
        `-p tcp -m tcp --sport ${outer.port}`,
      ])
    : '';
  const state = tracked && random.chance(0.45) ? stateMatch(random) : '';
  const verdict = random.chance(0.5)
    ? '-j DROP'
    : random.chance(0.6)
      ? '-j ACCEPT'
      : below.length > 0
        ? `-j ${random.pick(below)}`
        : random.pick(['-j RETURN', '-j LOG', '-j REJECT']);
  if (source + destination + port + state === '' && verdict !== '-j LOG')
    return rule(random, dialect, chain, below, tracked);
  return [`-A ${chain}`, source, destination, port, state, verdict].filter((part) => part !== '').join(' ');
}

const established = (chain: string): string => `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;

function filter(random: Random, dialect: Dialect): string {
  const policy = (): string => (random.chance(0.4) ? 'DROP' : 'ACCEPT');
  const chains = ['INPUT', 'FORWARD'].flatMap((chain) => [
    ...(random.chance(0.3) ? [rule(random, dialect, chain, ['one', 'two'], true)] : []),
    ...(random.chance(0.7) ? [established(chain)] : []),
    ...Array.from({ length: 1 + random.below(5) }, () => rule(random, dialect, chain, ['one', 'two'], true)),
    // something has to get through for a flow to begin
    ...(chain === 'FORWARD' && random.chance(0.8) ? ['-A FORWARD -i eth1 -j ACCEPT'] : []),
  ]);
  const own = [
    ['one', ['two']],
    ['two', []],
  ] as const;
  const users = own.flatMap(([chain, below]) =>
    Array.from({ length: random.below(3) }, () => rule(random, dialect, chain, below, true)),
  );
  return [
    '*filter',
    `:INPUT ${policy()} [0:0]`,
    `:FORWARD ${policy()} [0:0]`,
    ':OUTPUT ACCEPT [0:0]',
    ':one - [0:0]',
    ':two - [0:0]',
    ...chains,
    ...users,
    'COMMIT',
  ].join('\n');
}

function early(random: Random, dialect: Dialect, name: 'raw' | 'mangle'): string {
  const notrack =
    name === 'raw' && random.chance(0.3)
      ? [`-A PREROUTING -s ${random.pick(dialect.sources)} -p udp -j CT --notrack`]
      : [];
  const rules = Array.from({ length: 1 + random.below(2) }, () =>
    rule(random, dialect, 'PREROUTING', [], name === 'mangle').replace(/-j (REJECT|LOG)/, '-j RETURN'),
  );
  return [`*${name}`, ':PREROUTING ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ...notrack, ...rules, 'COMMIT'].join('\n');
}

/** What `conversations.ts` counts on when it is told of NAT: replies to masqueraded flows come to the host. */
const nat = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 198.51.100.9:80
-A PREROUTING -i eth0 -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT`;

export interface RandomRules extends Rules {
  readonly v4: string;
  readonly v6: string;
  readonly nat: boolean;
}

export function randomRules(random: Random): RandomRules {
  const translated = random.chance(0.5);
  const dump = (dialect: Dialect): string =>
    [
      ...(random.chance(0.25) ? [early(random, dialect, 'raw')] : []),
      ...(random.chance(0.2) ? [early(random, dialect, 'mangle')] : []),
      ...(translated && dialect.version === 4 ? [nat] : []),
      filter(random, dialect),
    ].join('\n');
  const [v4 = '', v6 = ''] = dialects.map((dialect) => `${dump(dialect)}\n`);
  return { v4, v6, nat: translated };
}
