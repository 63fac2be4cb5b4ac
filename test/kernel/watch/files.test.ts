/** Rulesets in files: written anew, with a mistake, and a kernel whose rules are others than the files say. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addresses } from './addresses.js';
import { withHost } from './host.js';

const { good, bad, other } = addresses;

const table = (drops: readonly string[], quiet = '203.0.113.1'): string => `table inet own {
	set quiet {
		type ipv4_addr
		elements = { ${quiet} }
	}

	chain in {
		type filter hook input priority filter; policy accept;
		ip saddr @quiet drop
${drops.map((address) => `\t\tip saddr ${address} drop\n`).join('')}	}
}
`;

test.serial(
  'a file that is written anew is planned for, one with a mistake passes everything until it is mended',
  async (t) => {
    await withHost(t, async (host) => {
      const file = join(host.directory, 'rules.nft');
      const load = (text: string): Promise<void> =>
        host.input(`table inet own\ndelete table inet own\n${text}`, 'nft', '-f', '-');
      writeFileSync(file, table([bad]));
      await load(table([bad]));
      const watcher = host.watch(file, '--dev', 'eth0');
      await watcher.ready();
      await host.droppedEarly(bad);
      await host.passes(other);

      // Elements of a set that both have follow the kernel, from the start.
      await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
      await host.droppedEarly(other);
      await host.run('nft', 'delete', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
      await host.passes(other);

      writeFileSync(file, `${table([bad])}table inet {\n`);
      await watcher.says(/rules\.nft:13:12: error/);
      await host.passesXdp(bad);
      t.is(watcher.exit, null);
      writeFileSync(file, table([bad]));
      await watcher.says(/planned anew and replaced/);
      await host.droppedEarly(bad);

      // Rules that the file does not know: nothing is sure until somebody says so.
      await host.run('nft', 'insert', 'rule', 'inet', 'own', 'in', 'ip', 'saddr', bad, 'accept');
      await watcher.says(/the kernel's rules have changed and .*rules\.nft has not.*--live/);
      await host.passes(bad);
      await load(table([bad, other]));
      writeFileSync(file, table([bad, other]));
      await host.droppedEarly(other);
      await host.droppedEarly(bad);
      // The other way round, a signal says it.
      writeFileSync(file, table([bad]));
      await watcher.says(/planned anew and replaced/, 3);
      await load(table([bad]));
      await watcher.says(/the kernel's rules have changed/, 2);
      watcher.child.kill('SIGHUP');
      await host.droppedEarly(bad);
      await host.passes(other);
      t.is(await host.traffic.lost(good), 0, watcher.said);
      t.log(watcher.said);
    });
  },
);

test.serial('a set begins with the elements that the kernel has', async (t) => {
  await withHost(t, async (host) => {
    const file = join(host.directory, 'rules.nft');
    writeFileSync(file, table([], bad));
    await host.input(table([], other), 'nft', '-f', '-');
    await host.watch(file, '--dev', 'eth0').ready();
    await host.droppedEarly(other);
    await host.passes(bad);
    t.pass();
  });
});
