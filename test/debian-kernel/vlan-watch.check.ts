/** `offload watch` of a VLAN device that is covered through another: it goes, and comes again with another tag. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { until } from '../kernel/watch/until.js';
import { rules, withVlan } from './vlan-bed.js';

test('a VLAN device that is made anew, and of another id, is followed', async (t) => {
  await withVlan(t, async ({ net, namespaces, host, peer, where, arrived, directory, detach }) => {
    await peer('ethtool', '-K', 'up0', 'txvlan', 'off');
    const file = join(directory, 'watched.v4');
    writeFileSync(file, rules('eth0.10'));
    const args = ['watch', file, '--dev', 'eth0.10', '--assume', 'vlan-stripping', ...where];
    const watcher = net.start(namespaces.host, process.execPath, [command, ...args], { timeout: 1_500_000 });
    let said = '';
    for (const stream of [watcher.stdout, watcher.stderr])
      stream?.on('data', (text: Buffer) => (said += text.toString()));
    const isDropped = async (): Promise<boolean> => (await arrived()) === 0;
    await until(isDropped, () => said);
    for (const id of ['10', '20']) {
      await host('ip', 'link', 'del', 'eth0.10');
      await host('ip', 'link', 'add', 'link', 'eth0', 'name', 'eth0.10', 'type', 'vlan', 'id', id);
      await host('ip', 'link', 'set', 'eth0.10', 'up');
      await host('ip', 'addr', 'add', '192.0.2.25/24', 'dev', 'eth0.10');
      await peer('ip', 'link', 'del', 'up0.10');
      await peer('ip', 'link', 'add', 'link', 'up0', 'name', 'up0.10', 'type', 'vlan', 'id', id);
      await peer('ip', 'link', 'set', 'up0.10', 'up');
      await peer('ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'up0.10');
      await peer('ip', 'neigh', 'replace', '192.0.2.25', 'lladdr', '02:00:00:00:00:10', 'dev', 'up0.10', 'nud', 'permanent'); // prettier-ignore
      await until(isDropped, () => said);
      t.is(watcher.exitCode, null, said);
    }
    t.log(said);
    await detach('eth0.10');
    t.is(await arrived(), 5, said);
  });
});
