/** A plan that takes long: the filter goes on meanwhile, and so does whoever looks after it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addresses, quietTable } from './addresses.js';
import { type Host, withHost } from './host.js';
import { until } from './until.js';

const { good, bad } = addresses;

const rules = 20_000;
const lines = Array.from({ length: rules }, (_, i) => `-A PREROUTING -s 11.0.${i >> 8}.${i & 255} -j DROP`);
const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`;

const told = async (host: Host): Promise<{ readonly packets: number; readonly programId: number }> => {
  const { programId, drops } = await host.status();
  return { programId, packets: drops.packets };
};

test('while a plan is made the lease is renewed, and what makes a drop wrong is acted on', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    await host.input(raw, 'iptables-legacy-restore');
    const watcher = host.watch('--live', '--dev', 'eth0', '--lease', '1');
    const plans = (): number => [...watcher.said.matchAll(/planned anew and/g)].length;
    await watcher.ready();
    await host.droppedEarly(bad);

    // A plan, its verification and the attaching take longer than the lease.
    const before = await host.seen(bad);
    watcher.child.kill('SIGHUP');
    await watcher.says(/planned anew/);
    t.is(await host.seen(bad), before, watcher.said);

    // Where a plan was ready before the rule was met, it is tried again.
    for (;;) {
      const planned = plans();
      await host.run('nft', 'add', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', '203.0.113.9', 'drop');
      await new Promise((done) => setTimeout(done, 1000));
      await host.run('nft', 'insert', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', bad, 'accept');
      await host.passes(bad);
      // A plan that was being made knows nothing of the rule: it is given up, or passes everything. The next one must not drop either.
      const before = await told(host);
      await watcher.says(/planned anew/, planned + 1);
      await host.traffic.more(bad, 20);
      const after = await told(host);
      t.is(after.packets, before.packets, watcher.said);
      if (
        /inet own in, while a plan was made: it is begun anew.*\n.*planned anew.*, after a plan in vain; everything passed/.test(
          watcher.said,
        )
      ) {
        t.not(after.programId, before.programId);
        break;
      }
      await host.run('nft', 'flush', 'chain', 'inet', 'own', 'in');
      await host.run('nft', 'add', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', '@quiet', 'drop');
      await host.droppedEarly(bad);
    }
    t.is(await host.traffic.lost(good), 0, watcher.said);
    t.log(watcher.said.trim());
  });
});

test('told to stop amid a plan: it does not wait for it, and what was attached before goes on', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    await host.input(raw, 'iptables-legacy-restore');
    // Amid the first plan: nothing is attached, and nothing is left.
    const second = host.watch('--live', '--dev', 'eth0');
    await until(
      () => existsSync(join(host.directory, 'state', 'watch.lock')),
      () => second.said,
    );
    second.child.kill('SIGTERM');
    t.is(await second.ends(), 0, second.said);
    t.regex(second.said, /stopped before there was a filter to follow the host with: eth0 is as it was/);
    t.notRegex(await host.run('ip', 'link', 'show', 'dev', 'eth0'), /xdp/);

    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.droppedEarly(bad);
    const { programId } = await host.status();
    for (const delay of [200, 900]) {
      const one = delay === 200 ? watcher : host.watch('--live', '--dev', 'eth0');
      if (one !== watcher) await one.ready();
      const before = (await host.status()).programId;
      one.child.kill('SIGHUP');
      await new Promise((done) => setTimeout(done, delay));
      one.child.kill('SIGTERM');
      t.is(await one.ends(), 0, one.said);
      t.regex(one.said, /stopped: the filter stays on eth0/);
      t.notRegex(one.said, /planned anew/, 'it ended before the plan was made');
      t.is((await host.status()).programId, before);
      await host.droppedEarly(bad);
    }
    t.not((await host.status()).programId, programId, 'each has adopted what the one before has left');
    t.is(await host.traffic.lost(good), 0);
    t.is((await host.offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
  });
});
