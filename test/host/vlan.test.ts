/** A VLAN device that is covered; what the kernel does with its frames is tested on a kernel that has VLANs (test/debian-kernel). */
import test from 'ava';
import { checkLowerIngress, checkVlanDevices } from '../../src/host/check-vlan.js';
import { devicesOf, type LinkJson } from '../../src/host/links.js';
import { placeIn } from '../../src/host/places.js';
import { readRuleset } from '../../src/model/read-ruleset.js';

const data = (of: object): NonNullable<LinkJson['linkinfo']> => ({
  info_kind: 'vlan',
  info_data: { protocol: '802.1Q', id: 10, flags: ['REORDER_HDR'], ...of },
});

const lower: LinkJson = { ifindex: 2, ifname: 'eth0', mtu: 1500, address: '02:00:00:00:00:01', link_type: 'ether' };
const vlan: LinkJson = {
  ...lower,
  ifindex: 3,
  ifname: 'eth0.10',
  link: 'eth0',
  linkinfo: data({}),
};

test('no check without a VLAN device', (t) => {
  t.deepEqual(checkVlanDevices(['eth0'], ['eth0'], [lower, vlan]), []);
});

test('the address of the lower device, and no tag left', (t) => {
  t.like(checkVlanDevices(['eth0.10'], ['eth0.10'], [lower, vlan])[0], {
    code: 'vlan-device',
    status: 'holds',
    detail: 'eth0.10',
  });
});

for (const [title, links, detail, at = 'eth0.10'] of [
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
  [
    'id 0',
    [lower, vlan, { ...vlan, ifname: 'p0', linkinfo: data({ id: 0 }) }],
    /^p0 takes the frames with priority tags \(VLAN id 0\) from eth0, which count as its own$/,
    'eth0',
  ],
  [
    'a VLAN within a VLAN',
    [lower, { ...vlan, ifname: 'q0' }, { ...vlan, link: 'q0' }],
    /^eth0\.10 stands on another VLAN device, q0: cover it by itself, with --mode generic$/,
    'q0',
  ],
  ['nothing known of its lower device', [vlan], /^the device that eth0\.10 stands on is in another namespace/],
] as const) /* prettier-ignore */ {
  test(title, (t) => {
    const [check] = checkVlanDevices(['eth0.10'], [at], links);
    t.is(check?.status, 'violated');
    t.regex(check?.detail ?? '', detail);
  });
}

test('what a VLAN device is made of', (t) => {
  const of = (info: object, more: object = {}) =>
    devicesOf([lower, { ...vlan, ...more, linkinfo: data(info) }])[1]?.vlan;
  t.deepEqual(of({}), { lower: 'eth0', tag: { type: 0x8100, id: 10 } });
  t.deepEqual(of({ protocol: '802.1ad', id: 4094 }), { lower: 'eth0', tag: { type: 0x88a8, id: 4094 } });
  t.is(of({ protocol: '802.1x' }), undefined);
  t.is(of({}, { link_netnsid: 0 }), undefined);
  t.is(devicesOf([lower])[0]?.vlan, undefined);
});

test('in native mode the program is on the device that a VLAN device stands on', (t) => {
  const devices = devicesOf([lower, vlan]);
  const [eth0, eth0v10] = [devices[0]!, devices[1]!];
  t.is(placeIn(devices, eth0v10, { mode: 'native' }).at, eth0);
  t.is(placeIn(devices, eth0, { mode: 'native' }).at, eth0);
  for (const options of [{ mode: 'generic' }, { mode: 'native', chain: {} }, { mode: 'native', before: '/p' }] as const)
    t.is(placeIn(devices, eth0v10, options).at, eth0v10);
});

for (const [device, status] of [
  ['eth0', 'violated'],
  ['eth1', 'holds'],
  ['eth0.10', 'holds'],
] as const)
  test(`a chain at ingress of ${device}: ${status}`, (t) => {
    const text = `table netdev t {\n chain c { type filter hook ingress device "${device}" priority 0; ip saddr 192.0.2.1 counter; }\n}\n`;
    const { ruleset, diagnostics } = readRuleset([{ file: 'a.nft', text, takenAt: null }]);
    t.deepEqual(diagnostics, []);
    const [check] = checkLowerIngress(ruleset, devicesOf([lower, vlan]).slice(1));
    t.is(check?.status, status);
    if (status === 'violated')
      t.regex(check?.detail ?? '', /^chain netdev t c is at ingress of eth0, in front of eth0\.10/);
  });

test('no VLAN device, no question about chains in front of it', (t) => {
  t.deepEqual(checkLowerIngress(readRuleset([]).ruleset, []), []);
});
