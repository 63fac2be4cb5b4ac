/** A plan that takes long: the filter goes on meanwhile, and so does whoever looks after it. */
import test from 'ava';
import { addresses } from './addresses.js';
import { withHost } from './host.js';

const { good, bad } = addresses;

const table = `table inet own {
  set quiet { type ipv4_addr; elements = { ${bad} } }
  chain in { type filter hook input priority 0
    ip saddr @quiet drop
  }
}
`;

const rules = 20_000;
const lines = Array.from({ length: rules }, (_, i) => `-A PREROUTING -s 11.0.${i >> 8}.${i & 255} -j DROP`);
const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`;

test('while a plan is made the lease is renewed, and what makes a drop wrong is acted on', async (t) => {
  await withHost(t, async (host) => {
    await host.input(table, 'nft', '-f', '-');
    await host.input(raw, 'iptables-legacy-restore');
    const watcher = host.watch('--live', '--dev', 'eth0', '--lease', '1');
    const plans = (): number => [...watcher.said.matchAll(/planned anew/g)].length;
    await watcher.ready();
    await host.droppedEarly(bad);

    // A plan, its verification and the attaching take longer than the lease.
    const before = await host.seen(bad);
    watcher.child.kill('SIGHUP');
    await watcher.says(/planned anew/);
    t.is(await host.seen(bad), before, watcher.said);

    // Where a plan was ready before the rule was met, another one is asked for.
    for (;;) {
      const planned = plans();
      watcher.child.kill('SIGHUP');
      await new Promise((done) => setTimeout(done, 700));
      await host.run('nft', 'insert', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', bad, 'accept');
      await host.passes(bad);
      const early = plans() === planned;
      // The plan that was being made may know nothing of the rule: attached, it must not drop.
      const { packets } = (await host.status()).drops;
      await watcher.says(/planned anew/, planned + 1);
      await host.traffic.more(bad, 20);
      t.is((await host.status()).drops.packets, packets, watcher.said);
      if (early) break;
      await host.run('nft', 'flush', 'chain', 'inet', 'own', 'in');
      await host.run('nft', 'add', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', '@quiet', 'drop');
      await host.droppedEarly(bad);
    }
    t.is(await host.traffic.lost(good), 0, watcher.said);
    t.log(watcher.said.trim());
  });
});
