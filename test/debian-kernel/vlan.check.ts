/** VLAN devices, which the kernels that the other tests run on may not have. Netfilter's counters are the judge. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { withVlan } from './vlan-bed.js';

test.serial('on a veth with a VLAN device nothing is attached, for a tag may travel beside the frame', async (t) => {
  await withVlan(t, async ({ host, attach, detach, arrived, peer }) => {
    t.is(await arrived(), 5);
    await host('ethtool', '-K', 'eth0', 'rxvlan', 'off');
    const refused = await attach('eth0');
    t.is(refused.code, 4);
    t.regex(
      refused.stderr,
      /\[vlan-stripping\].*eth0 is a veth.*eth0\.10 stand on it: run `ethtool -K PEER txvlan off`/s,
    );
    // What it is refused for: the rule is about eth0, and the packets are of eth0.10.
    t.is((await attach('eth0', '--assume', 'vlan-stripping')).code, 0);
    t.is(await arrived(), 0);
    // The command that it names is the one that helps.
    await peer('ethtool', '-K', 'up0', 'txvlan', 'off');
    t.is(await arrived(), 5);
    await detach('eth0');
  });
});

test.serial('a VLAN device takes generic XDP, wherever the tag is', async (t) => {
  await withVlan(t, async ({ peer, attach, detach, arrived }) => {
    t.is((await attach('eth0.10', '--mode', 'generic')).code, 0);
    for (const offloaded of ['on', 'off']) {
      await peer('ethtool', '-K', 'up0', 'txvlan', offloaded);
      t.is(await arrived(), 0, `txvlan ${offloaded}`);
    }
    await detach('eth0.10');
    t.is(await arrived(), 5);
  });
});

for (const [title, change] of [
  ['an address of its own', ['ip', 'link', 'set', 'eth0.10', 'address', '02:00:00:00:00:77']],
  ['the tag put back', ['ip', 'link', 'set', 'eth0.10', 'type', 'vlan', 'reorder_hdr', 'off']],
] as const)
  test.serial(`a VLAN device with ${title} is refused: netfilter drops what the program passes`, async (t) => {
    await withVlan(t, async ({ host, attach, arrived }) => {
      const counted = async (): Promise<number> =>
        Number(/^ *(\d+) .*DROP/m.exec((await host('iptables-legacy', '-vnxL', 'INPUT')).stdout)?.[1]);
      await host(...change);
      const refused = await attach('eth0.10', '--mode', 'generic');
      t.is(refused.code, 4);
      t.regex(refused.stderr, /\[vlan-device\]/);
      t.is((await attach('eth0.10', '--mode', 'generic', '--assume', 'vlan-device')).code, 0);
      await host('iptables-legacy', '-A', 'INPUT', '-i', 'eth0.10', '-s', '192.0.2.2/32', '-j', 'DROP');
      t.is(await arrived(), 0);
      t.is(await counted(), 5, 'by netfilter');
    });
  });

test.serial('a VLAN device is covered through the device it stands on, where its tags are to be seen', async (t) => {
  await withVlan(t, async ({ host, peer, offload, attach, detach, arrived, directory }) => {
    const refused = await attach('eth0.10');
    t.is(refused.code, 4);
    t.regex(refused.stderr, /\[vlan-stripping\].*eth0 is a veth.*run `ethtool -K PEER txvlan off`/s);
    await peer('ethtool', '-K', 'up0', 'txvlan', 'off');
    t.is((await attach('eth0.10', '--assume', 'vlan-stripping')).code, 0);
    t.is(await arrived(), 0);
    t.regex((await host('ip', 'link', 'show', 'dev', 'eth0')).stdout, /xdp/);

    // There is one place, and whose filter is there is told.
    const other = await attach('eth0', '--assume', 'vlan-stripping');
    t.is(other.code, 3);
    t.regex(other.stderr, /the filter of eth0\.10 is on eth0, which has room for one XDP program/);
    await host('ip', 'link', 'add', 'link', 'eth0', 'name', 'eth0.20', 'type', 'vlan', 'id', '20');
    const both = await attach('eth0.10', '--dev', 'eth0.20', '--assume', 'vlan-stripping');
    t.is(both.code, 3);
    t.regex(both.stderr, /eth0 has room for one XDP program, and eth0\.10 and eth0\.20 would have theirs there/);
    t.is(await arrived(), 0);

    await host('ip', 'link', 'add', 'link', 'eth0.10', 'name', 'within', 'type', 'vlan', 'id', '7');
    const within = await attach('within');
    t.is(within.code, 4);
    t.regex(within.stderr, /\[vlan-device\].*within stands on another VLAN device, eth0\.10/);

    const ingress = join(directory, 'ingress.nft');
    writeFileSync(ingress, 'table netdev t {\n chain c { type filter hook ingress device "eth0" priority 0; }\n}\n');
    const before = await offload(ingress, '--dev', 'eth0.10', '--assume', 'vlan-stripping');
    t.is(before.code, 4);
    t.regex(before.stderr, /\[vlan-ingress\].*chain netdev t c is at ingress of eth0, in front of eth0\.10/);

    await detach('eth0.10');
    t.is(await arrived(), 5);
  });
});
