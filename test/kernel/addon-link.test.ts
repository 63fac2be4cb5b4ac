/** Links, live frames and mounts, in a namespace of their own: the calls run in a child process that lives there. */
import test from 'ava';
import { bundled } from './bundle.js';
import { repository, withNamespaces } from './namespace.js';

test('links, live frames, sending, queries and the mount', async (t) => {
  await withNamespaces(t, async (net) => {
    const [a, b] = [net.namespace('a'), net.namespace('b')];
    net.veth(a, 'eth0', b, 'eth0');
    await net.exec(a, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
    const { stdout } = await net.node(a, 'test/kernel/fixture/links.ts', [
      net.directory(),
      net.bpffs(),
      net.directory(),
    ]);
    t.is(stdout, 'ok\n');
  });
});

test('without privilege the message says so', async (t) => {
  await withNamespaces(t, async (net) => {
    const ns = net.namespace();
    const script = bundled(repository, 'test/kernel/fixture/unprivileged.ts');
    // Still uid 0, but nothing of its power: a container without capabilities.
    const drop = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, script];
    const { stdout } = await net.exec(ns, 'setpriv', drop);
    t.regex(stdout, /cannot load: .*\(EPERM\)/);
    t.regex(stdout, /hint: the process lacks CAP_BPF or CAP_NET_ADMIN/);
  });
});
