import test from 'ava';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { AddressRanges } from '../../src/model/address.js';
import type { NamedSet, SetPart } from '../../src/model/set.js';
import { interpretation } from '../../src/model/ipset-types.js';

const read = (text: string): NamedSet[] => [
  ...readRuleset([{ file: 'sets', text: `${text}\n`, takenAt: null }]).ruleset.sets.values(),
];

/** Elements of a set as text, one each. */
function elements(set: NamedSet | undefined): string[] | string {
  if (!set) return 'no set';
  if (set.kind === 'opaque') return set.why;
  if (set.kind === 'list') return [...set.members];
  return Array.from({ length: set.elements }, (_, i) => {
    const parts = set.kind === 'tuples' ? set.parts.map((part) => partText(part, i)) : [];
    if (set.kind === 'addresses') parts.push(rangeText(set.ranges, i));
    if (set.kind === 'ports') parts.push(`${set.portLo[i]}-${set.portHi[i]}`);
    if (set.nomatch?.[i]) parts.push('nomatch');
    if (set.timeout?.[i]) parts.push(`timeout ${set.timeout[i]}`);
    return parts.join(' ');
  });
}

function rangeText({ family, lo, hi }: AddressRanges, i: number): string {
  const words = family === 4 ? 1 : 4;
  const hex = (all: Uint32Array): string =>
    Array.from(all.subarray(i * words, (i + 1) * words), (word) => word.toString(16).padStart(8, '0')).join('');
  return `${hex(lo)}-${hex(hi)}`;
}

function partText(part: SetPart, i: number): string {
  switch (part.kind) {
    case 'address':
      return rangeText(part.ranges, i);
    case 'port':
      return `${part.protocol[i]} ${part.portLo[i]}-${part.portHi[i]}`;
    case 'mac':
      return part.addresses[i]!.toString(16).padStart(12, '0');
    case 'interface':
      return `${part.names[i]}${part.wildcard[i] === 1 ? '+' : ''}`;
    case 'number':
      return `${part.field} ${part.lo[i]}-${part.hi[i]}`;
  }
}

const rows: [string, string[] | string][] = [
  [
    'create s hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x12345678\nadd s 192.0.2.1\nadd s 192.0.2.8/30\nadd s 10.0.0.1-10.0.0.9',
    ['c0000201-c0000201', 'c0000208-c000020b', '0a000001-0a000009'],
  ],
  [
    'create s hash:ip netmask 24\nadd s 192.0.2.77\nadd s 10.0.0.5-10.0.2.1',
    ['c0000200-c00002ff', '0a000000-0a0002ff'],
  ],
  ['create s hash:ip bitmask 255.0.255.0\nadd s 192.0.2.77', 'its option bitmask is not interpreted'],
  ['create s hash:ip netmask 33\nadd s 192.0.2.77', 'its netmask "33" is not understood'],
  [
    'create s hash:ip family inet6\nadd s 2001:db8::1\nadd s ::ffff:192.0.2.1',
    [
      '20010db8000000000000000000000001-20010db8000000000000000000000001',
      '00000000000000000000ffffc0000201-00000000000000000000ffffc0000201',
    ],
  ],
  [
    'create s hash:net family inet6\nadd s 2001:db8::/32 nomatch\nadd s 2001:db8::/33',
    [
      '20010db8000000000000000000000000-20010db8ffffffffffffffffffffffff nomatch',
      '20010db8000000000000000000000000-20010db87fffffffffffffffffffffff',
    ],
  ],
  [
    'create s hash:net timeout 300\nadd s 10.0.0.0/8 timeout 20\nadd s 11.0.0.0/8\nadd s 12.0.0.0/8 timeout 0 nomatch',
    ['0a000000-0affffff timeout 20', '0b000000-0bffffff timeout 300', '0c000000-0cffffff nomatch'],
  ],
  [
    'create s hash:net\nadd s 10.0.0.1-10.0.0.6',
    ['0a000001-0a000001', '0a000002-0a000003', '0a000004-0a000005', '0a000006-0a000006'],
  ],
  ['create s hash:net\nadd s 0.0.0.0-255.255.255.255', ['00000000-ffffffff']],
  [
    'create s hash:net counters comment skbinfo\nadd s 10.0.0.0/8 packets 1 bytes 2 comment "a b" skbmark 0x1/0x1 skbprio 1:2 skbqueue 3',
    ['0a000000-0affffff'],
  ],
  [
    'create s bitmap:ip range 10.0.0.0/16\nadd s 10.0.0.1\nadd s 10.0.1.0/24',
    ['0a000001-0a000001', '0a000100-0a0001ff'],
  ],
  [
    'create s hash:ip,port\nadd s 192.0.2.1,80\nadd s 192.0.2.1,udp:53\nadd s 192.0.2.0/24,tcp:80-90\nadd s 192.0.2.1,sctp:5\nadd s 192.0.2.1,tcp:ftp-data',
    [
      'c0000201-c0000201 6 80-80',
      'c0000201-c0000201 17 53-53',
      'c0000200-c00002ff 6 80-90',
      'c0000201-c0000201 132 5-5',
      'c0000201-c0000201 6 20-20',
    ],
  ],
  [
    'create s hash:ip,port\nadd s 192.0.2.1,icmp:8/0\nadd s 192.0.2.1,icmp:echo-request\nadd s 192.0.2.1,icmp:host-unreachable\nadd s 192.0.2.1,vrrp:0\nadd s 192.0.2.1,47:0',
    [
      'c0000201-c0000201 1 2048-2048',
      'c0000201-c0000201 1 2048-2048',
      'c0000201-c0000201 1 769-769',
      'c0000201-c0000201 112 0-0',
      'c0000201-c0000201 47 0-0',
    ],
  ],
  [
    'create s hash:net,port family inet6\nadd s 2001:db8::/32,icmpv6:echo-request\nadd s 2001:db8::/32,tcp:[ftp-data]-21',
    'its element "2001:db8::/32,tcp:[ftp-data]-21" is not understood',
  ],
  [
    'create s hash:net,port family inet6\nadd s ::/0,ipv6-icmp:136/0 nomatch',
    ['00000000000000000000000000000000-ffffffffffffffffffffffffffffffff 58 34816-34816 nomatch'],
  ],
  ['create s hash:ip,port\nadd s 192.0.2.1,vrrp:5', 'its element "192.0.2.1,vrrp:5" is not understood'],
  ['create s bitmap:port range 0-1024\nadd s 22\nadd s 80-90\nadd s http', ['22-22', '80-90', '80-80']],
  ['create s list:set size 8\nadd s a\nadd s b', ['ipset:a', 'ipset:b']],
  ['create s list:set size 8\nadd s b,c', 'its element "b,c" is not understood'],
  ['create s list:set\nadd s a\nadd s b before a', 'its members have positions'],
  [
    'create s hash:ip,port,ip\nadd s 1.2.3.4,80,1.2.3.5\nadd s 1.2.3.4,udp:53-54,10.0.0.0-10.0.0.2',
    ['01020304-01020304 6 80-80 01020305-01020305', '01020304-01020304 17 53-54 0a000000-0a000002'],
  ],
  [
    'create s hash:net,port,net\nadd s 10.0.0.1-10.0.0.2,tcp:80-81,10.1.0.0-10.1.1.255 nomatch',
    ['0a000001-0a000001 6 80-81 0a010000-0a0101ff nomatch', '0a000002-0a000002 6 80-81 0a010000-0a0101ff nomatch'],
  ],
  ['create s hash:net,net\nadd s 10.0.0.0/8,0.0.0.0/0', ['0a000000-0affffff 00000000-ffffffff']],
  [
    'create s hash:net,iface timeout 5\nadd s 10.0.0.0/8,eth0\nadd s 10.0.0.0/8,wg wildcard nomatch timeout 9',
    ['0a000000-0affffff eth0 timeout 5', '0a000000-0affffff wg+ nomatch timeout 9'],
  ],
  [
    'create s hash:net,iface\nadd s 10.0.0.0/8,physdev:eth0',
    'its element "10.0.0.0/8,physdev:eth0" is about a bridge port',
  ],
  ['create s hash:mac\nadd s 00:11:22:33:44:55', ['001122334455']],
  ['create s hash:mac\nadd s 00:00:00:00:00:00', 'its element "00:00:00:00:00:00" is not understood'],
  ['create s hash:ip,mac\nadd s 1.2.3.4,0:11:22:33:44:Ff', ['01020304-01020304 0011223344ff']],
  ['create s bitmap:ip,mac range 1.2.3.0/24\nadd s 1.2.3.4,00:11:22:33:44:55', ['01020304-01020304 001122334455']],
  [
    'create s bitmap:ip,mac range 1.2.3.0/24\nadd s 1.2.3.4',
    'its element "1.2.3.4" takes the MAC address of the first packet',
  ],
  [
    'create s hash:net,iface\nadd s 10.0.0.0/8,eth0\nadd s 10.0.0.0/8,eth1\ndel s 10.0.0.0/8,eth0',
    ['0a000000-0affffff eth1'],
  ],
  ['create s hash:ip,port\nadd s 192.0.2.1,icmpv6:1/0', 'its element "192.0.2.1,icmpv6:1/0" is not understood'],
  ['create s iphash --hashsize 1024 --probes 8\nadd s 192.0.2.1', ['c0000201-c0000201']],
  ['-N s nethash --hashsize 1024\n-A s 10.0.0.0/8\nCOMMIT', ['0a000000-0affffff']],
  ['create s portmap range 0-100\nadd s 22', ['22-22']],
  ['create s hash:ip\nadd s example.org', 'its element "example.org" is not understood'],
  ['create s hash:ip\nadd s 010.0.0.1', 'its element "010.0.0.1" is not understood'],
  [
    'create s hash:ip\nadd s 1.2.3.4\nadd s 1.2.3.5\nadd s 1.2.3.6\ndel s 1.2.3.5',
    ['01020304-01020304', '01020306-01020306'],
  ],
  [
    'create s hash:ip timeout 9\nadd s 1.2.3.4 timeout 5\nadd s 1.2.3.5\nadd -exist s 1.2.3.4 timeout 7',
    ['01020305-01020305 timeout 9', '01020304-01020304 timeout 7'],
  ],
  [
    'create s hash:net\nadd s 1.2.3.0/24 nomatch\nadd s 1.2.4.0/24\ndel s 1.2.3.0/24\nadd s 1.2.5.0/24',
    ['01020400-010204ff', '01020500-010205ff'],
  ],
  ['create s hash:ip\nadd s 1.2.3.4\nflush s\nadd s 1.2.3.5', ['01020305-01020305']],
  ['create x hash:ip\nadd x 1.2.3.4\ndestroy x\ncreate s hash:ip', []],
  ['create t hash:ip\nadd t 1.2.3.4\nrename t s', ['01020304-01020304']],
  ['create s hash:ip\ncreate t hash:ip\nadd t 1.2.3.4\nswap s t\ndestroy t', ['01020304-01020304']],
];

for (const [text, expected] of rows) {
  test(JSON.stringify(text), (t) => {
    const [set] = read(text);
    t.is(set?.id, 'ipset:s' as never);
    t.deepEqual(elements(set), expected);
  });
}

test('what is told of a set', (t) => {
  const [set] = read('# c\ncreate s hash:net family inet timeout 60 counters\nadd s 10.0.0.0/8');
  t.like(set, {
    type: 'hash:net',
    counters: true,
    defaultTimeout: 60,
    elements: 1,
    kind: 'addresses',
    span: { file: 'sets', line: 2, column: 1 },
  });
  const [old] = read('create s setlist');
  t.like(old, { type: 'list:set', kind: 'list' });
});

/** Every type that ipset 7 has: each is either interpreted or named here as kept in netfilter. */
const kept = ['hash:ip,mark'];
const interpreted =
  'hash:ip hash:net bitmap:ip hash:ip,port hash:net,port hash:ip,port,ip hash:ip,port,net hash:net,port,net hash:net,net ' +
  'hash:net,iface hash:ip,mac bitmap:ip,mac hash:mac bitmap:port list:set';
const types = [...kept, ...interpreted.split(' ')];

test('types', (t) => {
  t.deepEqual(
    types.filter((type) => interpretation(type) === null),
    kept,
  );
});
