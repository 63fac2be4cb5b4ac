/** A VLAN device that is covered itself; what the kernel does with its frames is tested on a kernel that has VLANs (test/debian-kernel). */
import test from 'ava';
import { checkVlanDevices } from '../../src/host/check-vlan.js';
import type { LinkJson } from '../../src/host/links.js';

const lower: LinkJson = { ifindex: 2, ifname: 'eth0', mtu: 1500, address: '02:00:00:00:00:01', link_type: 'ether' };
const vlan: LinkJson = {
  ...lower,
  ifindex: 3,
  ifname: 'eth0.10',
  link: 'eth0',
  linkinfo: { info_kind: 'vlan', info_data: { flags: ['REORDER_HDR'] } },
};

test('no check without a VLAN device', (t) => {
  t.deepEqual(checkVlanDevices(['eth0'], [lower, vlan]), []);
});

test('the address of the lower device, and no tag left', (t) => {
  t.like(checkVlanDevices(['eth0.10'], [lower, vlan])[0], { code: 'vlan-device', status: 'holds', detail: 'eth0.10' });
});

for (const [title, links, detail] of [
  [
    'an address of its own',
    [lower, { ...vlan, address: '02:00:00:00:00:02' }],
    /^eth0\.10 also receives what is addressed to eth0, .*`ip link set eth0\.10 address 02:00:00:00:00:01`$/,
  ],
  [
    'the tag put back',
    [lower, { ...vlan, linkinfo: { info_kind: 'vlan', info_data: { flags: [] } } }],
    /^eth0\.10 leaves the tag in its frames: run `ip link set eth0\.10 type vlan reorder_hdr on`$/,
  ],
  [
    'a lower device in another namespace, of whose name there is one here',
    [lower, { ...vlan, link_netnsid: 0 }],
    /^the device that eth0\.10 stands on is in another namespace/,
  ],
  ['nothing known of its lower device', [vlan], /^the device that eth0\.10 stands on is in another namespace/],
] as const) /* prettier-ignore */ {
  test(title, (t) => {
    const [check] = checkVlanDevices(['eth0.10'], links);
    t.is(check?.status, 'violated');
    t.regex(check?.detail ?? '', detail);
  });
}
