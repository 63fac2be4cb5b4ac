/** What units are cut to where conntrack is built into the kernel: everything but CAP_SYS_ADMIN, without which nothing is opened by its number. */
import { join } from 'node:path';
import test from 'ava';
import { conntrackBtf } from '../../src/host/check-conntrack.js';
import { command } from '../command.js';
import { buildCaller } from './fixture/build.js';
import type { Finished } from './namespace.js';
import { addresses } from './watch/addresses.js';
import { type Host, Watcher, withHost } from './watch/host.js';

const { good, bad, other } = addresses;

/** One drop stands behind an accept of connections, so that XDP asks conntrack, the other before it. */
const table = `table inet own {
  set quiet { type ipv4_addr; elements = { ${bad} } }
  set early { type ipv4_addr; }
  chain raw { type filter hook prerouting priority -300
    ip saddr @early drop
  }
  chain in { type filter hook input priority 0
    ct state established,related accept
    ip saddr @quiet drop
  }
}
`;

const cut = ['--bounding-set=-all,+bpf,+net_admin,+perfmon,+net_raw', '--inh-caps=-all'];

const words = (host: Host, args: readonly string[]): readonly string[] => [
  ...[...cut, process.execPath, command, ...args],
  ...['--bpffs', host.net.bpffs(), '--state', join(host.directory, 'state')],
];

test('a watcher without CAP_SYS_ADMIN attaches, follows, replaces and is told of', async (t) => {
  await withHost(t, async (host) => {
    await host.input(table, 'nft', '-f', '-');
    const watching = words(host, ['watch', '--live', '--dev', 'eth0', '--lease', '3']);
    const where = watching.slice(-4);
    const watcher = new Watcher(host.net.start(host.ns, 'setpriv', watching));
    const run = (...args: string[]): Promise<Finished> =>
      host.net.exec(host.ns, 'setpriv', [...cut, process.execPath, command, ...args, ...where], { mayFail: true });
    await watcher.ready();
    if (conntrackBtf() === 'kernel') await host.droppedEarly(bad);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'early', `{ ${other} }`);
    await host.droppedEarly(other);
    watcher.child.kill('SIGHUP');
    // Longer than its lease: it has looked at what the devices run by then.
    await watcher.says(/planned anew and replaced/);
    await new Promise((done) => setTimeout(done, 4000));
    await host.droppedEarly(other);
    const status = await run('status', '--format', 'json');
    t.is(status.code, 0, status.stderr);
    t.regex(status.stdout, /"isAlive": true/);
    t.is(await host.traffic.lost(good), 0, watcher.said);
    t.notRegex(watcher.said, /EPERM|not permitted/i);
    watcher.child.kill('SIGTERM');
    t.is(await watcher.ends(), 0, watcher.said);
    const again = await run('--live', '--dev', 'eth0');
    t.is(again.code, 0, again.stderr);
    const gone = await run('detach', '--dev', 'eth0');
    t.is(gone.stdout, 'eth0: detached\n', gone.stderr);
  });
});

test('somebody else’s program is refused by its name, without CAP_SYS_ADMIN, too', async (t) => {
  await withHost(t, async (host) => {
    await host.input(table, 'nft', '-f', '-');
    const pin = join(host.net.bpffs(), 'caller');
    await host.run('bpftool', 'prog', 'load', buildCaller(host.net.directory(), true), pin);
    await host.run('bpftool', 'net', 'attach', 'xdpdrv', 'pinned', pin, 'dev', 'eth0');
    const args = words(host, ['--live', '--dev', 'eth0']);
    const refused = await host.net.exec(host.ns, 'setpriv', args, { mayFail: true });
    t.is(refused.code, 3, refused.stdout);
    t.regex(refused.stderr, /XDP program \d+ "caller" runs on eth0 \(native mode\)/);
    await host.run('rm', pin);
    const unnamed = await host.net.exec(host.ns, 'setpriv', args, { mayFail: true });
    t.is(unnamed.code, 3, unnamed.stdout);
    t.regex(unnamed.stderr, /XDP program \d+ \(whose name is told to CAP_SYS_ADMIN only\) runs on eth0/);
  });
});
