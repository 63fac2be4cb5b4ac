/** What a chain at ingress sees: frames with their VLAN tags, before the stack has told IP from other things. */
import test from 'ava';
import { ipv4, type Ipv4Header } from '../differential/frame.js';
import { udp } from '../differential/segment.js';
import { firewallOf, runTraps, type Named } from './trap.js';

const frame = (name: string, header: Partial<Ipv4Header>): Named => ({
  name,
  frames: [ipv4({ saddr: '203.0.113.77', daddr: '192.0.2.1', ...header }, udp(1000, 53))],
});

const frames = [
  frame('plain', {}),
  frame('VLAN 0', { vlans: [0] }),
  frame('VLAN 0 in VLAN 0', { vlans: [0, 0] }),
  frame('VLAN 5', { vlans: [5] }),
];

for (const [family, chain] of [
  ['netdev', 'filter hook ingress device "eth0" priority 0'],
  ['inet', 'filter hook ingress device "eth0" priority 0'],
] as const) {
  for (const [what, rules] of [
    ['a drop by address', 'policy accept; ip saddr 203.0.113.77 drop'],
    ['a drop policy', 'policy drop; ip saddr 203.0.113.78 accept'],
  ] as const) {
    test.serial(`${family}: ${what}`, async (t) => {
      const nft = `table ${family} t {\n chain c {\n  type ${chain}; ${rules}\n }\n}\n`;
      const { places, verdicts, report } = await runTraps(t, { ...firewallOf('ingress', null, null), nft }, frames);
      // A tag in a tag is no IP packet there: no rule matches, and a chain of family inet is not even entered.
      const nested = what === 'a drop policy' && family === 'netdev' ? 'nowhere' : 'input';
      t.deepEqual(places, { plain: 'nowhere', 'VLAN 0': 'nowhere', 'VLAN 0 in VLAN 0': nested, 'VLAN 5': 'nowhere' });
      t.deepEqual(verdicts, { plain: 'drop', 'VLAN 0': 'drop', 'VLAN 0 in VLAN 0': 'pass', 'VLAN 5': 'pass' });
      // Frames of VLANs and for other stations meet it as well.
      t.deepEqual(
        report.reply.rules.filter(({ offload }) => offload === 'full').map(({ id }) => id),
        [],
      );
    });
  }
}

test.serial('behind ingress a tag in a tag is looked through', async (t) => {
  const nft = `table netdev t {
 chain c {
  type filter hook ingress device "eth0" priority 0; policy accept;
  ip saddr 203.0.113.78 drop
 }
}
table ip filter {
 chain raw {
  type filter hook prerouting priority raw; policy accept;
  ip saddr 203.0.113.77 meta pkttype host drop
 }
}
`;
  const { verdicts } = await runTraps(t, { ...firewallOf('behind-ingress', null, null), nft }, frames);
  t.deepEqual(verdicts, { plain: 'drop', 'VLAN 0': 'drop', 'VLAN 0 in VLAN 0': 'drop', 'VLAN 5': 'pass' });
});
