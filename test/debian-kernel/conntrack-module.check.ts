/** Where conntrack is a module, and nothing has needed it yet: the first in a virtual machine. The others have it from here on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { withNamespaces } from '../kernel/namespace.js';
import { root } from '../samples/sample-runs.js';

/** The kernel's own way to load a module. */
const modprobe = 'exec "$(cat /proc/sys/kernel/modprobe)" nf_conntrack';

test('connections that the kernel cannot be asked about yet: said, and drops below them are left out', async (t) => {
  t.false(existsSync('/sys/module/nf_conntrack'), 'this one comes first');
  await withNamespaces(t, async (net) => {
    const [host, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(host, 'eth0', peer, 'up0');
    await net.exec(host, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    const where = ['--bpffs', net.bpffs(), '--state', join(net.directory(), 'state')];
    const attach = () =>
      net.exec(host, process.execPath, [command, join(root, 'samples/web-server/rules.v4'), '--dev', 'eth0', ...where]);
    const without = await attach();
    t.regex(without.stderr, /note: this kernel cannot be asked about connections, .*`modprobe nf_conntrack`/);
    t.regex(without.stdout, /^Attached to eth0 .*: no difference\.$/m);
    await net.exec(host, 'sh', ['-c', modprobe]);
    const asked = await attach();
    t.notRegex(asked.stderr, /cannot be asked/);
    t.regex(asked.stdout, /^Replaced on eth0 .*: no difference\.$/m);
    const inXdp = (text: string): number =>
      Number(/^([\d,]+) of [\d,]+ rules.* run in XDP/m.exec(text)?.[1]?.replace(',', ''));
    t.true(inXdp(asked.stdout) > inXdp(without.stdout), `${inXdp(without.stdout)}, then ${inXdp(asked.stdout)}`);
  });
});
