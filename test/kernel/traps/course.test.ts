/** Packets whose address does not tell where they go: answers to masqueraded flows, DNAT, local prefixes, echoes of the host's own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { counters, restore } from '../differential/firewall.js';
import { packFrameFile } from '../differential/frame-file.js';
import { ipv4 } from '../differential/frame.js';
import { inject } from '../differential/run-case.js';
import { tcp, udp } from '../differential/segment.js';
import { createBed } from '../differential/topology.js';
import { withNamespaces, type Net } from '../namespace.js';
import { dump, firewallOf, runTraps } from './trap.js';

/** A host behind eth1 asks 203.0.113.77, which is reached by eth0. */
const outward = { saddr: '198.51.100.20', daddr: '203.0.113.77', destination: 0x020000000101 };
const asks = [ipv4(outward, udp(4000, 53)), ipv4(outward, tcp({ sport: 4001, dport: 80, flags: 2 }))];

const fromBehind =
  (net: Net) =>
  async (bed: Parameters<typeof inject>[1]): Promise<void> => {
    const file = join(net.directory(), 'asks');
    writeFileSync(file, packFrameFile(asks));
    await inject(net, bed, file, 'far');
  };

const answer = { saddr: '203.0.113.77', daddr: '192.0.2.1' };

test.serial('answers to masqueraded flows are addressed to the host and go to FORWARD', async (t) => {
  const v4 = dump({
    nat: ['-A POSTROUTING -o eth0 -j MASQUERADE'],
    filter: ['-A INPUT -s 203.0.113.0/24 -j DROP'],
  });
  const firewall = {
    ...firewallOf('masquerade', v4, null),
    ip: ['route add 203.0.113.0/24 via 192.0.2.2 dev eth0 onlink'],
  };
  const { places } = await runTraps(
    t,
    firewall,
    [
      { name: 'udp answer', frames: [ipv4(answer, udp(53, 4000))] },
      { name: 'tcp answer', frames: [ipv4(answer, tcp({ sport: 80, dport: 4001, flags: 18 }))] },
      { name: 'no flow', frames: [ipv4(answer, udp(53, 4009))] },
    ],
    {},
    fromBehind,
  );
  t.deepEqual(places, { 'udp answer': 'forward', 'tcp answer': 'forward', 'no flow': 'prerouting' });
});

test.serial('what DNAT takes away never meets the drop in INPUT', async (t) => {
  const v4 = dump({
    nat: ['-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j DNAT --to-destination 198.51.100.20'],
    filter: ['-A INPUT -s 203.0.113.0/24 -j DROP'],
  });
  const { places } = await runTraps(t, firewallOf('dnat', v4, null), [
    { name: 'taken', frames: [ipv4(answer, udp(1, 53))] },
    { name: 'not taken', frames: [ipv4(answer, udp(1, 54))] },
  ]);
  t.deepEqual(places, { taken: 'forward', 'not taken': 'prerouting' });
});

test.serial('a prefix may be local', async (t) => {
  const v4 = dump({ filter: ['-A INPUT -p udp -j DROP', '-A FORWARD -p tcp -j DROP'] });
  const firewall = { ...firewallOf('any-ip', v4, null), ip: ['route add local 203.0.113.64/26 dev lo'] };
  const to = (daddr: string): { saddr: string; daddr: string } => ({ saddr: '198.18.0.1', daddr });
  const { places, verdicts } = await runTraps(t, firewall, [
    { name: 'udp inside', frames: [ipv4(to('203.0.113.100'), udp(1, 2))] },
    { name: 'udp outside', frames: [ipv4(to('203.0.113.63'), udp(1, 2))] },
    { name: 'tcp inside', frames: [ipv4(to('203.0.113.100'), tcp({ sport: 1, dport: 2, flags: 2 }))] },
    { name: 'tcp outside', frames: [ipv4(to('203.0.113.128'), tcp({ sport: 1, dport: 2, flags: 2 }))] },
  ]);
  t.deepEqual(places, {
    'udp inside': 'prerouting',
    'udp outside': 'forward',
    'tcp inside': 'input',
    'tcp outside': 'prerouting',
  });
  t.deepEqual(verdicts, { 'udp inside': 'drop', 'udp outside': 'pass', 'tcp inside': 'pass', 'tcp outside': 'drop' });
});

const shout = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(0, '192.0.2.1', () => {
  socket.setBroadcast(true);
  socket.send('x', 9, '192.0.2.255', () => socket.send('x', 9, '224.0.0.9', () => process.exit(0)));
});`;

test.serial("the host's own broadcasts come back with the device's name, past XDP: no such rule is full", async (t) => {
  const rule = '-A PREROUTING -s 192.0.2.0/24 -i eth0 -j DROP';
  const v4 = dump({ raw: [rule] });
  const { report } = await runTraps(t, firewallOf('own', v4, null), [
    { name: 'other', frames: [ipv4({ ...answer, saddr: '192.0.2.9' }, udp(1, 2))] },
  ]);
  t.is(report.reply.rules.find(({ id }) => id === 'ip raw PREROUTING 1')?.offload, 'partial');
  await withNamespaces(t, async (net) => {
    for (const backend of ['legacy', 'nft'] as const) {
      const bed = createBed(net, [`${backend}A`], { forwarding: false });
      const target = bed.targets[0]?.name as string;
      restore(target, backend, [{ name: 'rules.v4', text: v4 }]);
      await net.exec(target, process.execPath, ['--eval', shout]);
      t.is(counters(target, backend).get(`iptables raw ${rule}`), 1, `${backend}: the broadcast looped back`);
    }
  });
});
