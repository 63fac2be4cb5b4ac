import test from 'ava';
import { createOracle } from '../../src/oracle/oracle.js';
import type { HostFacts } from '../../src/model/host.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import type { SetId } from '../../src/model/set.js';
import {
  accept,
  dport,
  drop,
  established,
  facts,
  frame,
  frame6,
  from,
  input,
  jump,
  log,
  not,
  PEER,
  proto,
  ranges,
  reject,
  router,
  ruleset,
  to,
} from './rulesets.js';

const kindOf = (rules: Ruleset, bytes: Uint8Array, host: HostFacts = facts): string =>
  createOracle(rules, host, 'eth0').fate(bytes).kind;

const ip = (a: number, b: number, c: number, d: number): Uint32Array =>
  Uint32Array.of(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);

const sourceDrop = input([[from('203.0.113.0/24'), drop]]);

test('a source drop holds for its addresses only', (t) => {
  t.is(kindOf(sourceDrop, frame()), 'drop');
  t.is(kindOf(sourceDrop, frame({ saddr: ip(203, 0, 112, 255) })), 'pass');
  t.is(kindOf(sourceDrop, frame({ saddr: ip(203, 0, 113, 0) })), 'drop');
  t.is(kindOf(sourceDrop, frame({ saddr: ip(203, 0, 114, 0) })), 'pass');
});

test('an effect before the drop is met, an unknown accept leaves it open', (t) => {
  t.is(
    kindOf(
      input([
        [proto(6), log],
        [from('203.0.113.5'), drop],
      ]),
      frame(),
    ),
    'pass',
  );
  t.is(
    kindOf(
      input([
        [established, accept],
        [from('203.0.113.5'), drop],
      ]),
      frame(),
    ),
    'depends',
  );
  t.is(
    kindOf(
      input([
        [established, drop],
        [from('203.0.113.5'), drop],
      ]),
      frame(),
    ),
    'drop',
  );
  t.is(kindOf(input([[from('203.0.113.5'), reject]]), frame()), 'pass');
  t.is(
    kindOf(input([[{ kind: 'unknown', name: 'limit', text: '', knowledge: 'stateful' }, drop], [drop]]), frame()),
    'pass',
  );
  t.is(
    kindOf(input([[{ kind: 'unknown', name: 'mark', text: '', knowledge: 'pure' }, accept], [drop]]), frame()),
    'depends',
  );
});

test('jump, goto and return', (t) => {
  const rules = (last: 'jump' | 'goto'): Ruleset =>
    ruleset([
      {
        chains: {
          INPUT: {
            hook: 'input',
            rules: [
              [proto(6), { kind: last, chain: 'sub' }],
              [from('203.0.113.5'), drop],
            ],
          },
          sub: {
            rules: [
              [dport(22), { kind: 'return' }],
              [dport(80), accept],
              [dport(81), drop],
            ],
          },
        },
      },
    ]);
  t.is(kindOf(rules('jump'), frame()), 'drop');
  t.is(kindOf(rules('goto'), frame()), 'pass');
  t.is(kindOf(rules('jump'), frame({ dport: 80 })), 'pass');
  t.is(kindOf(rules('goto'), frame({ dport: 81 })), 'drop');
  t.is(kindOf(input([[jump('nowhere')], [drop]]), frame()), 'depends');
});

test('the policy drops what is not accepted', (t) => {
  const fate = createOracle(input([[proto(6), dport(22), accept]], 'drop'), facts, 'eth0').fate(frame({ dport: 23 }));
  t.deepEqual(fate, { kind: 'drop', rule: 'ip filter INPUT policy', rules: ['ip filter INPUT policy'] } as never);
  t.is(kindOf(input([[proto(6), dport(22), accept]], 'drop'), frame()), 'pass');
});

test('accept ends its base chain only', (t) => {
  const rules = ruleset([
    { name: 'raw', chains: { PREROUTING: { hook: 'prerouting', priority: -300, rules: [[accept]] } } },
    { chains: { INPUT: { hook: 'input', rules: [[from('203.0.113.5'), drop]] } } },
  ]);
  t.is(kindOf(rules, frame()), 'drop');
});

test('local, forwarded and lost', (t) => {
  const away = frame({ daddr: ip(198, 51, 100, 1) });
  t.is(kindOf(sourceDrop, away), 'lost');
  t.is(kindOf(sourceDrop, away, router), 'pass');
  const both = ruleset([
    {
      chains: {
        INPUT: { hook: 'input', rules: [[from('203.0.113.5'), drop]] },
        FORWARD: { hook: 'forward', rules: [[from('203.0.113.5'), drop]] },
      },
    },
  ]);
  t.is(kindOf(both, away, router), 'drop');
  t.is(kindOf(both, frame({ daddr: ip(198, 51, 100, 1), ttl: 1 }), router), 'lost');
  t.is(kindOf(both, frame({ daddr: ip(198, 51, 100, 1), destinationMac: 0xffffffffffff }), router), 'lost');
  t.is(kindOf(sourceDrop, frame({ daddr: ip(198, 18, 0, 1) }), router), 'depends');
  t.is(kindOf(sourceDrop, frame({ daddr: ip(224, 0, 0, 1) })), 'drop');
  t.is(kindOf(sourceDrop, frame({ daddr: ip(192, 0, 2, 255) })), 'drop');
});

test('NAT makes the destination unknown after prerouting', (t) => {
  const nat = {
    name: 'nat',
    chains: {
      PREROUTING: {
        hook: 'prerouting' as const,
        priority: -100,
        type: 'nat' as const,
        rules: [[dport(80), { kind: 'nat' as const, name: 'DNAT', text: '', changes: 'destination' as const }]],
      },
    },
  };
  const filter = (rule: readonly Parameters<typeof input>[0][0][number][]): Ruleset =>
    ruleset([
      nat,
      { chains: { INPUT: { hook: 'input', rules: [rule] }, FORWARD: { hook: 'forward', rules: [rule] } } },
    ]);
  t.is(kindOf(filter([from('203.0.113.5'), drop]), frame(), router), 'drop');
  t.is(kindOf(filter([to('192.0.2.1'), drop]), frame(), router), 'depends');
  t.is(kindOf(filter([proto(6), dport(22), drop]), frame()), 'depends');
  t.is(
    kindOf(
      ruleset([nat, { chains: { INPUT: { hook: 'input', rules: [[from('203.0.113.5'), drop]] } } }]),
      frame(),
      router,
    ),
    'depends',
  );
});

test('traps of the link layer and of lengths', (t) => {
  t.is(kindOf(sourceDrop, frame({ vlans: [0, 0] })), 'drop');
  t.is(kindOf(sourceDrop, frame({ vlans: [5] })), 'lost');
  t.is(kindOf(sourceDrop, frame({ destinationMac: PEER })), 'lost');
  t.is(kindOf(sourceDrop, frame({ options: Uint8Array.of(1, 1, 1, 0) })), 'drop');
  t.is(kindOf(sourceDrop, frame({ options: Uint8Array.of(131, 7, 4, 1, 2, 3, 4, 0) })), 'lost');
  const long = frame();
  long[17] = 61; // total length
  t.is(kindOf(sourceDrop, long), 'lost');
});

test('fragments and short headers: only addresses and the protocol are known', (t) => {
  const port = input([[proto(6), dport(22), drop]]);
  const shapes = [{ fragment: { offset: 0, more: true } }, { fragment: { offset: 8, more: false } }, { cutTo: 8 }];
  for (const shape of shapes) {
    t.is(kindOf(sourceDrop, frame(shape)), 'drop');
    t.is(kindOf(port, frame(shape)), 'depends');
    t.is(kindOf(input([[proto(6), drop]]), frame(shape)), 'drop');
  }
  const nft = ruleset([{ dialect: 'nft', chains: { i: { hook: 'input', rules: [[proto(6), dport(22), drop]] } } }]);
  t.is(kindOf(nft, frame({ cutTo: 8 })), 'drop');
  t.is(kindOf(nft, frame({ cutTo: 3 })), 'pass');
});

test('IPv6 extension headers', (t) => {
  const rules = ruleset([
    { family: 'ip6', chains: { INPUT: { hook: 'input', rules: [[proto(6), dport(22), drop]] } } },
  ]);
  const header = (type: number): { type: number; bytes: Uint8Array } => ({ type, bytes: new Uint8Array(8) });
  t.is(kindOf(rules, frame6()), 'drop');
  t.is(kindOf(rules, frame6({ dport: 23 })), 'pass');
  t.is(kindOf(rules, frame6({ extensions: [header(60), header(43), header(60)] })), 'drop');
  t.is(kindOf(rules, frame6({ extensions: [header(51)] })), 'depends');
  t.is(kindOf(rules, frame6({ extensions: [header(135)] })), 'pass');
  t.is(kindOf(rules, frame6({ fragment: { offset: 0, more: true } })), 'depends');
  t.is(kindOf(rules, frame()), 'pass');
});

test('GRO may add FIN and PSH to segments with payload', (t) => {
  const fin = input([[proto(6), { kind: 'tcpFlags', mask: 1, value: 0, negate: false }, drop]]);
  t.is(kindOf(fin, frame({ tcpFlags: 16 })), 'drop');
  t.is(kindOf(fin, frame({ tcpFlags: 16, payload: 10 })), 'depends');
  t.is(kindOf(fin, frame({ tcpFlags: 2, payload: 10 })), 'drop');
});

test('sets: nomatch, timeouts and tuples', (t) => {
  const id = 'ipset:bad' as SetId;
  const shape = { id, name: 'bad', span: { file: 'test', line: 1, column: 1 }, counters: false, defaultTimeout: null };
  const match = {
    kind: 'set',
    set: id,
    name: 'bad',
    dimensions: ['src', 'dst'],
    negate: false,
    uninterpreted: [],
  } as const;
  const nets = ruleset(
    [{ chains: { INPUT: { hook: 'input', rules: [[match, drop]] } } }],
    [
      {
        ...shape,
        kind: 'addresses',
        type: 'hash:net',
        elements: 3,
        ranges: ranges(4, '203.0.0.0/16', '203.0.113.0/24', '203.0.113.128/25'),
        nomatch: Uint8Array.of(0, 1, 0),
        timeout: Uint32Array.of(0, 0, 60),
      },
    ],
  );
  t.is(kindOf(nets, frame({ saddr: ip(203, 0, 1, 1) })), 'drop');
  t.is(kindOf(nets, frame()), 'pass');
  t.is(kindOf(nets, frame({ saddr: ip(203, 0, 113, 200) })), 'depends');
  const tuples = ruleset(
    [{ chains: { INPUT: { hook: 'input', rules: [[match, drop]] } } }],
    [
      {
        ...shape,
        kind: 'tuples',
        type: 'hash:ip,port',
        elements: 3,
        count: 3,
        parts: [
          { kind: 'address', ranges: ranges(4, '203.0.113.5', '203.0.113.5', '203.0.113.5'), network: false },
          {
            kind: 'port',
            protocol: Uint8Array.of(6, 1, 47),
            portLo: Uint16Array.of(22, 0x800, 0),
            portHi: Uint16Array.of(22, 0x800, 0),
          },
        ],
        nomatch: null,
        timeout: null,
      },
    ],
  );
  t.is(kindOf(tuples, frame()), 'drop');
  t.is(kindOf(tuples, frame({ dport: 23 })), 'pass');
  t.is(kindOf(tuples, frame({ protocol: 17 })), 'pass');
  t.is(kindOf(tuples, frame({ protocol: 1, icmpType: 8 })), 'drop');
  t.is(kindOf(tuples, frame({ protocol: 1, icmpType: 0 })), 'pass');
  t.is(kindOf(tuples, frame({ protocol: 47 })), 'drop');
});

test('interfaces: another device is false here, an outgoing one is empty in input', (t) => {
  const on = (direction: 'in' | 'out', name: string, wildcard = false) =>
    ({ kind: 'interface', direction, name, wildcard, negate: false }) as const;
  t.is(kindOf(input([[on('in', 'lo'), accept], [drop]]), frame()), 'drop');
  t.is(kindOf(input([[on('in', 'eth', true), drop]]), frame()), 'drop');
  t.is(kindOf(input([[on('out', 'eth1'), drop]]), frame()), 'pass');
  t.is(kindOf(input([[not(on('out', 'eth1')), drop]]), frame()), 'drop');
});

test('what a jump asks of an unknown field holds in the chain it leads to', (t) => {
  const rules = (second: number): Ruleset =>
    ruleset([
      {
        family: 'ip6',
        chains: {
          INPUT: { hook: 'input', rules: [[proto(6), jump('sub')], [drop]] },
          sub: { rules: [[proto(second), accept]] },
        },
      },
    ]);
  const fragment = frame6({ fragment: { offset: 0, more: true } });
  t.is(kindOf(rules(132), fragment), 'drop');
  t.is(kindOf(rules(6), fragment), 'depends');
});

test('without a connection, established is false and nothing has been rewritten', (t) => {
  const host = createOracle(
    input([
      [established, accept],
      [from('203.0.113.5'), drop],
    ]),
    facts,
    'eth0',
  );
  t.is(host.fate(frame(), undefined, true).kind, 'drop');
  t.is(host.fate(frame({ protocol: 1 }), undefined, true).kind, 'depends', 'conntrack cannot be asked about ICMP');
  t.is(host.fate(frame({ fragment: { offset: 0, more: true } }), undefined, true).kind, 'depends');
  const zone = { kind: 'annotate', name: 'zone', text: '' } as const;
  const zoned = createOracle(input([[zone], [established, accept], [from('203.0.113.5'), drop]]), facts, 'eth0');
  t.is(zoned.fate(frame(), undefined, true).kind, 'depends');
  const masquerade = { kind: 'nat', name: 'MASQUERADE', text: '', changes: 'source' } as const;
  const nat = ruleset([
    {
      name: 'nat',
      chains: { POSTROUTING: { hook: 'postrouting', priority: 100, type: 'nat', rules: [[masquerade]] } },
    },
    { chains: { INPUT: { hook: 'input', rules: [[to('192.0.2.1'), drop]] } } },
  ]);
  const router2 = createOracle(nat, router, 'eth0');
  t.is(router2.fate(frame()).kind, 'depends');
  t.is(router2.fate(frame(), undefined, true).kind, 'drop');
});

test('a datagram is reassembled into the frame of its first fragment: its MAC and packet type are not this one', (t) => {
  const later = frame({ fragment: { offset: 2, more: false }, destinationMac: 0xffffffffffff });
  const broadcast = { kind: 'packetType', type: 'broadcast', negate: false } as const;
  t.is(kindOf(input([[broadcast, drop]]), later), 'depends');
  t.is(kindOf(input([[{ kind: 'mac', addresses: Float64Array.of(PEER), negate: false }, drop]]), later), 'depends');
  t.is(kindOf(input([[broadcast, drop]]), frame({ destinationMac: 0xffffffffffff })), 'drop');
});

test('0.0.0.0/8 is unicast but for 0.0.0.0', (t) => {
  const type = (name: 'BROADCAST' | 'UNICAST') =>
    input([[{ kind: 'addressType', field: 'saddr', types: [name], negate: false, limitInterface: null }, drop]]);
  t.is(kindOf(type('UNICAST'), frame({ saddr: ip(0, 1, 2, 3) })), 'drop');
  t.is(kindOf(type('BROADCAST'), frame({ saddr: ip(0, 1, 2, 3) })), 'pass');
});

test('a set of ports: nft reads a cut header as far as it goes, ipset wants all of it', (t) => {
  const id = 'nft:inet t ports' as SetId;
  const ports = {
    kind: 'ports',
    id,
    name: 'ports',
    type: 'inet_service',
    span: { file: 'test', line: 1, column: 1 },
    counters: false,
    defaultTimeout: null,
    elements: 1,
    nomatch: null,
    timeout: null,
    portLo: Uint16Array.of(22),
    portHi: Uint16Array.of(22),
  } as const;
  const inSet = { kind: 'set', set: id, name: 'ports', dimensions: ['dst'], negate: false, uninterpreted: [] } as const;
  const of = (dialect: 'nft' | 'iptables', hook: 'input' | 'ingress' = 'input'): Ruleset => {
    return ruleset(
      [
        {
          dialect,
          family: hook === 'input' ? 'ip' : 'netdev',
          chains: { c: { hook, devices: ['eth0'], rules: [[proto(6), inSet, drop]] } },
        },
      ],
      [ports],
    );
  };
  const frames = [undefined, 8, 2].map((cutTo) => frame({ dport: 22, ...(cutTo !== undefined && { cutTo }) }));
  const kinds = (rules: Ruleset): string[] => frames.map((one) => kindOf(rules, one));
  t.deepEqual(kinds(of('nft')), ['drop', 'drop', 'pass']);
  t.deepEqual(kinds(of('iptables')), ['drop', 'pass', 'pass']);
  // Padding may stand where the header ends.
  t.deepEqual(kinds(of('nft', 'ingress')), ['drop', 'drop', 'depends']);
});
