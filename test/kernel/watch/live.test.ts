/** A host that changes under way, with legitimate packets that must all arrive and blocked ones that XDP must drop. */
import test from 'ava';
import { addresses } from './addresses.js';
import { withHost } from './host.js';

const { good, bad, other } = addresses;

const table = `table inet own {
  set quiet { type ipv4_addr; elements = { 203.0.113.1 } }
  chain in { type filter hook input priority 0
    ip saddr @quiet drop
  }
}
`;

test('nft: elements, rules and addresses change', async (t) => {
  await withHost(t, async (host) => {
    await host.input(table, 'nft', '-f', '-');
    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.passes(bad);

    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${bad} }`);
    await host.droppedEarly(bad);
    await host.passes(other);
    t.is((await host.status()).watch?.passing, null);
    await host.run('nft', 'delete', 'element', 'inet', 'own', 'quiet', `{ ${bad} }`);
    await host.passes(bad);

    // A rule that drops more, and one that lets through what is dropped.
    await host.run('nft', 'add', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', other, 'drop');
    await host.droppedEarly(other);
    await host.run('nft', 'insert', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', other, 'accept');
    await host.passes(other);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${bad} }`);
    await host.droppedEarly(bad);

    for (const verb of ['add', 'del']) {
      await host.run('ip', 'addr', verb, '192.0.2.77/24', 'dev', 'eth0');
      await host.droppedEarly(bad);
    }
    // No rule asks how anything is routed: not one packet gets through meanwhile.
    const seen = await host.seen(bad);
    for (const verb of ['add', 'del', 'add']) {
      await host.run('ip', 'route', verb, '203.0.113.0/24', 'via', '192.0.2.1');
      await host.traffic.more(bad, 20);
    }
    t.is(await host.seen(bad), seen, watcher.said);
    t.is(await host.traffic.lost(good), 0, watcher.said);
    t.log(watcher.said);
    const { watch, rules } = await host.status();
    t.true(watch?.isAlive);
    t.true((watch?.elements ?? 0) >= 3);
    t.true((rules.find(({ text }) => text.includes('@quiet'))?.packets ?? 0) > 0);
  });
});

test('routes: a rule that asks how the source is routed is kept true, and the kernel asked again', async (t) => {
  await withHost(t, async (host) => {
    // The kernel answers XDP where the loopback device forwards (docs/reverse-path.md).
    await host.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding');
    const rule = 'chain early { type filter hook prerouting priority -300; fib saddr . iif oif missing drop\n}';
    await host.input(`table ip own {\n${rule}\n}\n`, 'nft', '-f', '-');
    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.passes(bad);
    await host.run('ip', 'route', 'del', '198.18.0.0/15');
    await host.droppedEarly(bad);
    await watcher.says(/route 198\.18\.0\.0\/15 removed from table 254: nothing that matters here; everything passed/);
    await host.run('ip', 'route', 'add', '198.18.0.0/15', 'dev', 'eth0');
    await host.passes(bad);
    t.is(await host.traffic.lost(good), 0, watcher.said);
  });
});
