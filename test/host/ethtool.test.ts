/** Device features that this kernel's devices cannot have: VLAN stripping and LRO. */
import test from 'ava';
import { checkLro, checkStripping } from '../../src/host/check-ethtool.js';
import { devicesOf } from '../../src/host/links.js';

const features =
  (values: Record<string, 'on' | 'off'>, missing = false) =>
  () => ({
    missing,
    of: (feature: string) => values[feature] ?? ('unknown' as const),
  });

const devices = devicesOf([
  { ifindex: 2, ifname: 'eth0', mtu: 1500, address: '02:00:00:00:00:01', link_type: 'ether' },
  { ifindex: 3, ifname: 'eth0.5', mtu: 1500, link: 'eth0', linkinfo: { info_kind: 'vlan' } },
  { ifindex: 4, ifname: 'gre1', mtu: 1476, link: 'eth0', linkinfo: { info_kind: 'gre' } },
]).filter(({ name }) => name === 'eth0');

test('devices: address as a number, VLANs stand on them, tunnels do not', (t) => {
  t.like(devices[0], { mac: 0x020000000001, kind: null, upper: [{ name: 'eth0.5', kind: 'vlan' }] });
});

for (const [value, status, detail] of [
  ['on', 'violated', /eth0\.5 stand on it: run `ethtool -K eth0 rxvlan off`/],
  ['off', 'holds', /no VLAN device/],
  [undefined, 'unchecked', /ethtool cannot tell for eth0/],
] as const) {
  test(`vlan-stripping ${value ?? 'unknown'} with a VLAN device`, (t) => {
    const check = checkStripping(devices, features(value === undefined ? {} : { 'rx-vlan-offload': value }));
    t.is(check.status, status);
    t.regex(check.detail, detail);
  });
}

for (const [kind, detail] of [
  ['veth', /^eth0 is a veth, .* eth0\.5 stand on it: run `ethtool -K PEER txvlan off` for its peer/],
  [
    'bridge',
    /^eth0 is a bridge, where tags travel beside the frame and XDP may not see them, and eth0\.5 stand on it$/,
  ],
] as const) {
  test(`on a ${kind} rx-vlan-offload says nothing of where the tag is`, (t) => {
    const check = checkStripping(devices.map((device) => ({ ...device, kind })), features({ 'rx-vlan-offload': 'off' })); // prettier-ignore
    t.is(check.status, 'violated');
    t.regex(check.detail, detail);
  });
}

test('a tap gives what it was given', (t) => {
  const taps = devices.map((device) => ({ ...device, kind: 'tun' }));
  t.is(checkStripping(taps, features({ 'rx-vlan-offload': 'off' })).status, 'holds');
});

test('stripping without a VLAN device is harmless', (t) => {
  const plain = devices.map((device) => ({ ...device, upper: [] }));
  t.is(checkStripping(plain, features({ 'rx-vlan-offload': 'on' })).status, 'holds');
});

test('lro-off', (t) => {
  t.is(checkLro(['eth0'], features({ 'large-receive-offload': 'off' })).status, 'holds');
  t.like(checkLro(['eth0'], features({ 'large-receive-offload': 'on' })), {
    status: 'violated',
    detail: 'eth0 merges segments before XDP: run `ethtool -K eth0 lro off`',
  });
  t.like(checkLro(['eth0'], features({}, true)), {
    status: 'unchecked',
    detail: 'ethtool is not installed, so eth0 was not asked',
  });
});

test('802.1ad tags may be stripped where those of 802.1Q are not', (t) => {
  const stripping = { 'rx-vlan-offload': 'off', 'rx-vlan-stag-hw-parse': 'on' } as const;
  const { status, detail } = checkStripping(devices, features(stripping));
  t.is(status, 'violated');
  t.regex(detail, /run `ethtool -K eth0 rx-vlan-stag-hw-parse off`/);
});
