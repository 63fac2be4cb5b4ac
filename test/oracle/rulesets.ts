/** Rulesets in the model, written by hand: the oracle's tests must not depend on a parser. */
import { parsePrefix } from '../../src/oracle/parse-prefix.js';
import { buildFrame, type FrameSpec } from '../../src/oracle/build-frame.js';
import type { AddressFamily, AddressRanges } from '../../src/model/address.js';
import type { HostFacts, HostRoute } from '../../src/model/host.js';
import type { AddressMatch, Match, Part, Statement } from '../../src/model/match.js';
import type { BaseChain, Chain, Family, Hook, Rule, RuleId, Ruleset, Table } from '../../src/model/ruleset.js';
import type { NamedSet } from '../../src/model/set.js';

const span = { file: 'test', line: 1, column: 1 };

export const MAC = 0x020000000001;
export const PEER = 0x020000000002;

const route = (family: AddressFamily, prefix: string, device: string | null, metric = 0): HostRoute => ({
  family,
  prefix,
  type: device === null ? 'blackhole' : 'unicast',
  table: 254,
  metric,
  devices: device === null ? [] : [device],
});

export const facts = {
  forwarding: { ip: false, ip6: false },
  localRoutes: [
    { family: 4, prefix: '127.0.0.0/8', type: 'local', table: 255 },
    { family: 4, prefix: '192.0.2.1/32', type: 'local', table: 255 },
    { family: 4, prefix: '192.0.2.255/32', type: 'broadcast', table: 255 },
    { family: 4, prefix: '198.18.0.0/16', type: 'local', table: 100 },
    { family: 6, prefix: '2001:db8::1/128', type: 'local', table: 255 },
  ],
  devices: ['eth0', 'wg0', 'eth1'].map((name, i) => ({
    name,
    ifindex: i + 2,
    mac: MAC,
    mtu: 1500,
    kind: null,
    master: null,
    upper: [],
  })),
  ipsec: false,
  routing: {
    answers: { ip: true, ip6: true },
    rules: { ip: [], ip6: [] },
    skipsLinkDown: false,
    routes: [
      route(4, '192.0.2.0/24', 'eth0'),
      route(4, '203.0.113.0/25', 'eth0'),
      route(4, '203.0.113.64/26', null),
      route(4, '198.51.100.0/24', 'eth1', 10),
      route(4, '198.51.100.0/24', 'eth0', 20),
      route(4, '128.0.0.0/1', 'eth1'),
      route(6, '2001:db8::/48', 'eth0'),
      route(6, '2001:db8:5::/48', 'eth1'),
      route(6, '2001:db8:5:8000::/49', null),
      route(6, '2001:db8::/32', 'eth0', 1024),
      route(6, 'fe80::/64', 'eth0', 256),
      route(6, 'fe80::/64', 'eth1', 256),
    ],
  },
} satisfies HostFacts;

export const router = { ...facts, forwarding: { ip: true, ip6: true } } satisfies HostFacts;

export const drop: Statement = { kind: 'drop' };
export const accept: Statement = { kind: 'accept' };
export const log: Statement = { kind: 'observe', name: 'LOG', text: '-j LOG' };
export const reject: Statement = { kind: 'reject', text: '-j REJECT' };
export const jump = (chain: string): Statement => ({ kind: 'jump', chain });

export function ranges(family: AddressFamily, ...prefixes: string[]): AddressRanges {
  const bounds = prefixes.map((prefix) => parsePrefix(family, prefix));
  return {
    family,
    count: bounds.length,
    lo: Uint32Array.from(bounds.flatMap(({ lo }) => [...lo])),
    hi: Uint32Array.from(bounds.flatMap(({ hi }) => [...hi])),
  };
}

export const from = (...prefixes: string[]): AddressMatch => addressMatch('saddr', prefixes);
export const to = (...prefixes: string[]): AddressMatch => addressMatch('daddr', prefixes);

function addressMatch(field: 'saddr' | 'daddr', prefixes: string[]): AddressMatch {
  const family = prefixes[0]?.includes(':') === true ? 6 : 4;
  return { kind: 'address', field, ranges: ranges(family, ...prefixes), negate: false };
}

export const proto = (protocol: number): Match => ({
  kind: 'protocol',
  protocols: [[protocol, protocol]],
  negate: false,
});
export const dport = (low: number, high = low, headerBytes = 20): Match => ({
  kind: 'port',
  field: 'dport',
  ranges: [[low, high]],
  negate: false,
  headerBytes,
});
export const established: Match = { kind: 'ctState', states: ['ESTABLISHED'], negate: false };
export const not = <M extends Match & { negate: boolean }>(match: M): M => ({ ...match, negate: true });

type RuleParts = readonly (Match | Statement)[];

const statementKinds = new Set([
  'accept',
  'drop',
  'return',
  'jump',
  'goto',
  'reject',
  'nat',
  'annotate',
  'setMark',
  'mangle',
  'observe',
  'handover',
  'opaque',
]);

const toPart = (part: Match | Statement): Part =>
  statementKinds.has(part.kind) ? { statement: part as Statement, span } : { match: part as Match, span };

export interface ChainSpec {
  readonly hook?: Hook;
  readonly priority?: number;
  readonly policy?: 'accept' | 'drop';
  readonly type?: BaseChain['type'];
  readonly devices?: readonly string[];
  readonly rules: readonly RuleParts[];
}

export interface TableSpec {
  readonly family?: Family;
  readonly name?: string;
  readonly dialect?: 'iptables' | 'nft';
  readonly chains: Readonly<Record<string, ChainSpec>>;
}

export function ruleset(tables: readonly TableSpec[], sets: readonly NamedSet[] = []): Ruleset {
  return {
    inputs: [],
    tables: tables.map(buildTable),
    sets: new Map(sets.map((set) => [set.id, set])),
  };
}

function buildTable(spec: TableSpec): Table {
  const family = spec.family ?? 'ip';
  const name = spec.name ?? 'filter';
  const chains = Object.entries(spec.chains).map(([chain, { hook, ...rest }]): [string, Chain] => {
    const rules = rest.rules.map((parts, i): Rule => {
      const id = `${family} ${name} ${chain} ${String(i + 1)}` as RuleId;
      return { id, number: i + 1, span, text: id, parts: parts.map(toPart) };
    });
    const base = { name: chain, span, rules };
    if (hook === undefined) return [chain, { ...base, kind: 'regular' }];
    const { priority = 0, policy = 'accept', type = 'filter', devices = [] } = rest;
    return [chain, { ...base, kind: 'base', hook, priority, policy, type, devices }];
  });
  return { family, name, dialect: spec.dialect ?? 'iptables', file: 'test', span, chains: new Map(chains) };
}

/** One filter table with an INPUT chain of these rules. */
export const input = (rules: readonly RuleParts[], policy: 'accept' | 'drop' = 'accept'): Ruleset =>
  ruleset([{ chains: { INPUT: { hook: 'input', policy, rules } } }]);

const base: FrameSpec = {
  family: 4,
  saddr: Uint32Array.of(0xcb007105), // 203.0.113.5
  daddr: Uint32Array.of(0xc0000201), // 192.0.2.1
  protocol: 6,
  sport: 40000,
  dport: 22,
  tcpFlags: 2,
  icmpType: 8,
  icmpCode: 0,
  ttl: 64,
  tos: 0,
  payload: 0,
  sourceMac: PEER,
  destinationMac: MAC,
  vlans: [],
  fragment: null,
  identifier: 1,
  options: new Uint8Array(0),
  extensions: [],
  cutTo: null,
};

const base6: FrameSpec = {
  ...base,
  family: 6,
  saddr: Uint32Array.of(0x20010db8, 0, 1, 5),
  daddr: Uint32Array.of(0x20010db8, 0, 0, 1),
};

export const frame = (spec: Partial<FrameSpec> = {}): Uint8Array => buildFrame({ ...base, ...spec });
export const frame6 = (spec: Partial<FrameSpec> = {}): Uint8Array => buildFrame({ ...base6, ...spec });
