/** `offload watch --before`: whatever the filter passes goes to their program, also when it passes everything. */
import { join } from 'node:path';
import test from 'ava';
import { buildTheirs } from '../fixture/build.js';
import { addresses, quietTable } from './addresses.js';
import { withHost } from './host.js';
import { until } from './until.js';

const { good, bad, other } = addresses;

test('sets are followed, and when nobody renews the lease their program gets everything; its next version is taken up', async (t) => {
  await withHost(t, async (host) => {
    const pins = host.net.bpffs();
    const [theirs, maps] = [join(pins, 'theirs'), join(pins, 'maps')];
    const object = buildTheirs(host.net.directory(), true);
    await host.run('bpftool', 'prog', 'load', object, theirs, 'pinmaps', maps);
    await host.run('bpftool', 'net', 'attach', 'xdpdrv', 'pinned', theirs, 'dev', 'eth0');
    const seen = async (): Promise<number> => {
      const [first] = JSON.parse(await host.run('bpftool', '-j', 'map', 'dump', 'pinned', join(maps, 'seen'))) as {
        readonly value: readonly string[];
      }[];
      return Buffer.from(first!.value.map(Number)).readUInt32LE(0);
    };
    await host.input(quietTable, 'nft', '-f', '-');
    const options = ['--live', '--dev', 'eth0', '--before', theirs, '--lease', '3'];
    const first = host.watch(...options);
    await first.ready();
    await host.droppedEarly(bad);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.droppedEarly(other);
    const tail = await host.offload('tail', '--count', '2', '--rate', 'all', '--dev', 'eth0');
    t.is(tail.code, 0, tail.stderr);
    t.regex(tail.stdout, new RegExp(`^.* eth0 IPv4 198.18.0.[78] .*inet own in 1.*\n.*inet own in 1.*\n$`));

    await first.kill();
    await host.passesXdp(bad);
    // All of it: they see no less than netfilter does.
    const [netfilter, them] = [await host.seen(bad), await seen()];
    await until(
      async () => (await host.seen(bad)) >= netfilter + 50,
      () => 'netfilter sees what is passed',
    );
    t.true((await seen()) - them >= 50);

    const second = host.watch(...options);
    await second.ready();
    await host.droppedEarly(bad);
    await host.run('rm', theirs);
    await host.run('bpftool', 'prog', 'load', object, theirs, 'map', 'name', 'seen', 'pinned', join(maps, 'seen'));
    await second.says(/is another program now: planned anew and replaced/);
    await host.droppedEarly(bad);
    const [id] = /^\d+/.exec(await host.run('bpftool', 'prog', 'show', 'pinned', theirs)) ?? [];
    t.regex((await host.offload('status')).stdout, new RegExp(`hands what it passes to program ${id ?? '?'} "theirs"`));

    await host.run('bpftool', 'net', 'detach', 'xdpdrv', 'dev', 'eth0');
    await second.says(/the filter is not on eth0 any more: planned anew and replaced/);
    await host.droppedEarly(bad);
    t.is(second.exit, null);
    t.is(await host.traffic.lost(good), 0, `${first.said}\n${second.said}`);
    t.log(first.said, second.said);
  });
});
