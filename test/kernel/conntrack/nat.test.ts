/** A router with masquerading, port forwards and default deny: what is translated finds its way, the rest dies in XDP. */
import test, { type ExecutionContext } from 'ava';
import { backends } from '../differential/backend.js';
import { concat, ipv4, type Segment } from '../differential/frame.js';
import { udp } from '../differential/segment.js';
import { addresses, withHost, type Addresses, type HostBed } from './bed.js';

const v4 = addresses[4];
const v6 = addresses[6];
const filter = (bad: string, extra: string): string => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s ${bad} -j DROP
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
${extra}-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s ${bad} -j DROP
-A FORWARD -i eth1 -j ACCEPT
-A FORWARD -d 198.51.100.2/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`;
const nat = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d ${v4.host}/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${v4.inside}:80
-A PREROUTING -i eth0 -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25
-A POSTROUTING -s 198.51.100.0/24 -o eth0 -j MASQUERADE
-A POSTROUTING -s 198.51.100.0/24 -d ${v4.inside}/32 -p tcp -m tcp --dport 80 -j MASQUERADE
COMMIT
`;
/** ip6tables has no 198.51.100.2; neighbour discovery is NEW or UNTRACKED, so default deny has to name it. */
const v6Filter = filter(v6.bad, '-A INPUT -p ipv6-icmp -j ACCEPT\n').replace(
  '-d 198.51.100.2/32',
  `-d ${v6.inside}/128`,
);
const router = { v4: nat + filter(v4.bad, ''), v6: v6Filter };

/** TCP and UDP, long datagrams too, from inside to an address outside; in IPv4 masqueraded. */
async function flowOut(
  t: ExecutionContext,
  bed: HostBed,
  { inside }: Addresses,
  peer: string,
  port: number,
): Promise<void> {
  await bed.outside.listen(peer, port);
  const stream = (await bed.inside.connect(peer, port, inside)) as number;
  t.is(await bed.inside.talk(stream, 'one'), 'data >one', `${peer}: ${String(stream)}`);
  t.is(await bed.inside.finish(stream), 'close false');
  await bed.outside.bind(peer, port, true);
  const here = await bed.inside.bind(inside, 0);
  for (const text of ['short', 'y'.repeat(4000)]) {
    await bed.inside.send(here, text, peer, port);
    t.is(await bed.inside.receive(here), `>${text}`);
  }
}

/** An ICMP error from a blocked router about a masqueraded datagram: addressed to the router, meant for the inside. */
function tooBig(ports: readonly [number, number]): Uint8Array {
  const quoted = ipv4({ saddr: v4.host, daddr: v4.bad }, udp(...ports)).subarray(14);
  const segment: Segment = { protocol: 1, bytes: concat([3, 3, 0, 0, 0, 0, 0, 0], quoted) };
  return ipv4({ saddr: v4.bad, daddr: v4.host }, segment);
}

for (const backend of backends) {
  test(`${backend}: masqueraded and routed flows go on though INPUT and FORWARD drop their peer`, async (t) => {
    await withHost(t, { backend, forwarding: true }, async (bed) => {
      const { asks, drops } = await bed.protect(router);
      t.true(asks > 0 && drops > 0);
      for (const at of [v4, v6]) {
        await flowOut(t, bed, at, at.bad, 7000);
        await flowOut(t, bed, at, at.good, 7001);
      }
      const here = await bed.inside.bind(v4.inside, 7002);
      await bed.inside.aim(here, v4.bad, 7003);
      await bed.inside.send(here, 'nobody there');
      t.is(await bed.inside.receive(here), 'ECONNREFUSED', 'the error is for the inside');
      await bed.outside.bind(v4.bad, 7005);
      const again = await bed.inside.bind(v4.inside, 7004);
      await bed.inside.aim(again, v4.bad, 7005);
      await bed.inside.send(again, 'x');
      await bed.inject(tooBig([7004, 7005]));
      t.is(await bed.inside.receive(again), 'ECONNREFUSED');
      t.is(await bed.early(), 0, 'none of it dropped');
    });
  });

  test(`${backend}: a port forward, a redirection and a hairpin; other ports die in XDP`, async (t) => {
    await withHost(t, { backend, forwarding: true }, async (bed) => {
      await bed.protect(router);
      await bed.inside.listen(v4.inside, 80);
      await bed.host.listen(v4.host, 25);
      for (const port of [8080, 2525, 25]) {
        const stream = (await bed.outside.connect(v4.host, port, v4.good)) as number;
        t.is(await bed.outside.talk(stream, 'hello'), 'data >hello', `port ${port}: ${String(stream)}`);
        t.is(await bed.outside.finish(stream), 'close false');
      }
      const hairpin = (await bed.inside.connect(v4.host, 8080, v4.inside)) as number;
      t.is(await bed.inside.talk(hairpin, 'hello'), 'data >hello');
      const direct = (await bed.outside.connect(v4.inside, 80, v4.good)) as number;
      t.is(await bed.outside.talk(direct, 'hello'), 'data >hello');
      t.is(await bed.early(), 0);

      t.is(await bed.outside.knock(v4.host, 8080, v4.bad), 'quiet', 'forwarded, then dropped: XDP leaves it alone');
      t.is(await bed.early(), 0);
      for (const at of [v4, v6]) {
        for (const [target, source] of [
          [at.host, at.good],
          [at.host, at.bad],
          [at.inside, at.good],
          [at.inside, at.bad],
        ] as const) {
          t.is(await bed.outside.knock(target, 81, source), 'quiet');
          t.true((await bed.early()) >= 1, `default deny: ${source} to ${target}`);
        }
      }
    });
  });
}

/** Replies are for the host on the wire, and forwarded: what they meet there must stay, though nothing else comes to it. */
const oneWay = {
  v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -m addrtype ! --dst-type LOCAL -j DROP
COMMIT
${nat}*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth0 -j DROP
COMMIT
`,
};

for (const backend of backends) {
  test(`${backend}: replies to masqueraded connections that FORWARD drops do not get through`, async (t) => {
    await withHost(t, { backend, forwarding: true }, async (bed) => {
      await bed.protect(oneWay);
      await bed.outside.listen(v4.good, 7000);
      t.is(await bed.inside.knock(v4.good, 7000, v4.inside), 'quiet');
      t.true(bed.hits('-A FORWARD -i eth0 -j DROP') > 0, 'the reply came to the rule');
      t.is(await bed.outside.knock(v4.inside, 81, v4.good), 'quiet');
      t.true((await bed.early()) > 0, 'what is not for the host dies in XDP');
    });
  });
}

test('negative control: without the question a masqueraded flow breaks', async (t) => {
  await withHost(t, { backend: 'nft', forwarding: true }, async (bed) => {
    await bed.protect(router, { forgetful: true });
    await bed.outside.listen(v4.bad, 7000);
    t.is(await bed.inside.knock(v4.bad, 7000, v4.inside), 'quiet');
    t.true((await bed.early()) >= 1);
  });
});
