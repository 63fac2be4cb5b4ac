/** A VLAN device on a tap: what XDP gets there is what was written, tags and all. */
import test from 'ava';
import { withVlan } from './vlan-bed.js';

test('nothing has to be taken as given where it is known that tags are in the frame', async (t) => {
  await withVlan(t, async ({ host, attach, detach }) => {
    await host('sh', '-c', 'mkdir -p /dev/net && { [ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200; }');
    await host('ip', 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap');
    await host('ip', 'link', 'set', 'tap0', 'up');
    await host('ip', 'link', 'add', 'link', 'tap0', 'name', 'tap0.10', 'type', 'vlan', 'id', '10');
    await host('ip', 'link', 'set', 'tap0.10', 'up');
    const { code, stdout, stderr } = await attach('tap0.10');
    t.is(code, 0, stderr);
    t.regex(stdout, /^Attached to tap0\.10 \(native XDP\), verified with .*: no difference\.$/m);
    await detach('tap0.10');
  });
});
