/** Packets as they are written: the frame that comes of them, and what is said of those that cannot be. */
import test from 'ava';
import { InputError } from '../../src/diagnostic.js';
import { PacketClauses, packetFrame, trackingOf } from '../../src/explain/packet-frame.js';
import { describeFrame } from '../../src/oracle/describe-frame.js';
import { parsePacket } from '../../src/parse/parse-packet.js';
import { MAC } from '../oracle/rulesets.js';

const clausesOf = (text: string): PacketClauses => new PacketClauses(parsePacket(text, '--packet'), text, '--packet');

const written: readonly (readonly [text: string, frame: string])[] = [
  [
    'in eth0 tcp 203.0.113.7:4444 > 192.0.2.1:22 syn',
    'IPv4 203.0.113.7 → 192.0.2.1 tcp 4444 → 22 SYN (ttl 64, length 40)',
  ],
  ['TCP 203.0.113.7 -> 192.0.2.1:22', 'IPv4 203.0.113.7 → 192.0.2.1 tcp 49152 → 22 SYN (ttl 64, length 40)'],
  [
    'syn,ack ttl 1 tos 0x10 tcp 1.2.3.4:1 > 5.6.7.8:2',
    'IPv4 1.2.3.4 → 5.6.7.8 tcp 1 → 2 SYN,ACK (ttl 1, tos 0x10, length 40)',
  ],
  [
    'tcp 1.2.3.4:1 > 5.6.7.8:2 no-flags len 45',
    'IPv4 1.2.3.4 → 5.6.7.8 tcp 1 → 2 no flags with 5 bytes (ttl 64, length 45)',
  ],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 len 30', 'IPv4 1.2.3.4 → 5.6.7.8 tcp 1 → 2 cut to 10 bytes (ttl 64, length 30)'],
  ['udp [2001:db8::1]:5 > [2001:db8::2]:53 new', 'IPv6 2001:db8::1 → 2001:db8::2 udp 5 → 53 (ttl 64, length 48)'],
  ['udplite 1.2.3.4:1 > 5.6.7.8:65535', 'IPv4 1.2.3.4 → 5.6.7.8 udplite 1 → 65535 (ttl 64, length 28)'],
  ['47 1.2.3.4 > 5.6.7.8', 'IPv4 1.2.3.4 → 5.6.7.8 protocol 47 (ttl 64, length 24)'],
  ['icmp 1.2.3.4 > 5.6.7.8', 'IPv4 1.2.3.4 → 5.6.7.8 icmp type 8 code 0 (ttl 64, length 28)'],
  ['icmp port-unreachable 1.2.3.4 > 5.6.7.8', 'IPv4 1.2.3.4 → 5.6.7.8 icmp type 3 code 3 (ttl 64, length 28)'],
  ['icmp type 3 code 1 1.2.3.4 > 5.6.7.8', 'IPv4 1.2.3.4 → 5.6.7.8 icmp type 3 code 1 (ttl 64, length 28)'],
  [
    'icmpv6 echo-request 2001:db8::1 > 2001:db8::2',
    'IPv6 2001:db8::1 → 2001:db8::2 icmpv6 type 128 code 0 (ttl 64, length 48)',
  ],
  [
    'udp 1.2.3.4:5 > 224.0.0.251:53 vlan 0',
    'IPv4 1.2.3.4 → 224.0.0.251 udp 5 → 53 (ttl 64, length 28, multicast frame, VLAN 0)',
  ],
  ['udp 1.2.3.4 > 5.6.7.8 fragment offset 1480', 'IPv4 1.2.3.4 → 5.6.7.8 udp fragment (ttl 64, length 28)'],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 fragment from 02:0:0:0:0:99', 'IPv4 1.2.3.4 → 5.6.7.8 udp fragment (ttl 64, length 28)'],
];

for (const [text, frame] of written) {
  test(`packet: ${text}`, (t) => {
    t.is(describeFrame(packetFrame(clausesOf(text), MAC), MAC), frame);
  });
}

test('what is not in the frame', (t) => {
  const clauses = clausesOf('@dir/some file.pcap#12 in wg0 established');
  t.like(clauses.get('capture'), { file: 'dir/some file.pcap', number: 12 });
  t.is(clauses.get('in')?.device, 'wg0');
  t.is(trackingOf(clauses), 'established');
  const frame = packetFrame(clausesOf('udp 1.2.3.4:1 > 5.6.7.8:2 from 02:0:0:0:0:99'), MAC);
  t.deepEqual([...frame.subarray(6, 12)], [2, 0, 0, 0, 0, 0x99]);
});

/** [packet, column, message] */
const broken: readonly (readonly [string, number, RegExp])[] = [
  ['', 1, /the line ends here; expected .*in DEVICE/],
  ['in', 3, /expected the name of a device/],
  ['in a/b', 4, /unexpected "a\/b"/],
  ['tcp 1.2.3.4:1 5.6.7.8:2', 15, /expected ">"/],
  ['tcp 1.2.3.4:1 > ', 17, /expected an address/],
  ['tcp 1.2.3.256:1 > 5.6.7.8:2', 5, /unexpected "1\.2\.3\.256:1"/],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 ttl x', 31, /expected a number/],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 ttl 256', 27, /ttl is 0 to 255/],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 syn,foo', 27, /unexpected "syn,foo"/],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 udp', 27, /the protocol can be said only once/],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 icmp', 27, /the protocol can be said only once/],
  ['tcp 1.2.3.4:1 > 5.6.7.8', 17, /the destination wants a port/],
  ['udp 1.2.3.4:1 > 5.6.7.8:65536', 17, /ports are 0 to 65535/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 syn', 27, /only tcp has flags/],
  ['udp 1.2.3.4:1 > [2001:db8::1]:2', 5, /one address is IPv4, the other IPv6/],
  ['icmp 2001:db8::1 > 2001:db8::2', 1, /IPv6 addresses go with icmpv6/],
  ['icmp frobnicate 1.2.3.4 > 5.6.7.8', 1, /no such type of icmp: frobnicate/],
  ['gre 1.2.3.4:5 > 5.6.7.8', 5, /protocol 47 has no ports/],
  ['300 1.2.3.4 > 5.6.7.8', 1, /protocols are 0 to 255/],
  ['44 2001:db8::1 > 2001:db8::2', 1, /IPv6 extension header/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 fragment offset 7', 27, /multiple of 8/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 len 19', 27, /len is 20 to 65535/],
  ['syn', 4, /no addresses are given/],
  ['1.2.3.4 > 5.6.7.8', 18, /no protocol is given/],
];

for (const [text, column, message] of broken) {
  test(`no packet: ${text}`, (t) => {
    const error = t.throws(() => packetFrame(clausesOf(text), MAC), { instanceOf: InputError });
    const [diagnostic] = error.diagnostics;
    t.regex(diagnostic?.message ?? '', message);
    t.is(diagnostic?.span.column, column);
    t.is(diagnostic?.notes.at(-1), `${' '.repeat(column - 1)}^`);
  });
}
