/**
 * GRO puts segments of one flow together before netfilter sees them, after XDP: flags of the merged packet are those of all. A segment
 * that netfilter would never see alone must not be dropped for what it is alone.
 */
import test from 'ava';
import { ipv4 } from '../differential/frame.js';
import { inside } from '../differential/firewall.js';
import { tcp, tcpFlag } from '../differential/segment.js';
import { dump, firewallOf, runTraps, type Named } from './trap.js';

const flow = { saddr: '203.0.113.77', daddr: '192.0.2.1' };
const segment = (name: string, sequence: number, flags: number, payload: number): Named => ({
  name,
  frames: [
    ipv4(
      { ...flow, dontFragment: true },
      tcp({ sport: 1000, dport: 80, sequence, acknowledgement: 1, flags, payload }),
    ),
  ],
});

test.serial('XDP does not drop a segment with payload for lack of PSH or FIN', async (t) => {
  const v4 = dump({
    filter: [
      '-A INPUT -p tcp -m tcp --tcp-flags FIN,PSH NONE -j DROP',
      '-A INPUT -p tcp -m tcp --tcp-flags FIN FIN -j ACCEPT',
    ],
  });
  const named = [
    segment('data', 1000, tcpFlag.ACK, 100),
    segment('data, pushed', 1100, tcpFlag.ACK | tcpFlag.PSH, 100),
    segment('pure ACK', 1200, tcpFlag.ACK, 0),
    segment('SYN', 1, tcpFlag.SYN, 0),
  ];
  const { verdicts } = await runTraps(t, firewallOf('gro', v4, null), named, {}, () => (bed) => {
    // Attaching native XDP switches GRO on for a veth: off on both sides, or the firewall would not be all that differs.
    for (const { name } of bed.targets) inside(name, 'ethtool', ['-K', 'eth0', 'gro', 'off']);
    return Promise.resolve();
  });
  t.deepEqual(verdicts, { data: 'pass', 'data, pushed': 'pass', 'pure ACK': 'drop', SYN: 'drop' });
});
