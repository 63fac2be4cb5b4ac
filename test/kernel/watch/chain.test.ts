/** `offload watch --chain`: the filter that is kept true stands behind somebody else's program, which comes and goes as it likes. */
import { join } from 'node:path';
import test from 'ava';
import { buildCaller } from '../fixture/build.js';
import { addresses, quietTable } from './addresses.js';
import { withHost } from './host.js';

const { good, bad, other } = addresses;

test('sets are followed, a killed process adopts its place, and their program is waited for', async (t) => {
  await withHost(t, async (host) => {
    const pins = host.net.bpffs();
    const [caller, maps] = [join(pins, 'caller'), join(pins, 'theirs')];
    await host.run('bpftool', 'prog', 'load', buildCaller(host.net.directory(), true), caller, 'pinmaps', maps);
    const attachTheirs = (): Promise<string> =>
      host.run('bpftool', 'net', 'attach', 'xdpdrv', 'pinned', caller, 'dev', 'eth0');
    await attachTheirs();
    await host.input(quietTable, 'nft', '-f', '-');
    const chain = ['--live', '--dev', 'eth0', '--chain', `${join(maps, 'programs')}:1`, '--lease', '3'];
    const first = host.watch(...chain);
    await first.ready();
    await host.droppedEarly(bad);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.droppedEarly(other);
    const tail = await host.offload('tail', '--count', '2', '--rate', 'all', '--dev', 'eth0');
    t.is(tail.code, 0, tail.stderr);
    t.regex(tail.stdout, new RegExp(`^.* eth0 IPv4 198.18.0.[78] .*inet own in 1.*\n.*inet own in 1.*\n$`));

    await first.kill();
    await host.passesXdp(bad);
    const second = host.watch(...chain);
    await second.ready();
    await host.droppedEarly(bad);

    await host.run('bpftool', 'net', 'detach', 'xdpdrv', 'dev', 'eth0');
    await host.passesXdp(bad);
    await second.says(/nobody on eth0 calls the filter any more: it cannot be planned for, so everything passes/);
    await attachTheirs();
    await host.droppedEarly(bad);
    t.is(second.exit, null);
    t.is(await host.traffic.lost(good), 0, `${first.said}\n${second.said}`);
    t.log(first.said, second.said);
  });
});
