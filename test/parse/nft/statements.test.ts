import test from 'ava';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { printRule } from '../../../src/parse/nft/print-statement.js';
import type { Expression, Rule, Statement } from '../../../src/parse/nft/tree.js';
import { nodesOf } from './walk-tree.js';
import { withoutPlaces } from './without-places.js';

export function readRule(text: string): Rule {
  const [table] = parseNft(`table inet t {\n\tchain c {\n${text}\n\t}\n}\n`, 'x.nft').commands;
  const chain = table?.kind === 'table' ? table.items?.[0] : undefined;
  const rule = chain?.kind === 'chain' ? chain.items[0] : undefined;
  if (rule?.kind !== 'rule') throw new Error('no rule');
  return rule;
}

/** Rules as people or nft write them, and as we print them (the same, where only one is given). */
const rows: readonly (readonly [string, string?])[] = [
  // matches and operators
  ['tcp dport 22'],
  ['tcp dport == 22'],
  ['tcp dport eq 22', 'tcp dport == 22'],
  ['tcp dport != ssh'],
  ['tcp dport ne ssh', 'tcp dport != ssh'],
  ['tcp dport 33-45'],
  ['tcp dport { 22, 80-90 }'],
  ['tcp dport {22,80-90,}', 'tcp dport { 22, 80-90 }'],
  ['tcp dport != { ssh, 80 }'],
  ['tcp dport @ports'],
  ['tcp dport $ports'],
  ['ip saddr 10.0.0.0/8'],
  ['ip saddr & 255.255.255.0 == 10.0.0.0'],
  ['ip saddr and 255.255.255.0 == 10.0.0.0', 'ip saddr & 255.255.255.0 == 10.0.0.0'],
  ['ip6 saddr fe80::1-fe80::ff'],
  ['ip ttl < 5'],
  ['ip ttl gt 5', 'ip ttl > 5'],
  ['ip length >= 100'],
  ['ip length <= 100'],
  ['tcp flags syn'],
  ['tcp flags ! syn'],
  ['tcp flags syn,ack'],
  ['tcp flags syn / fin,syn'],
  ['tcp flags != syn / fin,syn'],
  ['tcp flags fin,syn / fin,syn'],
  ['tcp flags syn / syn'],
  ['tcp flags & (syn | rst) == syn'],
  ['tcp flags & (fin|syn|rst|ack) == syn', 'tcp flags & (fin | syn | rst | ack) == syn'],
  ['tcp flags { syn | ack, syn }'],
  ['ct state established,related'],
  ['ct state { established, related }'],
  ['ct state != invalid'],
  ['ct original ip saddr 1.2.3.4'],
  ['ct reply proto-dst 22'],
  ['ct status dnat'],
  ['ct direction original'],
  ['ct mark & 0xff == 0x10'],
  ['ct expiration 30s'],
  ['meta mark 0x10'],
  ['mark 0x10', 'meta mark 0x10'],
  ['iifname "eth0"', 'meta iifname "eth0"'],
  ['iifname eth*', 'meta iifname eth*'],
  ['iif lo', 'meta iif lo'],
  ['meta l4proto { tcp, udp }'],
  ['meta nfproto ipv4'],
  ['meta protocol ip'],
  ['ether type ip ip saddr 1.2.3.4'],
  ['ether saddr 00:11:22:33:44:55'],
  ['meta ipsec exists'],
  ['ipsec exists', 'meta ipsec exists'],
  ['ipsec in reqid 1'],
  ['ipsec out spnum 1 ip6 saddr fe80::1'],
  ['meta hour "17:00"-"18:00"'],
  ['meta priority 1:2'],
  ['@th,160,112 0x870697a7a6173656f03636f6d00'],
  ['@nh, 96, 32 10', '@nh,96,32 10'],
  ['frag more-fragments 1'],
  ['exthdr hbh exists'],
  ['rt0 addr[1] fe80::1'],
  ['srh sid[2] fe80::1'],
  ['tcp option maxseg size 1400'],
  ['tcp option mss size 1400', 'tcp option maxseg size 1400'],
  ['tcp option sack exists'],
  ['tcp option @42,16,4 1'],
  ['ip option ra value 1'],
  ['sctp chunk data tsn 1'],
  ['dccp option 3 exists'],
  ['fib daddr type local'],
  ['fib saddr . iif oif missing'],
  ['fib saddr . mark . iif oif != 0'],
  ['rt mtu 1400'],
  ['rt ip nexthop 1.2.3.4'],
  ['rt type 0'],
  ['socket transparent 1'],
  ['socket cgroupv2 level 2 "a/b"'],
  ['osf name "Linux"'],
  ['osf ttl loose version "Linux:4.20"'],
  ['numgen inc mod 2 offset 100 101'],
  ['jhash ip saddr . tcp dport mod 2 seed 1 offset 3 4'],
  ['symhash mod 2 0'],
  ['tunnel id 10'],
  ['vxlan vni 10'],
  ['vxlan ip saddr 10.0.0.0/8'],
  ['gretap ether saddr 62:87:4d:d6:19:05'],
  ['ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2-10.0.0.9 . 80-90 }'],
  ['ip saddr . meta mark @s'],
  ['arp saddr ip 1.2.3.4'],
  ['ip6 nexthdr icmpv6 icmpv6 type echo-request'],
  ['icmpv6 param-problem 1', 'icmpv6 parameter-problem 1'],
  ['ip dscp << 2 == 0x40'],
  // verdicts
  ['accept'],
  ['tcp dport 22 jump a-b.c'],
  ['goto $chain'],
  ['ct state vmap { established : accept, invalid : drop }'],
  ['tcp dport vmap @m'],
  ['ip saddr . tcp dport vmap { 1.1.1.1 . 22 : jump x, * : drop }'],
  ['tcp dport 53 jump {\n accept\n drop\n}', 'tcp dport 53 jump {\n\t\t\taccept\n\t\t\tdrop\n\t\t}'],
  // counters, limits, log
  ['counter'],
  ['counter packets 18446744073709551615 bytes 9007199254740993'],
  ['counter name "c"'],
  ['counter name tcp dport map { 22 : "a" }'],
  ['limit rate 10/second'],
  ['limit rate over 400/minute burst 5 packets'],
  ['limit rate 10 mbytes/second burst 12 mbytes'],
  ['limit name "l"'],
  ['quota over 25 mbytes used 10 bytes'],
  ['quota until 1 kbytes', 'quota 1 kbytes'],
  ['ct count over 10'],
  ['last used 5m'],
  ['last used never'],
  ['log prefix "a b" group 2 snaplen 10 queue-threshold 4'],
  ['log level debug flags all'],
  ['log flags tcp sequence,options flags ip options', 'log flags tcp sequence flags tcp options flags ip options'],
  ['reject'],
  ['reject with icmpx type admin-prohibited', 'reject with icmpx admin-prohibited'],
  ['reject with icmp 3'],
  ['reject with tcp reset'],
  // NAT
  ['dnat to 1.2.3.4'],
  ['dnat ip6 to [fd00::1]:80'],
  ['snat ip to 1.2.3.4-1.2.3.9:1000-2000 random,persistent'],
  ['dnat to :80'],
  ['dnat 1.2.3.4:80', 'dnat to 1.2.3.4:80'],
  ['snat ip prefix to ip saddr map { 10.0.0.0/24 : 192.0.2.0/24 }'],
  ['dnat ip addr . port to ip saddr . tcp dport map @m'],
  ['dnat ip interval to ip saddr map @m'],
  ['masquerade'],
  ['masquerade to :1024-2048 fully-random'],
  ['redirect to :3128'],
  ['redirect to 3128', 'redirect to :3128'],
  ['redirect to :tcp dport map { 22 : 8000 }'],
  // changes
  ['meta mark set 1'],
  ['mark set mark & 0xff | 1', 'meta mark set meta mark & 0xff | 1'],
  ['meta mark set ip saddr map { 1.1.1.1 : 1 }'],
  ['ct mark set (meta mark | 1) & 7'],
  ['ct event set new,related,mark'],
  ['ct original zone set 1'],
  ['ct helper set "ftp"'],
  ['ct timeout set "t"'],
  ['meta secmark set "s"'],
  ['meta secmark set ct secmark'],
  ['ip dscp set cs1'],
  ['tcp option maxseg size set rt mtu'],
  ['ip protocol set icmp'],
  ['reset tcp option timestamp'],
  ['notrack'],
  ['add @s { ip saddr }'],
  ['add @s { ip saddr timeout 1m limit rate 10/second }'],
  ['update @s { ip saddr . tcp dport counter : 10.0.0.1 . 80 }'],
  ['delete @s { ip saddr }'],
  ['set add ip saddr timeout 5s @s', 'add @s { ip saddr timeout 5s }'],
  ['meter m size 100 { ip saddr limit rate 10/second }'],
  ['flow table m { ip saddr counter }', 'meter m { ip saddr counter }'],
  // handing over
  ['queue'],
  ['queue num 1-3 bypass,fanout', 'queue flags bypass,fanout to 1-3'],
  ['queue to numgen inc mod 2'],
  ['queue flags bypass to ip saddr map { 1.1.1.1 : 1 }'],
  ['dup to 1.2.3.4 device "lo"'],
  ['fwd to "lo"'],
  ['fwd ip to 1.2.3.4 device "lo"'],
  ['tproxy ip to 1.2.3.4:80'],
  ['tproxy to :80'],
  ['synproxy mss 1460 wscale 7 timestamp sack-perm'],
  ['synproxy name "s"'],
  ['flow offload @f', 'flow add @f'],
  ['xt match recent', 'xt match "recent"'],
  ['xt target "LOG"'],
  // several
  ['tcp dport 22 counter accept comment "a \\ b"'],
  ['meta l4proto tcp tcp dport 22 ip saddr 1.2.3.4 drop'],
  ['icmp type redirect redirect to :80'],
  ['ct status dnat dnat to 1.2.3.4'],
  ['meta l4proto gre gre version 1'],
];

for (const [text, printed = text] of rows) {
  test(`rule: ${text.replaceAll('\n', ' ')}`, (t) => {
    const rule = readRule(text);
    t.false([...nodesOf(rule.statements)].some(({ kind }) => kind === 'opaque'));
    t.is(printRule(rule), printed);
    t.deepEqual(withoutPlaces(readRule(printed)), withoutPlaces(rule));
    t.deepEqual(rule.span, { file: 'x.nft', line: 3, column: 1 });
    t.is(rule.text, text);
  });
}

/** Kinds that text can give; a new kind must get a row. */
const kinds: readonly (Statement | Expression)['kind'][] = [
  ...([
    'match',
    'verdict',
    'vmap',
    'chainBlock',
    'counter',
    'limit',
    'quota',
    'last',
    'ctCount',
    'objref',
    'log',
  ] as const),
  ...([
    'reject',
    'nat',
    'mangle',
    'setUpdate',
    'meter',
    'queue',
    'dup',
    'fwd',
    'tproxy',
    'synproxy',
    'notrack',
  ] as const),
  ...([
    'flow',
    'optionReset',
    'xt',
    'value',
    'variable',
    'payload',
    'raw',
    'exthdr',
    'option',
    'meta',
    'ct',
    'fib',
  ] as const),
  ...([
    'rt',
    'socket',
    'osf',
    'ipsec',
    'tunnel',
    'numgen',
    'hash',
    'concat',
    'list',
    'prefix',
    'range',
    'binary',
  ] as const),
  ...(['setReference', 'set', 'map'] as const),
];

test('every kind of node has a row', (t) => {
  const seen = new Set(rows.flatMap(([text]) => [...nodesOf(readRule(text))].map(({ kind }) => kind)));
  t.deepEqual(
    kinds.filter((kind) => !seen.has(kind)),
    [],
  );
});

test('trees of some rules in full', (t) => {
  const statements = (text: string): unknown => withoutPlaces(readRule(text).statements);
  const value = (form: string, text: string): unknown => ({ kind: 'value', form, text });
  const dport = { kind: 'payload', protocol: 'tcp', field: 'dport' };
  const match = { kind: 'match', left: dport, operator: '==', implicit: true, mask: null };
  t.deepEqual(statements('tcp dport 22'), [{ ...match, right: value('number', '22') }]);
  t.deepEqual(statements('tcp dport != ssh'), [
    { ...match, operator: '!=', implicit: false, right: value('word', 'ssh') },
  ]);
  t.deepEqual(statements('tcp flags syn / syn,ack'), [
    {
      ...match,
      left: { kind: 'payload', protocol: 'tcp', field: 'flags' },
      right: value('word', 'syn'),
      mask: { kind: 'list', parts: [value('word', 'syn'), value('word', 'ack')] },
    },
  ]);
  t.deepEqual(statements('dnat ip6 to [fd00::1]:80'), [
    {
      kind: 'nat',
      type: 'dnat',
      family: 'ip6',
      address: value('address', 'fd00::1'),
      port: value('number', '80'),
      form: null,
      flags: [],
    },
  ]);
  t.deepEqual(statements('limit rate over 10 mbytes/second'), [
    { kind: 'limit', over: true, rate: 10n, unit: 'mbytes', per: 'second', burst: null, burstUnit: null },
  ]);
});
