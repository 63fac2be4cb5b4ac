/**
 * nft matches in a real kernel against the oracle: each rule counts in prerouting, the oracle says of each frame whether it matches.
 * Nothing in the namespace puts datagrams together, so every frame is a packet of its own.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { createOracle } from '../../src/oracle/oracle.js';
import type { Fate } from '../../src/oracle/fate.js';
import { bedFacts } from './differential/firewall-case.js';
import { packFrameFile } from './differential/frame-file.js';
import { framePool } from './differential/pool.js';
import { createRandom } from './differential/random.js';
import { inject } from './differential/run-case.js';
import { createBed } from './differential/topology.js';
import { withNamespaces } from './namespace.js';

const matches = [
  'ip saddr & 255.254.255.0 == 192.0.2.0',
  'ip saddr & 255.255.0.0 != 192.0.0.0',
  'ip saddr < 192.0.2.50',
  'ip daddr >= 192.0.2.1',
  'ip6 saddr & ffff:ffff:fffe:: == 2001:db8::',
  'ip6 saddr > 2001:db8:1::9',
  'tcp flags & (fin|syn) == { fin, syn }',
  'tcp flags & (fin|syn) != { fin, syn }',
  'tcp flags & (fin|syn|rst|ack) syn',
  'tcp flags syn / fin,syn,rst,ack',
  'tcp flags != syn / fin,syn',
  'tcp flags ! syn,ack',
  'tcp flags syn,rst',
  'tcp dport & 0xfff0 == 0x50',
  'udp sport & 1 == 1',
  'th dport 53',
  'meta l4proto { tcp, udp } th dport { 53, 80 }',
  'meta l4proto tcp @th,16,16 80',
  'meta l4proto tcp @th,104,8 & 0x12 == 0x02',
  'meta nfproto ipv4 @nh,96,32 0xc0000202',
  'meta nfproto ipv4 @nh,128,24 0xc00002',
  'meta nfproto ipv4 @nh,64,8 < 3',
  'meta nfproto ipv4 @nh,72,8 17',
  'meta nfproto ipv6 @nh,56,8 255',
  'meta nfproto ipv6 @nh,64,32 0x20010db8',
  '@ll,48,48 0x0200000000cc',
  'ether saddr 02:00:00:00:00:cc',
  'ip dscp & 0x38 == 0x08',
  'ip dscp != { 0x0a, cs1 }',
  'ip ecn ce',
  'ip6 dscp 0x0a',
  'ip6 hoplimit { 1, 255 }',
  'ip version 4',
  'ip6 version != 6',
  'ip length 28-60',
  'ip6 length 8-20',
  'ip frag-off & 0x1fff != 0',
  'ip frag-off & 0x1fff == 0',
  'icmp type . icmp code { 3 . 1, 8 . 0 }',
  'icmpv6 type . icmpv6 code { 128 . 0, 1 . 4 }',
  'ip6 nexthdr != tcp',
  'ether type != arp',
  'meta protocol != ip6',
  'ip6 nexthdr tcp',
  'ip6 nexthdr { 0, 17 }',
  'ether type ip',
  'ether type { ip, vlan }',
  'ip6 length 0',
] as const;

const table = (rules: readonly string[]): string =>
  `table inet t {\n\tchain c {\n\t\ttype filter hook prerouting priority mangle\n${rules.join('\n')}\n\t}\n}\n`;

/** Malformed ones are lost before prerouting. */
const hasHopByHop = (frame: Uint8Array): boolean => {
  let at = 12;
  while (frame[at] === 0x81) at += 4;
  return frame[at] === 0x86 && frame[at + 8] === 0;
};

/** Where the stack loses a frame, before or after the rules, the oracle does not say which rules it met. */
function fatesUnder(rules: readonly string[]): (frame: Uint8Array) => Fate {
  const { ruleset } = readRuleset([{ file: 'x.nft', text: table(rules), takenAt: null }]);
  return createOracle(ruleset, bedFacts(true), 'eth0').fate;
}

/** The host's answers to broadcast addresses would come in again by the same device. */
const silence = 'table inet quiet {\n\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n\t}\n}\n';

interface Counted {
  readonly nftables: readonly {
    readonly rule?: { readonly expr: readonly { readonly counter?: { readonly packets: number } }[] };
  }[];
}

test('what matches by our reading matches in the kernel', async (t) => {
  t.timeout(300_000);
  await withNamespaces(t, async (net) => {
    const words = `${matches.join('\n')}\n-s 192.0.2.0/24 -p tcp --dport 53 80\n2001:db8:1::/64`;
    const arrives = fatesUnder([]);
    const frames = framePool(words, 3000, createRandom(7))
      .flatMap((datagram) => datagram.frames)
      .filter((frame) => arrives(frame).kind === 'pass' && !hasHopByHop(frame));
    const bed = createBed(net, ['m'], { forwarding: true });
    const [target] = bed.targets;
    const [file, listing] = [join(net.directory(), 'frames'), join(net.directory(), 'count.nft')];
    writeFileSync(file, packFrameFile(frames));
    writeFileSync(listing, table(matches.map((match) => `${match} counter`)) + silence);
    await net.exec(target?.name ?? '', 'nft', ['-f', listing]);
    await inject(net, bed, file);
    const { stdout } = await net.exec(target?.name ?? '', 'nft', ['-j', 'list', 'table', 'inet', 't']);
    const counted = (JSON.parse(stdout) as Counted).nftables.flatMap(
      ({ rule }) => rule?.expr.flatMap(({ counter }) => (counter ? [counter.packets] : [])) ?? [],
    );
    t.is(counted.length, matches.length);
    for (const [i, match] of matches.entries()) {
      const fate = fatesUnder([`${match} drop`]);
      const fates = frames.map((frame) => fate(frame).kind);
      const sure = fates.filter((kind) => kind === 'drop').length;
      const possible = fates.filter((kind) => kind !== 'pass').length;
      const packets = counted[i] ?? -1;
      t.true(packets >= sure && packets <= possible, `${match}: ${sure} to ${possible} expected, ${packets} counted`);
      t.log(`${match}: ${sure} to ${possible} expected, ${packets} counted`);
    }
  });
});
