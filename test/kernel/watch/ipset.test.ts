/** What the kernel does not tell of: sets of ipset and legacy tables; and a device that goes and comes back. */
import test from 'ava';
import { addresses } from './addresses.js';
import { withHost } from './host.js';

const { good, bad, other } = addresses;

test.serial('ipset and legacy tables', async (t) => {
  await withHost(t, async (host) => {
    await host.run('ipset', 'create', 'quiet', 'hash:net', 'counters', 'timeout', '0');
    await host.run('iptables-legacy', '-A', 'INPUT', '-m', 'set', '--match-set', 'quiet', 'src', '-j', 'DROP');
    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.passes(bad);

    await host.run('ipset', 'add', 'quiet', bad);
    await host.droppedEarly(bad);
    await host.run('ipset', 'add', 'quiet', other, 'timeout', '600');
    await host.droppedEarly(other);
    await host.run('ipset', 'del', 'quiet', bad);
    await host.passes(bad);
    const { rules, watch } = await host.status();
    t.true((rules[0]?.packets ?? 0) > 0, 'counters of added elements are those of their rule');
    t.true((watch?.elements ?? 0) >= 2);

    await host.run('iptables-legacy', '-I', 'INPUT', '-s', other, '-j', 'ACCEPT');
    await host.passes(other);
    await host.run('iptables-legacy', '-D', 'INPUT', '1');
    await host.droppedEarly(other);
    await host.run('ipset', 'flush', 'quiet');
    await host.passes(other);
    t.is(await host.traffic.lost(good), 0, watcher.said);
    t.log(watcher.said);
  });
});

test.serial('a device that goes and comes back', async (t) => {
  await withHost(t, async (host) => {
    await host.run('ipset', 'create', 'quiet', 'hash:ip');
    await host.run('ipset', 'add', 'quiet', bad);
    await host.run('iptables-legacy', '-A', 'INPUT', '-m', 'set', '--match-set', 'quiet', 'src', '-j', 'DROP');
    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.droppedEarly(bad);
    await host.run('ip', 'link', 'del', 'eth0');
    await watcher.says(/there is no device eth0/);
    t.is(watcher.exit, null);
    await host.connect();
    await watcher.says(/planned anew and replaced/);
    await host.droppedEarly(bad);
    await host.passes(good);
    t.log(watcher.said);
  });
});
