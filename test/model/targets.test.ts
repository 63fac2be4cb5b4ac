import test from 'ava';
import { readRule, statementOf } from './reading.js';

const rows: [string, unknown, string?][] = [
  ['-j ACCEPT', { kind: 'accept' }],
  ['-j DROP', { kind: 'drop' }],
  ['--jump RETURN', { kind: 'return' }],
  ['-j user', { kind: 'jump', chain: 'user' }],
  ['-g user', { kind: 'goto', chain: 'user' }],
  ['--goto user', { kind: 'goto', chain: 'user' }],
  ['-g nowhere', { kind: 'opaque', name: 'nowhere', text: '-g nowhere' }],
  ['-g DROP', { kind: 'opaque', name: 'DROP', text: '-g DROP' }],
  ['-j nowhere --x 1', { kind: 'opaque', name: 'nowhere', text: '-j nowhere --x 1' }],
  ['-j INPUT', { kind: 'opaque', name: 'INPUT', text: '-j INPUT' }],
  ['-j REJECT --reject-with tcp-reset', { kind: 'reject', text: '-j REJECT --reject-with tcp-reset' }],
  [
    '-j LOG --log-prefix "a b: " --log-level 4',
    { kind: 'observe', name: 'LOG', text: '-j LOG --log-prefix "a b: " --log-level 4' },
  ],
  [
    '-j NFQUEUE --queue-num 1 --queue-bypass',
    { kind: 'handover', name: 'NFQUEUE', text: '-j NFQUEUE --queue-num 1 --queue-bypass' },
  ],
  [
    '-j DNAT --to 192.0.2.1:80',
    { kind: 'nat', name: 'DNAT', changes: 'destination', text: '-j DNAT --to 192.0.2.1:80' },
  ],
  [
    '-j REDIRECT --to-port 80',
    { kind: 'nat', name: 'REDIRECT', changes: 'destination', text: '-j REDIRECT --to-port 80' },
  ],
  ['-j MASQUERADE', { kind: 'nat', name: 'MASQUERADE', changes: 'source', text: '-j MASQUERADE' }],
  [
    '-j NETMAP --to 10/8',
    { kind: 'nat', name: 'NETMAP', changes: 'destination', text: '-j NETMAP --to 10/8' },
    'PREROUTING',
  ],
  [
    '-j NETMAP --to 10/8',
    { kind: 'nat', name: 'NETMAP', changes: 'source', text: '-j NETMAP --to 10/8' },
    'POSTROUTING',
  ],
  ['-j NETMAP --to 10/8', { kind: 'nat', name: 'NETMAP', changes: 'destination', text: '-j NETMAP --to 10/8' }, 'user'],
  [
    '-j MARK --set-xmark 0x1/0xff',
    { kind: 'setMark', keep: 0xffffff00, flip: 1, text: '-j MARK --set-xmark 0x1/0xff' },
  ],
  ['-j MARK --set-mark 0x6/0x3', { kind: 'setMark', keep: 0xfffffff8, flip: 6, text: '-j MARK --set-mark 0x6/0x3' }],
  ['-j MARK --and-mark 0xf0', { kind: 'setMark', keep: 0xf0, flip: 0, text: '-j MARK --and-mark 0xf0' }],
  ['-j MARK --or-mark 0x8000', { kind: 'setMark', keep: 0xffff7fff, flip: 0x8000, text: '-j MARK --or-mark 0x8000' }],
  ['-j MARK --xor-mark 3', { kind: 'setMark', keep: 0xffffffff, flip: 3, text: '-j MARK --xor-mark 3' }],
  ['-j MARK --or-mark 1/2', { kind: 'annotate', name: 'mark', text: '-j MARK --or-mark 1/2' }],
  ['-j CLASSIFY --set-class 1:2', { kind: 'annotate', name: 'priority', text: '-j CLASSIFY --set-class 1:2' }],
  ['-j CT --notrack', { kind: 'annotate', name: 'notrack', text: '-j CT --notrack' }],
  ['-j NOTRACK', { kind: 'annotate', name: 'notrack', text: '-j NOTRACK' }],
  ['-j CT --zone 5', { kind: 'annotate', name: 'zone', text: '-j CT --zone 5' }],
  ['-j CT --helper ftp', { kind: 'annotate', name: 'helper', text: '-j CT --helper ftp' }],
  ['-j TTL --ttl-set 64', { kind: 'mangle', name: 'TTL', changes: 'ttl', text: '-j TTL --ttl-set 64' }],
  ['-j DSCP --set-dscp 1', { kind: 'mangle', name: 'DSCP', changes: 'tos', text: '-j DSCP --set-dscp 1' }],
  [
    '-p tcp -j TCPMSS --clamp-mss-to-pmtu',
    { kind: 'mangle', name: 'TCPMSS', changes: 'length', text: '-j TCPMSS --clamp-mss-to-pmtu' },
  ],
  [
    '-j CONNMARK --save-mark --nfmask 1 --ctmask 1',
    { kind: 'observe', name: 'CONNMARK', text: '-j CONNMARK --save-mark --nfmask 1 --ctmask 1' },
  ],
  ['-s 192.0.2.1', null],
];

for (const [spec, expected, chain] of rows) {
  test(`${spec} in ${chain ?? 'INPUT'}`, (t) => t.deepEqual(statementOf(spec, chain) as unknown, expected));
}

test('options after the target go to the match that has them', (t) => {
  const kinds = readRule('-p tcp -m tcp -j ACCEPT --dport 22').parts.map((part) =>
    'match' in part ? part.match.kind : part.statement.kind,
  );
  t.deepEqual(kinds, ['protocol', 'port', 'accept']);
});

test('an option of a chain jump belongs to nobody', (t) => {
  const kinds = readRule('-j user --x').parts.map((part) => ('match' in part ? part.match.kind : part.statement.kind));
  t.deepEqual(kinds, ['unknown', 'jump']);
});

test('two targets: the second is not understood', (t) => {
  const kinds = readRule('-j ACCEPT -j DROP').parts.map((part) =>
    'match' in part ? part.match.kind : part.statement.kind,
  );
  t.deepEqual(kinds, ['unknown', 'accept']);
});
