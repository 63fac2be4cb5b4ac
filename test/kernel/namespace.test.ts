import { existsSync } from 'node:fs';
import test from 'ava';
import { withNamespaces } from './namespace.js';

test('two namespaces reach each other and nothing is left behind', async (t) => {
  const names: string[] = [];
  await withNamespaces(t, async (net) => {
    const [a, b] = [net.namespace('a'), net.namespace('b')];
    names.push(a, b);
    net.veth(a, 'eth0', b, 'eth0');
    await net.exec(a, 'ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
    await net.exec(b, 'ip', ['addr', 'add', '192.0.2.2/24', 'dev', 'eth0']);
    t.true(net.ifindex(a, 'eth0') > 1);
    t.is((await net.exec(a, 'cat', [], { input: 'x' })).stdout, 'x');
    t.regex((await net.exec(a, 'ip', ['route', 'get', '192.0.2.2'])).stdout, /dev eth0/);
    names.push(net.bpffs());
  });
  for (const name of names) t.false(existsSync(name.startsWith('/') ? name : `/run/netns/${name}`));
});

test('a failing test is cleaned up too', async (t) => {
  let name = '';
  await t.throwsAsync(
    withNamespaces(t, async (net) => {
      name = net.namespace();
      await net.exec(name, 'false');
    }),
    { message: /^false {2}failed \(1\)/ },
  );
  t.false(existsSync(`/run/netns/${name}`));
});
