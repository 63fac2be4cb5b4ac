/**
 * The table is full: conntrack drops what it has no entry for, before any rule. Only the number for the whole machine can make it full, so that
 * is lowered, for as long as it takes, to more than any other test needs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { ipv4 } from '../differential/frame.js';
import { inside as command } from '../differential/firewall.js';
import { tcp, tcpFlag, udp } from '../differential/segment.js';
import { addresses, macs, withHost } from './bed.js';

const most = '/proc/sys/net/netfilter/nf_conntrack_max';
const full = 3000;
/** More than that: an entry that lost a packet on its way is not yet an answered flow, and gives way to a new one. */
const flows = full + 500;
const { host, good, bad } = addresses[4];
/** Behind the host; nobody is there. */
const nobody = '198.51.100.77';
/** On the other side, nobody either: a stack would answer with resets, and what is reset gives way. */
const stranger = '192.0.2.77';
const rules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s ${bad}/32 -j DROP
COMMIT
`;

test('replies pass, what is blocked dies in XDP, and conntrack drops the rest', async (t) => {
  const usual = readFileSync(most, 'utf8').trim();
  await withHost(t, { backend: 'nft', forwarding: true }, async (bed) => {
    await bed.protect({ v4: rules });
    const { names } = bed;
    const ip = (...args: string[]): string => command(names.host, 'ip', args);
    ip('link', 'set', 'eth1', 'address', '02:00:00:00:00:03');
    ip('neigh', 'add', stranger, 'lladdr', '02:00:00:00:00:02', 'nud', 'permanent', 'dev', 'eth0');
    ip('neigh', 'add', nobody, 'lladdr', '02:00:00:00:00:04', 'nud', 'permanent', 'dev', 'eth1');
    const asked = await bed.host.bind(host, 8000);
    const answering = await bed.outside.bind(bad, 7000);
    await bed.host.send(asked, 'question', bad, 7000);
    t.is(await bed.outside.receive(answering), 'question');
    // Two seconds after its first packet an answered UDP flow is kept as well (nf_conntrack_proto_udp.c).
    await setTimeout(2100);
    await bed.outside.send(answering, 'first answer', host, 8000);
    t.is(await bed.host.receive(asked), 'first answer');

    // An acknowledgement each way is a connection that conntrack picks up, and keeps: it has been answered.
    const there = (port: number): Uint8Array =>
      ipv4(
        { saddr: stranger, daddr: nobody, source: macs.outside, destination: macs.host },
        tcp({ sport: port, dport: 80, flags: tcpFlag.ACK }),
      );
    const back = (port: number): Uint8Array =>
      ipv4(
        { saddr: nobody, daddr: stranger, source: 0x020000000004, destination: 0x020000000003 },
        tcp({ sport: 80, dport: port, flags: tcpFlag.ACK }),
      );
    const ports = Array.from({ length: flows }, (_, i) => 10_000 + i);
    const ifindex = bed.net.ifindex(names.inside, 'in0');
    const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');
    // A queue of the receiving device holds 1,000 packets (net.core.netdev_max_backlog): fewer at a time.
    for (let from = 0; from < flows; from += 500) {
      const some = ports.slice(from, from + 500);
      await bed.inject(...some.map(there));
      await bed.inside.frames(ifindex, some.map(back).map(hex));
      await bed.inject(...some.map(there));
    }
    const kept = command(names.host, 'grep', ['-c', 'ASSURED', '/proc/net/nf_conntrack']);
    t.true(Number(kept) > full + 400, `${kept} entries that do not give way`);

    // Datagrams to a closed port are counted where they get through.
    const delivered = (): number =>
      Number(/^Udp: \d+ (\d+)/m.exec(command(names.host, 'cat', ['/proc/net/snmp']))?.[1]);
    const knock = (from: string, port: number): Promise<void> =>
      bed.inject(ipv4({ saddr: from, daddr: host, source: macs.outside, destination: macs.host }, udp(port, 9)));
    await bed.early();
    writeFileSync(most, String(full));
    try {
      let before = delivered();
      await knock(good, 20_001);
      t.is(delivered(), before, 'no room for an entry: netfilter drops what the rules would let through');
      t.is(await bed.early(), 0, '… and XDP does not');
      await knock(bad, 20_002);
      t.is(await bed.early(), 1, 'blocked: dropped by either');
      await bed.outside.send(answering, 'answer', host, 8000);
      t.is(await bed.host.receive(asked), 'answer', 'its flow has an entry');
      before = delivered();
      writeFileSync(most, usual);
      await knock(good, 20_003);
      t.is(delivered(), before + 1);
    } finally {
      writeFileSync(most, usual);
    }
  });
});
