/** nft rules to the model, construct by construct. A way through the rule is a line: `match match → verdict`. */
import test from 'ava';
import type { Match, Part } from '../../../src/model/match.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Ruleset } from '../../../src/model/ruleset.js';

const read = (text: string): Ruleset => readRuleset([{ file: 'x.nft', text, takenAt: null }]).ruleset;

const sets = `
 set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }
 set changing { type ipv4_addr; flags dynamic,timeout; timeout 1m; }
 set ports { type inet_service; elements = { 22, 80 }; }
 set uplinks { type ifname; elements = { "eth0", "ppp0" }; }
`;

function waysOf(rule: string, family = 'inet'): string[] {
  const text = `table ${family} t {${sets}chain other { }\nchain c { type filter hook input priority 0\n${rule}\n}\n}\n`;
  const chain = read(text).tables[0]?.chains.get('c');
  return (chain?.rules ?? []).map(({ parts }) => parts.map(show).join(' '));
}

function show(part: Part): string {
  if ('statement' in part) {
    const { statement } = part;
    if (statement.kind === 'setMark') return `→ mark &${statement.keep.toString(16)} ^${statement.flip.toString(16)}`;
    const name = 'name' in statement ? ` ${statement.name}` : 'chain' in statement ? ` ${statement.chain}` : '';
    return `→ ${statement.kind}${name}`;
  }
  return showMatch(part.match);
}

const pairs = (ranges: readonly (readonly [number, number])[]): string =>
  ranges.map(([low, high]) => (low === high ? String(low) : `${low}-${high}`)).join();

function showMatch(match: Match): string {
  const not = 'negate' in match && match.negate ? '!' : '';
  switch (match.kind) {
    case 'family':
      return `v${match.family}`;
    case 'address':
      return `${not}${match.field}:${Array.from(match.ranges.lo, (lo, i) => `${lo.toString(16)}-${(match.ranges.hi[i] ?? 0).toString(16)}`).join()}`;
    case 'set':
      return `${not}@${match.name}:${match.dimensions.join()}`;
    case 'protocol':
      return `${not}proto:${pairs(match.protocols)}`;
    case 'port':
      return `${not}${match.field}:${pairs(match.ranges)}`;
    case 'tcpFlags':
      return `${not}flags:${match.value}/${match.mask}`;
    case 'icmp':
      return `${not}icmp${match.version}:${pairs(match.types)}/${pairs(match.codes)}`;
    case 'ctState':
      return `${not}ct:${match.states.join()}`;
    case 'interface':
      return `${not}${match.direction}:${match.name}${match.wildcard ? '*' : ''}`;
    case 'tos':
      return `${not}tos:${match.value}/${match.mask}`;
    case 'mark':
      return `${not}mark&${match.mask.toString(16)}:${pairs(match.ranges)}`;
    case 'ttl':
    case 'length':
      return `${not}${match.kind}:${pairs(match.ranges)}`;
    case 'addressType':
      return `${not}type:${match.field}:${match.types.join()}`;
    case 'reversePath':
      return `${not}back:${match.by}${match.sameDevice ? ':iif' : ''}`;
    case 'packetType':
      return `${not}pkttype:${match.type}`;
    case 'mac':
      return `${not}mac:${Array.from(match.addresses, (one) => one.toString(16)).join()}`;
    case 'unknown':
      return `?${match.knowledge}`;
    case 'fragment':
      return `${not}fragment`;
    case 'header':
    case 'comment':
      return match.kind;
  }
}

const cases: Readonly<Record<string, readonly string[]>> = {
  'ip saddr 10.0.0.0/8 drop': ['v4 saddr:a000000-affffff → drop'],
  'ip saddr != 10.0.0.1 drop': ['v4 !saddr:a000001-a000001 → drop'],
  'ip daddr 10.0.0.1-10.0.0.9 drop': ['v4 daddr:a000001-a000009 → drop'],
  'ip saddr { 10.0.0.1, 10.0.1.0/24 } drop': ['v4 saddr:a000001-a000001,a000100-a0001ff → drop'],
  'ip saddr & 255.255.255.0 == 10.0.1.0 drop': ['v4 saddr:a000100-a0001ff → drop'],
  'ip saddr & 255.254.255.0 == 10.0.1.0 drop': ['v4 saddr:a000100-a0001ff,a010100-a0101ff → drop'],
  'ip saddr & 0.0.0.255 == 0.0.0.1 drop': ['v4 ?pure → drop'],
  'ip saddr & 255.0.0.0 == 10.1.0.0 drop': ['v4 v6 → drop'],
  'ip saddr & 255.0.0.0 != { 10.0.0.0, 11.0.0.0 } drop': ['v4 !saddr:a000000-affffff,b000000-bffffff → drop'],
  'ip saddr < 10.0.0.5 drop': ['v4 !saddr:a000005-ffffffff → drop'],
  'ip saddr <= 10.0.0.5 drop': ['v4 saddr:0-a000005 → drop'],
  'ip saddr > 10.0.0.5 drop': ['v4 !saddr:0-a000005 → drop'],
  'ip saddr >= 10.0.0.5 drop': ['v4 saddr:a000005-ffffffff → drop'],
  'ip saddr @blocked drop': ['v4 v4 @blocked:src → drop'],
  'ip daddr != @blocked drop': ['v4 v4 !@blocked:dst → drop'],
  'tcp dport 22 drop': ['proto:6 dport:22 → drop'],
  'tcp dport != { 22, 80-90 } drop': ['proto:6 !dport:22,80-90 → drop'],
  'tcp dport > 1023 drop': ['proto:6 dport:1024-65535 → drop'],
  'udp sport @ports drop': ['proto:17 @ports:src → drop'],
  'th dport 53 drop': ['proto:6,17,33,132,136 dport:53 → drop', '!proto:6,17,33,132,136 ?pure → drop'],
  'meta l4proto { tcp, udp } th dport 53 drop': ['proto:6,17 dport:53 → drop'],
  'meta l4proto != tcp drop': ['!proto:6 → drop'],
  'ip protocol icmp drop': ['v4 proto:1 → drop'],
  'ip6 nexthdr tcp drop': ['v6 proto:6 ?pure → drop'],
  'ip6 nexthdr != tcp drop': ['v6 !proto:6 → drop', 'v6 proto:6 ?pure → drop'],
  'ip6 nexthdr 44 drop': ['v6 ?pure → drop'],
  'ip6 length 8-100 drop': ['v6 length:48-140 → drop'],
  'ip6 length 0-100 drop': ['v6 ?pure → drop'],
  'ip version 4 drop': ['v4 → drop'],
  'ip version != 4 drop': ['v4 v6 → drop'],
  'ip frag-off & 0x1fff != 0 drop': ['v4 fragment → drop'],
  'ip frag-off & 0x1fff == 0 drop': ['v4 !fragment → drop'],
  'ip frag-off & 0x2000 != 0 drop': ['v4 ?pure → drop'],
  'ether type ip drop': ['v4 → drop'],
  'ether type vlan drop': ['v4 v6 → drop'],
  'ether type != arp drop': ['v4 → drop', 'v6 → drop'],
  'ether type arp drop': ['v4 v6 → drop'],
  'ether type { ip, ip6, vlan, 8021ad } drop': ['v4 → drop', 'v6 → drop'],
  'meta nfproto ipv6 drop': ['v6 → drop'],
  'meta nfproto != ipv6 drop': ['v4 → drop'],
  'meta protocol ip drop': ['v4 → drop'],
  'meta protocol arp drop': ['v4 v6 → drop'],
  'iifname "eth0" drop': ['in:eth0 → drop'],
  'iifname { "eth0", "ppp*" } drop': ['in:eth0 → drop', 'in:ppp* → drop'],
  'iifname != { "eth0", "lo" } drop': ['!in:eth0 !in:lo → drop'],
  'iifname @uplinks drop': ['in:eth0 → drop', 'in:ppp0 → drop'],
  'oifname != "eth0" drop': ['!out:eth0 ?pure → drop'],
  'tcp flags syn drop': ['proto:6 !flags:0/2 → drop'],
  'tcp flags syn,ack drop': ['proto:6 !flags:0/18 → drop'],
  'tcp flags == syn drop': ['proto:6 flags:2/255 → drop'],
  'tcp flags != syn drop': ['proto:6 !flags:2/255 → drop'],
  'tcp flags ! syn,ack drop': ['proto:6 flags:0/18 → drop'],
  'tcp flags & (fin|syn) == syn drop': ['proto:6 flags:2/3 → drop'],
  'tcp flags syn / fin,syn,rst,ack drop': ['proto:6 flags:2/23 → drop'],
  'tcp flags & (fin|syn) != 0 drop': ['proto:6 !flags:0/3 → drop'],
  'tcp flags & (fin|syn) == { syn, fin } drop': ['proto:6 flags:2/3 → drop', 'proto:6 flags:1/3 → drop'],
  'tcp flags & (fin|syn) != { syn, fin } drop': ['proto:6 !flags:2/3 !flags:1/3 → drop'],
  'tcp flags & (fin|syn) syn drop': ['proto:6 flags:2/3 → drop'],
  'tcp flags != syn / fin,syn drop': ['proto:6 !flags:2/3 → drop'],
  // Newer and older nft may mean different things by it: 1.0.6 compares for equality.
  'tcp flags != syn,ack drop': ['proto:6 ?pure → drop'],
  'tcp flags & (ack|urg) vmap { ack : accept, urg : drop }': [
    'proto:6 flags:16/48 → accept',
    'proto:6 flags:32/48 → drop',
  ],
  'tcp dport & 0xfff8 == 8 drop': ['proto:6 dport:8-15 → drop'],
  'tcp flags { syn, syn|ack } drop': ['proto:6 flags:2/255 → drop', 'proto:6 flags:18/255 → drop'],
  'icmp type echo-request drop': ['v4 proto:1 icmp4:8/0-255 → drop'],
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept': ['v6 proto:58 icmp6:135,136/0-255 → accept'],
  'ip dscp af11 drop': ['v4 tos:40/252 → drop'],
  'ip dscp & 0x38 == cs1 drop': ['v4 tos:32/224 → drop'],
  'ip dscp != { af11, cs1 } drop': ['v4 !tos:40/252 !tos:32/252 → drop'],
  'ip ecn ce drop': ['v4 tos:3/3 → drop'],
  'ip6 dscp cs1 drop': ['v6 tos:32/252 → drop'],
  'ip6 hoplimit 1 drop': ['v6 ttl:1 → drop'],
  'icmp type . icmp code { 3 . 1, 8 . 0 } drop': [
    'v4 proto:1 v4 proto:1 icmp4:3/0-255 icmp4:0-255/1 → drop',
    'v4 proto:1 v4 proto:1 icmp4:8/0-255 icmp4:0-255/0 → drop',
  ],
  // Raw payload: what the rule said before decides which header it is.
  '@nh,96,32 0x0a000001 drop': ['?pure → drop'],
  'meta nfproto ipv4 @nh,96,32 0x0a000001 drop': ['v4 saddr:a000001-a000001 → drop'],
  'meta nfproto ipv4 @nh,128,8 10 drop': ['v4 daddr:a000000-affffff → drop'],
  'meta nfproto ipv4 @nh,64,8 < 3 drop': ['v4 ttl:0-2 → drop'],
  'meta nfproto ipv6 @nh,64,32 0x20010db8 drop': ['v6 saddr:20010db8-20010db8,0-ffffffff,0-ffffffff,0-ffffffff → drop'],
  'meta l4proto tcp @th,16,16 { 22, 80 } drop': ['proto:6 dport:22,80 → drop'],
  'meta l4proto tcp @th,104,8 & 0x3 == 0x2 drop': ['proto:6 flags:2/3 → drop'],
  '@ll,48,48 0x020000000001 drop': ['mac:20000000001 → drop'],
  '@ih,0,32 1 drop': ['?pure → drop'],
  'ip ttl < 5 drop': ['v4 ttl:0-4 → drop'],
  'meta length 0-100 drop': ['length:0-100 → drop'],
  'meta pkttype broadcast drop': ['pkttype:broadcast → drop'],
  'ether saddr 02:00:00:00:00:01 drop': ['mac:20000000001 → drop'],
  'fib daddr type local drop': ['type:daddr:LOCAL → drop'],
  'fib saddr . iif oif missing drop': ['!back:fib:iif → drop'],
  'fib saddr . mark . iif oif exists accept': ['back:fib:iif → accept'],
  'fib saddr . iif oifname { "eth0", "" } accept': ['back:fib:iif in:eth0 → accept', '!back:fib:iif → accept'],
  'fib saddr . iif oifname != "eth0" drop': ['!back:fib:iif → drop', 'back:fib:iif !in:eth0 → drop'],
  'fib saddr oif != 0 accept': ['back:fib → accept'],
  'fib saddr . iif check missing drop': ['!back:fib:iif → drop'],
  'fib saddr . iif oif > 0 accept': ['?pure → accept'],
  'fib daddr . iif oif missing drop': ['?pure → drop'],
  'ct state established,related accept': ['ct:ESTABLISHED,RELATED → accept'],
  'ct state != { new, untracked } drop': ['!ct:NEW,UNTRACKED → drop'],
  'ct state & (new|established) == 0 drop': ['!ct:ESTABLISHED,NEW → drop'],
  'ct state established|related accept': ['ct:ESTABLISHED,RELATED → accept'],
  'ct state ! established,related drop': ['!ct:ESTABLISHED,RELATED → drop'],
  'ct state . ct mark vmap { new . 1 : drop }': ['ct:NEW ?pure → drop'],
  'ct status dnat accept': ['ct:DNAT → accept'],
  'ct status ! dnat drop': ['!ct:DNAT ?pure → drop'],
  'ct status assured accept': ['?pure → accept'],
  'ct direction reply accept': ['?pure → accept'],
  'fib daddr type { local, broadcast } drop': ['type:daddr:LOCAL,BROADCAST → drop'],
  'fib daddr type != local drop': ['!type:daddr:LOCAL → drop'],
  'meta iifgroup 3 drop': ['?pure → drop'],
  'vlan id 5 drop': ['?pure → drop'],
  'iif lo accept': ['in:lo → accept'],
  'iifname "a\\*" drop': ['in:a* → drop'],
  'ct state vmap { established : accept, invalid : drop }': ['ct:ESTABLISHED → accept', 'ct:INVALID → drop'],
  'tcp dport vmap { 22 : accept, * : jump other }': ['proto:6 dport:22 → accept', 'proto:6 !dport:22 → jump other'],
  'ip saddr . tcp dport { 10.0.0.1 . 80, 10.0.0.2 . 81 } drop': [
    'v4 proto:6 saddr:a000001-a000001 dport:80 → drop',
    'v4 proto:6 saddr:a000002-a000002 dport:81 → drop',
  ],
  'meta mark 1 drop': ['mark&ffffffff:1 → drop'],
  'meta mark != 0x10 drop': ['!mark&ffffffff:16 → drop'],
  'meta mark & 0xf0 == 0x10 drop': ['mark&f0:16 → drop'],
  'meta mark 1-5 drop': ['mark&ffffffff:1-5 → drop'],
  'limit rate 5/second drop': ['?stateful → drop'],
  'counter log prefix "x" drop': ['→ observe log → drop'],
  'add @changing { ip saddr } drop': ['→ observe set update → drop'],
  'notrack accept': ['→ annotate notrack → accept'],
  'meta mark set 1 accept': ['→ mark &0 ^1 → accept'],
  'meta mark set meta mark & 0xffff0000 | 0x1': ['→ mark &ffff0000 ^1'],
  'meta mark set meta mark ^ 3': ['→ mark &ffffffff ^3'],
  'meta mark set meta mark | 3': ['→ mark &fffffffc ^3'],
  'meta mark set ct mark': ['→ annotate mark'],
  'meta secmark set 1': ['→ annotate priority'],
  'ct mark set 1': ['→ observe ct mark'],
  'reject with tcp reset': ['→ reject'],
};

for (const [rule, ways] of Object.entries(cases)) {
  test(rule, (t) => {
    t.deepEqual(waysOf(rule), ways);
  });
}

test('an ip table presumes no family', (t) => {
  t.deepEqual(waysOf('ip saddr 10.0.0.1 drop', 'ip'), ['saddr:a000001-a000001 → drop']);
});

test('variables, numbers of rules and ways of one rule', (t) => {
  const { tables } = read(
    'define bad = { 10.0.0.1, 10.0.0.2 }\ntable ip t {\nchain c {\ntype filter hook prerouting priority raw - 1; policy drop;\n' +
      'ip saddr $bad drop\ntcp flags { syn, ack } drop\ndrop\n}\n}\n',
  );
  const chain = tables[0]?.chains.get('c');
  t.like(chain, { kind: 'base', hook: 'prerouting', priority: -301, policy: 'drop' });
  t.deepEqual(
    chain?.rules.map(({ number }) => number),
    [1, 2, 2, 3],
  );
});

test('definitions in blocks of sets and objects hold in the table from there on, as in nft', (t) => {
  const { tables } = read(
    'define x = 10.0.0.1\ntable ip t {\ncounter n {\nredefine x = 10.0.0.2\npackets 1 bytes 2\n}\n' +
      'set s {\ntype ipv4_addr\nelements = { $x }\nredefine x = 10.0.0.3\n}\n' +
      'chain c {\ntype filter hook input priority 0;\nip saddr $x drop\n}\n}\n' +
      'table ip u {\nchain c {\ntype filter hook input priority 0;\nip saddr $x drop\n}\n}\n',
  );
  const ways = tables.map(({ chains }) => chains.get('c')?.rules.map(({ parts }) => parts.map(show).join(' ')));
  t.deepEqual(ways, [['saddr:a000003-a000003 → drop'], ['saddr:a000001-a000001 → drop']]);
});

test('sets that packets change are not known, expiry times are kept', (t) => {
  const { sets: made } = read(
    'table ip t {\nset a { type ipv4_addr; flags timeout; elements = { 10.0.0.1 timeout 1h expires 30m, 10.0.0.2 } }\n' +
      'set b { type ipv4_addr; flags dynamic; }\n}\n',
  );
  const [a, b] = [...made.values()];
  t.deepEqual(a?.kind === 'addresses' && a.timeout ? [...a.timeout] : null, [1800, 0]);
  t.is(b?.kind, 'opaque');
});

test('at ingress a tag may still stand before the packet', (t) => {
  const text = (rule: string): string =>
    `table netdev t {\nchain c {\ntype filter hook ingress device "eth0" priority 0\n${rule}\n}\n}\n`;
  const ways = (rule: string): string[] =>
    [...(read(text(rule)).tables[0]?.chains.values() ?? [])].flatMap(({ rules }) =>
      rules.map(({ parts }) => parts.map(show).join(' ')),
    );
  t.deepEqual(ways('meta protocol ip drop'), ['v4 ?pure → drop']);
  t.deepEqual(ways('ether type ip drop'), ['v4 ?pure → drop']);
  t.deepEqual(ways('ether type { ip, ip6, vlan, 8021ad } drop'), ['v4 → drop', 'v6 → drop']);
  t.deepEqual(ways('meta protocol != arp drop'), ['v4 → drop', 'v6 → drop']);
  t.deepEqual(ways('meta length 100 drop'), ['?pure → drop']);
});

test('a chain is read as at ingress only where ingress reaches it', (t) => {
  const rules = `meta length 100 drop\nct state new drop\n`;
  const { tables } = read(`table inet t {
chain both {\n${rules}}
chain later {\n${rules}}
chain mapped {\n${rules}}
chain ingress {\ntype filter hook ingress device "eth0" priority 0\njump both\nudp dport vmap { 53 : goto mapped }\njump {\n${rules}}\n}
chain input {\ntype filter hook input priority 0\njump both\ngoto later\njump {\n${rules}}\n}
}\n`);
  const unknown = [...(tables[0]?.chains.values() ?? [])].map(({ name, rules: found }) => {
    const parts = found.flatMap((rule) => rule.parts);
    return `${name} ${parts.filter((part) => 'match' in part && part.match.kind === 'unknown').length}`;
  });
  t.deepEqual(unknown, ['both 2', 'later 0', 'mapped 2', 'ingress 0', 'input 0', 'ingress#5 2', 'input#6 0']);
});

test('a set typed by any expression is read where it is used', (t) => {
  const { tables } = read(
    'table ip t {\nset codes { typeof ip dscp; elements = { cs1, 10 }; }\nchain c {\nip dscp @codes drop\n}\n}\n',
  );
  t.deepEqual(
    tables[0]?.chains.get('c')?.rules.map(({ parts }) => parts.map(show).join(' ')),
    ['tos:32/252 → drop', 'tos:40/252 → drop'],
  );
});
