/** What the kernel tells of VLAN devices. */
import test from 'ava';
import type { Script } from '../kernel/follow/commands-agent.js';
import { withNamespaces } from '../kernel/namespace.js';

test('what changes of a VLAN device is told to who watches', async (t) => {
  await withNamespaces(t, async (net) => {
    const ip = (line: string) => ['ip', ...line.split(' ')];
    const script: Script = {
      first: [
        ip('link add v0 type veth peer name v1'),
        ip('link add link v0 name v0.10 type vlan id 10'),
        ...['v0', 'v1', 'v0.10'].flatMap((name) => [
          ip(`link set ${name} addrgenmode none`),
          // Of a device that is down the kernel does not tell it.
          ip(`link set ${name} up`),
        ]),
      ],
      steps: [
        ip('link set v0.10 type vlan reorder_hdr off'),
        ip('link set v0.10 txqueuelen 7'),
        ip('link set v0 address 02:00:00:00:00:11'),
        ip('link del v0.10'),
      ],
      wait: 0,
    };
    const input = JSON.stringify(script);
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], { input });
    const { told } = JSON.parse(stdout) as { told: string[][] };
    t.regex(told[0]!.join(), /device v0\.10 changed/);
    t.deepEqual(told[1], []);
    t.regex(told[2]!.join(), /device v0 changed/);
    t.regex(told[3]!.join(), /device v0\.10 removed/);
  });
});
