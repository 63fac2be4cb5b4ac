/** Addresses, links, routes, rules, forwarding and IPsec, changed by `ip` and `tc` in a namespace, as the follower tells them. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import type { Command, Script } from './commands-agent.js';

const ip = (line: string): Command => ['ip', ...line.split(' ')];
const tc = (line: string): Command => ['tc', ...line.split(' ')];
const sysctl = (path: string, value: string): Command => ['sh', '-c', `echo ${value} > /proc/sys/net/${path}`];

/** What a command does, and what must and must not be told of it; null: nothing may be. */
const cases: readonly (readonly [Command, RegExp | null])[] = [
  [
    ip('address add 192.0.2.1/24 dev v0'),
    /network: address added to v0[^]*network: local route 192\.0\.2\.1\/32 added to table 255/,
  ],
  // The same address with another lifetime.
  [ip('address change 192.0.2.1/24 dev v0 valid_lft 1000 preferred_lft 500'), null],
  // The kernel tells of it when its work queue has come so far, some time after the command.
  [['sh', '-c', 'ip address add 2001:db8::1/64 dev v0 nodad && sleep 0.3'], /address added to v0/],
  [ip('address change 2001:db8::1/64 dev v0 nodad valid_lft 1000 preferred_lft 500'), null],
  [ip('neighbour add 192.0.2.9 lladdr 02:00:00:00:00:01 dev v0'), null],
  [ip('route add 203.0.113.0/24 via 192.0.2.2'), /^routes 4: route 203\.0\.113\.0\/24 added to table 254$/],
  [ip('route replace 203.0.113.0/24 via 192.0.2.3'), /^routes 4: route 203\.0\.113\.0\/24/],
  [ip('route del 203.0.113.0/24'), /^routes 4: route 203\.0\.113\.0\/24 removed from table 254$/],
  [
    ip('route add local 198.51.100.0/24 dev lo table local'),
    /^network: local route 198\.51\.100\.0\/24 added to table 255$/,
  ],
  [ip('route add local 198.51.100.0/24 dev lo table 7'), /^network: local route 198\.51\.100\.0\/24 added to table 7$/],
  // More special than a local route, it makes an address not the host's own.
  [ip('route add throw 198.51.100.7/32 table local'), /^network: route 198\.51\.100\.7\/32 added to table 255$/],
  [ip('route add blackhole 203.0.113.0/24 table 7'), /^routes 4: route 203\.0\.113\.0\/24 added to table 7$/],
  [ip('route add 2001:db8:1::/48 dev v0'), /^routes 6: route 2001:db8:1:0:0:0:0:0\/48 added to table 254$/],
  [ip('nexthop add id 7 via 192.0.2.2 dev v0'), /^routes 4: next hop changed$/],
  [ip('rule add from 192.0.2.0/24 lookup 7'), /^network: routing rule added$/],
  [ip('rule del from 192.0.2.0/24 lookup 7'), /routing rule removed/],
  [ip('link set v0 address 02:00:00:00:00:02'), /device v0 changed/],
  [ip('link set v0 mtu 1400'), /device v0 changed/],
  [ip('link set v0 txqueuelen 555'), null],
  [ip('link set v0 alias eth'), null],
  [ip('link add name m0 link v0 type macvlan'), /device m0 added/],
  [ip('link add name br0 type bridge'), /device br0 added/],
  [ip('link set m0 master br0'), /device m0 changed/],
  [ip('link set m0 nomaster'), /device m0 changed/],
  [ip('link set m0 name m1'), /device m0 renamed to m1/],
  [ip('link del m1'), /device m1 removed/],
  [['ethtool', '-K', 'v0', 'tx', 'off'], /features of v0 changed/],
  [sysctl('ipv4/ip_forward', '1'), /forwarding of IPv4 changed for all devices/],
  [sysctl('ipv4/conf/v0/forwarding', '0'), /forwarding of IPv4 changed for v0/],
  [sysctl('ipv6/conf/all/forwarding', '1'), /forwarding of IPv6 changed for all devices/],
  [ip('link set v1 down'), /device v1 changed/],
  [['tc', 'qdisc', 'add', 'dev', 'v0', 'root', 'pfifo'], null],
  [['tc', 'qdisc', 'add', 'dev', 'v0', 'clsact'], null],
  [tc('filter add dev v0 ingress protocol ip prio 1 u32 match u32 0 0 flowid 1:1'), /tc filter of v0 changed/],
  [tc('filter add dev v0 egress protocol ip prio 1 u32 match u32 0 0 flowid 1:1'), null],
  [
    ip(
      'xfrm policy add src 198.18.0.0/24 dst 192.0.2.0/24 dir in tmpl src 198.18.0.1 dst 192.0.2.1 proto esp mode tunnel',
    ),
    /IPsec policy changed/,
  ],
  [ip('xfrm policy flush'), /IPsec policy changed/],
  [ip('link set v0 down'), /device v0 changed/],
  [ip('address del 192.0.2.1/24 dev v0'), /address removed from v0/],
];

test('what changes of the network is told, and what does not matter is not', async (t) => {
  await withNamespaces(t, async (net) => {
    const script: Script = {
      first: [
        ip('link add v0 type veth peer name v1'),
        // No addresses that come by themselves, some time after.
        ip('link set v0 addrgenmode none'),
        ip('link set v1 addrgenmode none'),
        ip('link set v0 up'),
        ip('link set v1 up'),
        sysctl('ipv4/ip_forward', '0'),
      ],
      steps: cases.map(([command]) => command),
      wait: 0,
    };
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told, healthy } = JSON.parse(stdout) as { told: string[][]; healthy: boolean };
    t.true(healthy);
    for (const [i, [command, expected]] of cases.entries()) {
      const text = told[i]!.join('\n');
      const what = `${JSON.stringify(command)}: ${text}`;
      if (expected === null) t.is(text, '', what);
      else t.regex(text, expected, what);
    }
  });
});
