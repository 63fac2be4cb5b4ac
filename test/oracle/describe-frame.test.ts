import test from 'ava';
import { describeFrame, formatAddress } from '../../src/oracle/describe-frame.js';
import { parseAddress, parsePrefix } from '../../src/oracle/parse-prefix.js';
import { frame, frame6, MAC, PEER } from './rulesets.js';

test('addresses print as they are read', (t) => {
  for (const text of ['0.0.0.0', '192.0.2.1', '255.255.255.255']) t.is(formatAddress(parseAddress(4, text)), text);
  for (const text of ['::', '::1', '2001:db8::', '2001:db8::1', 'fe80::1:0:0:1', '1:2:3:4:5:6:7:8']) {
    t.is(formatAddress(parseAddress(6, text)), text);
  }
  t.is(formatAddress(parseAddress(6, '::ffff:192.0.2.1')), '::ffff:c000:201');
  t.throws(() => parseAddress(6, '1:2:3'));
  t.throws(() => parseAddress(4, '1.2.3'));
  t.deepEqual(parsePrefix(6, '2001:db8::/36').hi, parseAddress(6, '2001:db8:fff:ffff:ffff:ffff:ffff:ffff'));
});

test('frames in a line', (t) => {
  t.is(describeFrame(frame(), MAC), 'IPv4 203.0.113.5 → 192.0.2.1 tcp 40000 → 22 SYN (ttl 64, length 40)');
  t.is(
    describeFrame(frame6({ protocol: 58, icmpType: 128, vlans: [0] }), MAC),
    'IPv6 2001:db8::1:0:5 → 2001:db8::1 icmpv6 type 128 code 0 (ttl 64, length 48, VLAN 0)',
  );
  t.is(describeFrame(frame({ destinationMac: PEER }), MAC), '60-byte frame (frame for another station)');
});
