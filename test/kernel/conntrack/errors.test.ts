/** What the question cannot be asked about, or is not about ports: ICMP errors, fragments, raw sockets, other protocols. They all pass XDP. */
import test from 'ava';
import { backends } from '../differential/backend.js';
import { addressBytes, concat, ipv4, ipv4Fragments, ipv6, ipv6Fragments, type Segment } from '../differential/frame.js';
import { icmp, opaque, tcp, udp, udpLite } from '../differential/segment.js';
import { addresses, families, withHost } from './bed.js';

const rules = (bad: string): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED -j ACCEPT
-A INPUT -s ${bad} -j DROP
COMMIT
`;
const both = { v4: rules(addresses[4].bad), v6: rules(addresses[6].bad) };
const tools = { 4: 'iptables', 6: 'ip6tables' } as const;

/** A frame from a blocked address to the host. */
const from = (family: 4 | 6, segment: Segment): Uint8Array =>
  family === 4
    ? ipv4({ saddr: addresses[4].bad, daddr: addresses[4].host }, segment)
    : ipv6({ saddr: addresses[6].bad, daddr: addresses[6].host }, segment);

/** An ICMP error about a datagram that the host sent to `peer`; `rest` is the header's second word (MTU). */
function icmpError(
  family: 4 | 6,
  type: number,
  code: number,
  rest: number,
  peer: string,
  ports: readonly [number, number],
): Segment {
  const { host } = addresses[family];
  const quoted =
    family === 4
      ? ipv4({ saddr: host, daddr: peer }, udp(...ports))
      : ipv6({ saddr: host, daddr: peer }, udp(...ports));
  return {
    protocol: family === 4 ? 1 : 58,
    bytes: concat([type, code, 0, 0, 0, 0, rest >> 8, rest & 0xff], quoted.subarray(14)),
  };
}

/** Port unreachable, too big, time exceeded. */
const errors = {
  4: [
    [3, 3, 0],
    [3, 4, 1400],
    [11, 0, 0],
  ],
  6: [
    [1, 4, 0],
    [2, 0, 1400],
    [3, 0, 0],
  ],
} as const;

for (const backend of backends) {
  test(`${backend}: ICMP errors from a blocked router reach the flow that they are about`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      await bed.protect(both);
      for (const family of families) {
        const { host, good, bad } = addresses[family];
        const here = await bed.host.bind(host, 7400);
        await bed.host.aim(here, bad, 7401);
        await bed.host.send(here, 'nobody there');
        t.is(await bed.host.receive(here), 'ECONNREFUSED', 'sent by a real stack');
        const related = (): number => bed.hits('--ctstate RELATED -j', tools[family]);
        t.is(related(), 1);

        await bed.outside.bind(good, 7403);
        const toGood = await bed.host.bind(host, 7402);
        await bed.host.send(toGood, 'through the blocked router', good, 7403);
        for (const [type, code, rest] of errors[family])
          await bed.inject(from(family, icmpError(family, type, code, rest, good, [7402, 7403])));
        t.is(related(), 4, 'port unreachable, too big, time exceeded');
        await bed.inject(from(family, icmpError(family, 3, 1, 0, good, [1, 2])));
        t.is(related(), 4, 'of an unknown flow');
        t.is(await bed.early(), 0, 'XDP passes every ICMP error');
      }
    });
  });

  test(`${backend}: fragments of a flow with a blocked address arrive`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      await bed.protect(both);
      for (const family of families) {
        const { host, bad } = addresses[family];
        const long = 'x'.repeat(4000);
        await bed.outside.bind(bad, 7500, true);
        const here = await bed.host.bind(host, 7501);
        await bed.host.send(here, long, bad, 7500);
        t.is(await bed.host.receive(here), `>${long}`);
        const cut =
          family === 4
            ? ipv4Fragments({ saddr: bad, daddr: host }, udp(9, 7502, 24), [16])
            : ipv6Fragments({ saddr: bad, daddr: host }, udp(9, 7502, 24), [16]);
        const before = bed.hits(`-s ${bad}`, tools[family]);
        await bed.inject(...cut);
        t.is(await bed.early(), 0, 'those of no flow pass as well');
        t.is(bed.hits(`-s ${bad}`, tools[family]), before + 1, 'and netfilter drops the datagram');
      }
    });
  });

  test(`${backend}: no protocol but TCP and UDP is dropped on the strength of a lookup`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      await bed.protect(both);
      for (const family of families) {
        const { bad } = addresses[family];
        const others = [
          ...[33, 132, 47, 50, 2, 255].map((protocol) => opaque(protocol, 1000, 2000)),
          udpLite(1000, 2000),
          icmp(family, family === 4 ? 8 : 128, 0),
          icmp(family, family === 4 ? 0 : 129, 0),
          { protocol: 6, bytes: tcp({ sport: 1, dport: 2, flags: 2 }).bytes.subarray(0, 16) },
          { protocol: 17, bytes: udp(1, 2).bytes.subarray(0, 6) },
        ];
        await bed.inject(...others.map((segment) => from(family, segment)));
        t.is(await bed.early(), 0);
        t.is(bed.hits(`-s ${bad}`, tools[family]), others.length, 'netfilter drops them');
        await bed.inject(from(family, tcp({ sport: 1, dport: 2, flags: 2 })), from(family, udp(1, 2)));
        t.is(await bed.early(), 2);
        t.is(bed.hits(`-s ${bad}`, tools[family]), others.length);
      }
    });
  });

  test(`${backend}: answers to raw sockets of the host`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      await bed.protect(both);
      const { bad } = addresses[4];
      await bed.outside.bind(bad, 7600, true);
      // An echo request; then a datagram whose ports only conntrack has ever heard of.
      const ping = [8, 0, 0xf7, 0xff - 7, 0, 0, 0, 7];
      const datagram = [0x1d, 0xb1, 0x1d, 0xb0, 0, 12, 0, 0, 0x61, 0x62, 0x63, 0x64];
      for (const [protocol, bytes] of [
        [1, ping],
        [17, datagram],
      ] as const) {
        const reply = await bed.net.exec(bed.names.host, 'perl', [
          '-e',
          rawExchange,
          String(protocol),
          Buffer.from(addressBytes(bad)).toString('hex'),
          Buffer.from(bytes).toString('hex'),
        ]);
        t.regex(reply.stdout, protocol === 1 ? /^0000/ : /3e61626364$/, 'the answer came through');
      }
      t.is(await bed.early(), 0);
    });
  });
}

/** Sends layer-4 bytes by a raw socket and prints those of the first answer from there. Perl: Node has no raw sockets. */
const rawExchange = `use Socket;
my ($protocol, $peer, $bytes) = @ARGV;
socket(S, PF_INET, SOCK_RAW, $protocol) or die $!;
send(S, pack('H*', $bytes), 0, pack_sockaddr_in(0, pack('H*', $peer))) or die $!;
$SIG{ALRM} = sub { exit 0 };
alarm 3;
while (my $from = recv(S, my $packet, 2000, 0)) {
  next if (unpack_sockaddr_in($from))[1] ne pack('H*', $peer);
  print unpack('H*', substr($packet, 20));
  last;
}`;
