/** "Established, accept" above a blocklist: flows with blocked addresses go on, everything else from there dies in XDP. */
import test, { type ExecutionContext } from 'ava';
import { backends } from '../differential/backend.js';
import { addresses, families, withHost, type Addresses, type HostBed } from './bed.js';

const rules = (bad: string): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s ${bad} -j DROP
COMMIT
`;
const both = { v4: rules(addresses[4].bad), v6: rules(addresses[6].bad) };

/** New packets from the blocked address die early; each knock is at least one. */
async function isBlocked(t: ExecutionContext, bed: HostBed, { host, bad }: Addresses, port: number): Promise<void> {
  await bed.early();
  t.is(await bed.outside.knock(host, port, bad), 'quiet');
  const [there, here] = [await bed.outside.bind(bad, 0), await bed.host.bind(host, port)];
  await bed.outside.send(there, 'new', host, port);
  await bed.outside.send(there, 'new', host, port);
  t.is(await bed.host.hush(here), 'quiet');
  t.true((await bed.early()) >= 3, `XDP drops what is new from ${bad}`);
}

async function outgoingTcp(t: ExecutionContext, bed: HostBed, { host, bad }: Addresses): Promise<void> {
  await bed.outside.listen(bad, 7100);
  const stream = (await bed.host.connect(bad, 7100, host)) as number;
  t.is(typeof stream, 'number', `SYN-ACK: ${String(stream)}`);
  t.is(await bed.host.talk(stream, 'one'), 'data >one');
  t.is(await bed.host.talk(stream, 'two'), 'data >two');
  t.is(await bed.host.finish(stream), 'close false', 'FIN in both directions');
  const second = (await bed.host.connect(bad, 7100, host)) as number;
  t.is(await bed.host.talk(second, 'three'), 'data >three');
  await bed.outside.reset(await bed.outside.accepted());
  t.is(await bed.host.ended(second), 'ECONNRESET');
}

async function outgoingUdp(t: ExecutionContext, bed: HostBed, { host, bad }: Addresses): Promise<void> {
  const there = await bed.outside.bind(bad, 7200, true);
  const here = await bed.host.bind(host, 0);
  for (const text of ['first', 'second']) {
    await bed.host.send(here, text, bad, 7200);
    t.is(await bed.host.receive(here), `>${text}`);
    t.is(await bed.outside.receive(there), text);
  }
}

for (const backend of backends) {
  test(`${backend}: outgoing connections to a blocked address work, new packets from it die in XDP`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      const { rules: decisions, asks } = await bed.protect(both);
      t.true(decisions.includes('ip filter INPUT 2: partial tracked'), decisions.join());
      t.true(decisions.includes('ip6 filter INPUT 2: partial tracked'));
      t.is(asks, 2);
      for (const family of families) {
        const at = addresses[family];
        await isBlocked(t, bed, at, 7000);
        await outgoingTcp(t, bed, at);
        await outgoingUdp(t, bed, at);
        t.is(await bed.early(), 0, 'of the flows nothing was dropped');
        await isBlocked(t, bed, at, 7001);
      }
    });
  });
}

for (const backend of backends) {
  test(`${backend}: a flow that was there before its address was blocked goes on`, async (t) => {
    const open = { v4: rules('203.0.113.99'), v6: rules('2001:db8:77::99') };
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      await bed.protect(open);
      for (const family of families) {
        const { host, bad } = addresses[family];
        await bed.host.listen(host, 7300);
        const stream = (await bed.outside.connect(host, 7300, bad)) as number;
        t.is(await bed.outside.talk(stream, 'before'), 'data >before');
        const [there, here] = [await bed.outside.bind(bad, 7301), await bed.host.bind(host, 7301, true)];
        await bed.outside.send(there, 'hello', host, 7301);
        t.is(await bed.outside.receive(there), '>hello');
        t.is(await bed.host.receive(here), 'hello');
        await bed.protect(both);
        t.is(await bed.outside.talk(stream, 'after'), 'data >after');
        await bed.outside.send(there, 'again', host, 7301);
        t.is(await bed.outside.receive(there), '>again');
        t.is(await bed.outside.finish(stream), 'close false');
        t.is(await bed.early(), 0);
        t.is(await bed.outside.knock(host, 7300, bad), 'quiet', 'a new one is blocked');
        t.true((await bed.early()) >= 1);
        await bed.protect(open);
      }
    });
  });
}

test('negative control: without the question these flows break', async (t) => {
  await withHost(t, { backend: 'legacy', forwarding: false }, async (bed) => {
    await bed.protect(both, { forgetful: true });
    for (const family of families) {
      const { host, bad } = addresses[family];
      await bed.outside.listen(bad, 7100);
      t.is(await bed.host.knock(bad, 7100, host), 'quiet');
      t.true((await bed.early()) >= 1, 'the SYN-ACK is dropped');
      const there = await bed.outside.bind(bad, 7200, true);
      const here = await bed.host.bind(host, 0);
      await bed.host.send(here, 'request', bad, 7200);
      t.is(await bed.outside.receive(there), 'request');
      t.is(await bed.host.hush(here), 'quiet');
    }
  });
});
