/** Random rulesets of one family, as model and as text. */
import fc from 'fast-check';
import type { HostFacts } from '../../src/model/host.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import type { NamedSet, SetId } from '../../src/model/set.js';
import { facts, ranges, ruleset, type ChainSpec, type TableSpec } from '../oracle/rulesets.js';
import { arbitraryRule, type Piece, type RuleFamily } from './arbitrary-rules.js';

export interface RandomRuleset {
  readonly family: RuleFamily;
  readonly ruleset: Ruleset;
  /** iptables-save or ip6tables-save, and ipset save. */
  readonly text: string;
  readonly ipset: string;
  readonly facts: HostFacts;
}

const hooks = {
  raw: { PREROUTING: ['prerouting', -300] },
  mangle: { PREROUTING: ['prerouting', -150], FORWARD: ['forward', -150], POSTROUTING: ['postrouting', -150] },
  nat: { PREROUTING: ['prerouting', -100], POSTROUTING: ['postrouting', 100] },
  filter: { INPUT: ['input', 0], FORWARD: ['forward', 0] },
} as const;

interface RandomChain {
  readonly name: string;
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly Piece[];
}

interface RandomTable {
  readonly name: 'raw' | 'mangle' | 'filter';
  readonly chains: readonly RandomChain[];
}

const users = ['one', 'two'];

function chainOf(
  family: RuleFamily,
  table: string,
  name: string,
  policy: fc.Arbitrary<'accept' | 'drop'>,
  size: number,
): fc.Arbitrary<RandomChain> {
  const later = users.slice(users.indexOf(name) + 1);
  return fc.record({
    name: fc.constant(name),
    policy,
    rules: fc.array(arbitraryRule(family, table, later), { maxLength: size }),
  });
}

function tableOf(family: RuleFamily, name: RandomTable['name']): fc.Arbitrary<RandomTable> {
  const always = fc.constant('accept' as const);
  const policy = name === 'filter' ? fc.constantFrom('accept' as const, 'accept' as const, 'drop' as const) : always;
  const chains = [
    ...Object.keys(hooks[name]).map((chain) => chainOf(family, name, chain, policy, name === 'filter' ? 8 : 3)),
    ...users.map((chain) => chainOf(family, name, chain, always, 4)),
  ];
  return fc.tuple(...chains).map((found) => ({ name, chains: found }));
}

/** When the sets were read, seconds since the epoch. */
export const asOf = 1_700_000_000;

function sets(family: RuleFamily): { sets: NamedSet[]; text: string } {
  const four = family === 4;
  const nets = four
    ? ['203.0.112.0/23', '203.0.113.0/24', '203.0.113.4/30', '198.51.100.23/32']
    : ['2001:db8:1::/48', '2001:db8:1::/64', '2001:db8:1::5/128', '2001:db8:5::23/128'];
  const id = (kind: string): SetId => `ipset:${kind}${String(family)}` as SetId;
  const base = (kind: string, type: string, elements: number) => ({
    id: id(kind),
    name: `${kind}${String(family)}`,
    type,
    elements,
    span: { file: 'sets', line: 1, column: 1 },
    counters: false,
    defaultTimeout: null,
    asOf,
  });
  const none = { nomatch: null, timeout: null };
  const pair = ranges(family, nets[3] ?? '', nets[3] ?? '', nets[3] ?? '');
  const host = (nets[3] ?? '').replace(/\/.*/, '');
  const inet = four ? '' : ' family inet6';
  const icmp = four ? 'icmp:echo-request' : 'ipv6-icmp:echo-request';
  return {
    sets: [
      {
        ...base('nets', 'hash:net', 4),
        kind: 'addresses',
        ranges: ranges(family, ...nets),
        nomatch: Uint8Array.of(0, 1, 0, 0),
        timeout: Uint32Array.of(500, 200, 100, 0),
      },
      {
        ...base('timed', 'hash:net', 2),
        kind: 'addresses',
        ranges: ranges(family, ...nets.slice(1, 3)),
        nomatch: null,
        timeout: Uint32Array.of(300, 0),
      },
      {
        ...base('tuples', 'hash:ip,port', 3),
        kind: 'tuples',
        count: 3,
        parts: [
          { kind: 'address', ranges: pair, network: false },
          {
            kind: 'port',
            protocol: Uint8Array.of(6, 17, four ? 1 : 58),
            portLo: Uint16Array.of(22, 4711, four ? 0x800 : 0x8000),
            portHi: Uint16Array.of(22, 4711, four ? 0x800 : 0x8000),
          },
        ],
        nomatch: null,
        timeout: Uint32Array.of(200, 0, 1),
      },
      {
        ...base('ports', 'bitmap:port', 2),
        kind: 'ports',
        portLo: Uint16Array.of(22, 1000),
        portHi: Uint16Array.of(22, 2000),
        nomatch: null,
        timeout: Uint32Array.of(0, 300),
      },
      { ...base('list', 'list:set', 3), kind: 'list', members: [id('tuples'), id('nets'), id('timed')], ...none },
    ],
    text:
      [
        `create nets${String(family)} hash:net${inet} timeout 0`,
        ...nets.map(
          (net, i) =>
            `add nets${String(family)} ${net} timeout ${String([500, 200, 100, 0][i])}${i === 1 ? ' nomatch' : ''}`,
        ),
        `create timed${String(family)} hash:net${inet} timeout 0`,
        `add timed${String(family)} ${nets[1] ?? ''} timeout 300`,
        `add timed${String(family)} ${nets[2] ?? ''} timeout 0`,
        `create tuples${String(family)} hash:ip,port${inet} timeout 0`,
        `add tuples${String(family)} ${host},tcp:22 timeout 200`,
        `add tuples${String(family)} ${host},udp:4711`,
        `add tuples${String(family)} ${host},${icmp} timeout 1`,
        `create ports${String(family)} bitmap:port range 0-65535 timeout 0`,
        `add ports${String(family)} 22`,
        `add ports${String(family)} 1000-2000 timeout 300`,
        `create list${String(family)} list:set size 8`,
        `add list${String(family)} tuples${String(family)}`,
        `add list${String(family)} nets${String(family)}`,
        `add list${String(family)} timed${String(family)}`,
      ].join('\n') + '\n',
  };
}

function toSpec(family: RuleFamily, table: RandomTable): TableSpec {
  const hooked: Record<string, readonly [string, number]> = hooks[table.name];
  const chains = table.chains.map(({ name, policy, rules }): [string, ChainSpec] => {
    const hook = hooked[name];
    const parts = rules.map((rule) => rule.parts);
    if (hook === undefined) return [name, { rules: parts }];
    return [name, { hook: hook[0] as NonNullable<ChainSpec['hook']>, priority: hook[1], policy, rules: parts }];
  });
  return { family: family === 4 ? 'ip' : 'ip6', name: table.name, chains: Object.fromEntries(chains) };
}

function toText({ name, chains }: RandomTable): string {
  return [
    `*${name}`,
    ...chains.map((chain) => `:${chain.name} ${users.includes(chain.name) ? '-' : chain.policy.toUpperCase()} [0:0]`),
    ...chains.flatMap((chain) => chain.rules.map(({ text }) => `-A ${chain.name}${text === '' ? '' : ' '}${text}`)),
    'COMMIT',
    '',
  ].join('\n');
}

/** A masquerading router, or one that also sends port 80 elsewhere. */
function natTable(family: RuleFamily, forwards: boolean): { spec: TableSpec; text: string } {
  const server = family === 4 ? '10.0.0.2:8080' : '[fd00::2]:8080';
  const masquerade: ChainSpec = {
    hook: 'postrouting',
    priority: 100,
    type: 'nat',
    rules: [[{ kind: 'nat', name: 'MASQUERADE', text: '-j MASQUERADE', changes: 'source' }]],
  };
  const text = `-j DNAT --to-destination ${server}`;
  const dnat: ChainSpec = {
    hook: 'prerouting',
    priority: -100,
    type: 'nat',
    rules: [
      [
        { kind: 'protocol', protocols: [[6, 6]], negate: false },
        { kind: 'port', field: 'dport', ranges: [[80, 80]], negate: false, headerBytes: 20 },
        { kind: 'nat', name: 'DNAT', text, changes: 'destination' },
      ],
    ],
  };
  const chains = forwards ? { PREROUTING: dnat, POSTROUTING: masquerade } : { POSTROUTING: masquerade };
  return {
    spec: { family: family === 4 ? 'ip' : 'ip6', name: 'nat', chains },
    text: [
      '*nat',
      ...Object.keys(chains).map((chain) => `:${chain} ACCEPT [0:0]`),
      ...(forwards ? [`-A PREROUTING -p tcp -m tcp --dport 80 ${text}`] : []),
      '-A POSTROUTING -j MASQUERADE',
      'COMMIT',
      '',
    ].join('\n'),
  };
}

/** Local routes outside the local table make destinations ambiguous; PROPERTY_WIDE=1 has them. */
const localRoutes = facts.localRoutes.filter(({ table }) => table === 255 || process.env['PROPERTY_WIDE'] === '1');

export function arbitraryRuleset(family: RuleFamily): fc.Arbitrary<RandomRuleset> {
  const tables = fc.tuple(tableOf(family, 'raw'), tableOf(family, 'mangle'), tableOf(family, 'filter'));
  const withNat = fc.constantFrom('none', 'none', 'none', 'masquerade', 'forwards');
  return fc.tuple(tables, withNat, fc.constantFrom(true, false, null)).map(([found, nat, forwarding]) => {
    const made = sets(family);
    const extra = nat === 'none' ? [] : [natTable(family, nat === 'forwards')];
    return {
      family,
      ruleset: ruleset([...found.map((table) => toSpec(family, table)), ...extra.map(({ spec }) => spec)], made.sets),
      text: found.map(toText).join('') + extra.map(({ text }) => text).join(''),
      ipset: made.text,
      facts: { ...facts, localRoutes, forwarding: { ip: forwarding, ip6: forwarding } },
    };
  });
}
