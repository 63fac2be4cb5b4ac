/** Tables, chains, sets, maps, objects and flowtables: sections TABLES to STATEFUL OBJECTS of the manual. */
import { each, files, inTable, type Construct } from './construct.js';

const chain = (family: string, type: string, hooks: string, rest = 'priority 0;'): string =>
  hooks
    .split(' ')
    .map((hook) => `table ${family} t { chain c { type ${type} hook ${hook} ${rest} }; }`)
    .join('\n');

const ipHooks = 'prerouting input forward output postrouting';

export const declarations: readonly Construct[] = [
  ...each(
    'tables',
    '%',
    String.raw`
table t { }
table ip t { }
table ip6 t { }
table inet t { }
table arp t { }
table bridge t { }
table netdev t { }
table t { flags dormant; }
table inet t { comment "a table"; flags dormant; }
table inet t { comment word; }
table inet t { }; table ip u { }
add table t
create table inet t
add table inet t { flags dormant; }
create table inet t { comment "x"; }
table inet t
table inet t.u/v_w-x { }
table inet filter { }
table inet nat { }
table inet raw { }
table inet last { }
table inet owner { }
table inet snat_table { }
`,
  ),
  ...each(
    'chains',
    '%',
    [
      ...['ip', 'ip6', 'inet', 'bridge'].map((family) => chain(family, 'filter', ipHooks)),
      ...['ip', 'ip6', 'inet'].map((family) => chain(family, 'nat', 'prerouting input output postrouting')),
      ...['ip', 'ip6', 'inet'].map((family) => chain(family, 'route', 'output')),
      chain('arp', 'filter', 'input output'),
      ...['priority raw;', 'priority mangle;', 'priority dstnat;', 'priority filter;', 'priority security;'].map(
        (rest) => chain('inet', 'filter', 'prerouting', rest),
      ),
      chain('ip', 'nat', 'postrouting', 'priority srcnat;'),
      chain('ip', 'nat', 'postrouting', 'priority srcnat + 5; policy drop;'),
      chain('bridge', 'filter', 'prerouting', 'priority dstnat;'),
      chain('bridge', 'filter', 'output', 'priority out;'),
      chain('bridge', 'filter', 'postrouting', 'priority srcnat - 1;'),
      chain('bridge', 'filter', 'input', 'priority filter;'),
      chain('inet', 'filter', 'input', 'priority filter + 10; policy accept;'),
      chain('inet', 'filter', 'input', 'priority filter - 10; policy drop;'),
      chain('inet', 'filter', 'input', 'priority filter+10; policy drop;'),
      chain('inet', 'filter', 'input', 'priority -300; policy drop;'),
      chain('inet', 'filter', 'input', 'priority - 300; policy drop;'),
      chain('inet', 'filter', 'input', 'priority 0x10;'),
      chain('inet', 'filter', 'input', 'priority 2147483647;'),
      chain('inet', 'filter', 'input', 'priority 0; policy drop; comment "a chain";'),
      chain('inet', 'filter', 'ingress', 'device eth0 priority 0;'),
      chain('inet', 'filter', 'ingress', 'device "eth0" priority filter;'),
      chain('inet', 'filter', 'ingress', 'devices = { eth0, eth1 } priority filter;'),
      chain('netdev', 'filter', 'ingress', 'device eth0 priority -500;'),
      chain('netdev', 'filter', 'ingress', 'devices = { eth0 } priority filter - 5; policy drop;'),
      chain('netdev', 'filter', 'ingress', 'devices = { "eth0", eth1 } priority 0;'),
      chain('netdev', 'filter', 'egress', 'device eth0 priority 0;'),
      chain('netdev', 'filter', 'egress', 'devices = { eth0, eth1 } priority filter; policy accept;'),
      String.raw`
table t { chain c { }; }
table t { chain c { comment "x"; accept; }; }
table t { chain c.d-e/f { }; }
table netdev t { chain c { type filter hook ingress device eth0 priority 0; flags offload; }; }
table inet t { chain c { type filter hook input priority 0; policy accept; accept; }; }
table inet t { chain c { accept; type filter hook input priority 0; }; }
table inet t { chain c { policy drop; type filter hook input priority 0; }; }
`,
    ].join('\n'),
  ),
  ...files(
    'chains',
    String.raw`
define prio = 10
define dev = eth0
table inet t {
	chain c { type filter hook input priority $prio; policy drop; }
	chain d { type filter hook ingress device $dev priority $prio; }
}
---
define prio = filter
table inet t {
	chain c { type filter hook input priority $prio; }
}
---
define prio = "filter - 50"
table inet t {
	chain c { type filter hook input priority $prio; }
}
---
define prio = -10
table inet t {
	chain c { type filter hook input priority $prio; }
}
---
define devs = { eth0, eth1 }
table netdev t {
	chain c { type filter hook ingress devices = $devs priority 0; }
}
`,
  ),
  ...each(
    'sets',
    inTable(),
    [
      'ipv4_addr ipv6_addr ether_addr inet_proto inet_service mark ifname iface_index iface_type icmp_type icmp_code icmpv6_type icmpv6_code',
      'icmpx_code ether_type arp_op nf_proto pkt_type uid gid realm devgroup ct_state ct_dir ct_status ct_label time cgroupsv2',
      'tcp_flag dscp ecn dccp_pkttype mh_type igmp_type cgroupv2 fib_addrtype tc_handle ct_event ct_id ifkind ip6_addr',
    ]
      .join(' ')
      .split(' ')
      .map((type) => `set s { type ${type}; }`)
      .concat(
        String.raw`
set s { type ipv4_addr . inet_service; }
set s { type ipv4_addr . ipv6_addr . inet_service . mark . ifname; }
set s { type ipv4_addr; flags constant; elements = { 1.2.3.4 }; }
set s { type ipv4_addr; flags interval; }
set s { type ipv4_addr; flags timeout; }
set s { type ipv4_addr; flags dynamic; }
set s { type ipv4_addr; flags interval,timeout; }
set s { type ipv4_addr; flags interval, timeout, constant; }
set s { type ipv4_addr; flags dynamic,timeout; size 65535; timeout 1m; gc-interval 10s; }
set s { type ipv4_addr; timeout 1d2h3m4s; }
set s { type ipv4_addr; timeout 100ms; }
set s { type ipv4_addr; policy performance; }
set s { type ipv4_addr; policy memory; }
set s { type ipv4_addr; flags interval; auto-merge; }
set s { type ipv4_addr; auto-merge; flags interval; comment "merged"; }
set s { type ipv4_addr; comment word; }
set s { type ipv4_addr; counter; }
set s { type ipv4_addr; counter; flags dynamic; }
set s { type ipv4_addr; flags dynamic; limit rate 5/second; }
set s { type ipv4_addr; flags dynamic; limit rate over 5/second burst 10 packets counter; }
set s { type ipv4_addr; flags dynamic; ct count over 5; }
set s { type ipv4_addr; flags dynamic; quota over 10 mbytes; }
set s { type ipv4_addr; flags dynamic; quota 10 mbytes counter; }
set s { typeof ip saddr; }
set s { typeof ip saddr . tcp dport; }
set s { typeof iifname . ip saddr . meta mark; }
set s { typeof vlan id; flags interval; }
set s { typeof meta mark; elements = { 0x1, 2 }; }
set s { typeof ct mark; }
set s { typeof osf name; elements = { "Linux" }; }
set s { typeof tcp option maxseg size; }
set s { typeof numgen inc mod 2; }
set s { typeof jhash ip saddr mod 4; }
set s { typeof ct original ip saddr; }
set s { typeof ip option lsrr addr; }
set s { typeof frag frag-off; }
set s { typeof @nh,96,32; }
set s { typeof fib daddr . iif type; }
set s { typeof rt ip nexthop; }
set s { typeof ipsec in ip saddr; }
set s { typeof socket mark; }
set s { typeof socket cgroupv2 level 2; }
set s { typeof meta time; }
set s { typeof meta l4proto . th dport; }
set s { type ipv4_addr; elements = { 1.2.3.4, 5.6.7.8, }; }
set s { type ipv4_addr; flags timeout; elements = { 1.2.3.4 timeout 1m }; }
set s { type ipv4_addr; flags timeout; elements = { 1.2.3.4 timeout 1m expires 30s }; }
set s { type ipv4_addr; flags timeout; elements = { 1.2.3.4 expires 30s timeout 1m }; }
set s { type ipv4_addr; elements = { 1.2.3.4 comment "hello, }" }; }
set s { type ipv4_addr; elements = { 1.2.3.4 comment word, 1.2.3.5 comment "x" }; }
set s { type ipv4_addr; counter; elements = { 1.2.3.4 counter packets 1 bytes 2 }; }
set s { type ipv4_addr; flags timeout; counter; elements = { 1.2.3.4 counter packets 18446744073709551615 bytes 2 timeout 1m comment "x" }; }
set s { type ipv4_addr; flags dynamic; elements = { 1.2.3.4 limit rate 1/second }; }
set s { type ipv4_addr; flags dynamic; limit rate 1/second; elements = { 1.2.3.4 limit rate 10/second burst 5 packets }; }
set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 1.1.1.1-1.1.1.9, 2.2.2.2 }; }
set s { type ipv4_addr; flags interval; elements = { 10.0.0.0 - 10.0.0.9 }; }
set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, * }; }
set s { type ipv4_addr; flags interval; auto-merge; elements = { 10.0.0.0/8, 10.1.0.0/16 }; }
set s { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80, 1.1.1.1-1.1.1.9 . 1-1024 }; }
set s { type ipv4_addr . inet_service; elements = { 10.0.0.0 . http }; }
set s { type inet_service; elements = { 80, http, https, 1024 }; }
set s { type inet_service; flags interval; elements = { ssh, 1024-65535 }; }
set s { type inet_service; flags interval; elements = { ssh-http }; }
set s { type inet_proto; elements = { tcp, udp, icmp, 47, gre, esp, ah, comp, sctp, dccp, udplite, ipv6-icmp, igmp }; }
set s { type ifname; elements = { eth0, "eth1", lo }; }
set s { type ifname; flags interval; elements = { "eth*", wlan* }; }
set s { type mark; elements = { 0x10, 32 }; }
set s { type ether_addr; elements = { 00:11:22:33:44:55, 0:1:2:3:4:5 }; }
set s { type ipv6_addr; elements = { ::1, fe80::1, ::ffff:1.2.3.4, 2001:db8:0:0:0:0:0:1 }; }
set s { type ipv6_addr; flags interval; elements = { fe80::/10, ::1-::ff }; }
set s { type icmp_type; elements = { echo-request, echo-reply, 3, redirect }; }
set s { type ct_state; elements = { new, established }; }
set s { type tcp_flag; elements = { syn, ack }; }
set s { type ether_type; elements = { ip, ip6, arp, vlan, 0x88a8, 8021q, 8021ad }; }
set s { type uid; elements = { root, 1000 }; }
set s { type pkt_type; elements = { host, unicast, broadcast, multicast, other }; }
set s { type time; elements = { 1h, 30s }; }
set s { typeof meta hour; flags interval; elements = { "17:00" - "19:00" }; }
set s { type dscp; elements = { cs1, af11, ef, 0x3f }; }
set s { type nf_proto; elements = { ipv4, ipv6 }; }
set s { type fib_addrtype; elements = { local, unicast, broadcast, blackhole }; }
set s.t/u-v { type ipv4_addr; }
`
          .trim()
          .split('\n'),
      )
      .join('\n'),
  ),
  ...each(
    'maps',
    inTable(),
    String.raw`
map m { type ipv4_addr : mark; }
map m { type ipv4_addr : verdict; }
map m { type ipv4_addr : counter; }
map m { type ipv4_addr : quota; }
map m { type ipv4_addr : limit; }
map m { type ipv4_addr : secmark; }
map m { type ipv4_addr : synproxy; }
map m { type ipv4_addr : ipv4_addr . inet_service; }
map m { type ipv4_addr : interval ipv4_addr; }
map m { type ipv4_addr : interval ipv4_addr . inet_service; }
map m { type ipv4_addr . inet_service : verdict; flags interval; }
map m { type inet_service : ipv4_addr; flags timeout; timeout 1m; }
map m { type ipv4_addr : mark; flags dynamic; size 10; }
map m { type ipv4_addr : mark; flags interval,timeout; counter; }
map m { typeof ip saddr : meta mark; }
map m { typeof ip saddr : verdict; }
map m { typeof ip saddr . tcp dport : ip daddr . tcp dport; }
map m { typeof ip saddr : interval ip daddr; }
map m { typeof ip daddr : ct helper; }
map m { type ipv4_addr : mark; elements = { 1.2.3.4 : 0x10, 5.6.7.8 : 32 }; }
map m { type ipv4_addr : verdict; elements = { 1.2.3.4 : accept, 5.6.7.8 : drop, 9.9.9.9 : continue, 8.8.8.8 : return }; }
map m { type ipv4_addr : verdict; elements = { * : drop }; }
map m { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/8 : accept, * : drop }; }
map m { type ipv4_addr : mark; flags timeout; elements = { 1.2.3.4 timeout 1m expires 10s : 0x10 }; }
map m { type ipv4_addr : mark; counter; elements = { 1.2.3.4 counter packets 1 bytes 2 : 0x10 }; }
map m { type ipv4_addr . inet_service : ipv4_addr . inet_service; elements = { 1.2.3.4 . 80 : 10.0.0.1 . 8080 }; }
map m { type ipv4_addr : interval ipv4_addr; elements = { 1.2.3.4 : 10.0.0.1-10.0.0.9, 1.2.3.5 : 10.1.0.0/24 }; }
map m { type inet_service : ipv6_addr; elements = { 80 : ::1, 443 : [::2] }; }
map m { type ipv4_addr : ifname; elements = { 1.2.3.4 : "eth0" }; }
map m { type ifname : mark; elements = { "eth0" : 1, eth1 : 2 }; }
map m { type ipv4_addr : verdict; comment "verdicts"; }
map m { type mark : tc_handle; elements = { 1 : 1:2, 2 : abcd:0 }; }
map m { type ipv4_addr : dscp; elements = { 1.2.3.4 : af11 }; }
`,
  ),
  ...each(
    'flowtables',
    inTable('inet'),
    String.raw`
flowtable f { hook ingress priority 0; devices = { eth0, eth1 }; }
flowtable f { hook ingress priority filter; devices = { eth0 }; }
flowtable f { hook ingress priority filter + 5; devices = { "eth0", lo }; }
flowtable f { hook ingress priority -10; devices = { eth0 }; counter; }
flowtable f { hook ingress priority 0; devices = { eth0 }; flags offload; }
flowtable f { hook ingress priority 0; }
flowtable f { hook ingress priority 0; devices = { eth0 }; }; chain c { type filter hook forward priority 0; ip protocol tcp flow add @f; }
flowtable f { hook ingress priority 0; devices = { eth0 }; }; chain c { type filter hook forward priority 0; ip protocol tcp flow offload @f; }
`,
  ),
  ...files(
    'flowtables',
    String.raw`
define lan = { eth0, eth1 }
table inet t {
	flowtable f {
		hook ingress priority 0
		devices = $lan
	}
}
`,
  ),
  ...each(
    'stateful objects',
    inTable('inet'),
    String.raw`
counter x { }
counter x { packets 0 bytes 0; }
counter x { packets 0 bytes 0 }
counter x { packets 12 bytes 34; comment "y"; }
counter x { comment "y"; packets 12 bytes 34; }
counter x { comment "y"; }
quota x { 10 mbytes; }
quota x { over 10 mbytes; }
quota x { until 10 bytes; }
quota x { over 10 kbytes used 5 bytes; }
quota x { over 10 kbytes; comment "y"; }
quota x { 18446744073709551615 bytes; }
limit x { rate 10/second; }
limit x { rate 10/second burst 5 packets; }
limit x { rate over 10/minute; }
limit x { rate 10/day; comment "y"; }
limit x { rate 10/week; }
limit x { rate 1024 bytes/second; }
limit x { rate over 10 mbytes/second burst 12 kbytes; }
limit x { rate 1 kbytes/minute burst 1 mbytes; }
limit x { rate 10 mbytes / second; }
ct helper x { type "ftp" protocol tcp; }
ct helper x { type "ftp" protocol tcp; l3proto ip; }
ct helper x { type "sip" protocol udp; l3proto ip6; comment "y"; }
ct helper x { type "tftp" protocol udp; l3proto inet; }
ct timeout x { protocol tcp; l3proto ip; policy = { established : 120, close : 4, close_wait : 4 }; }
ct timeout x { protocol udp; l3proto inet; policy = { unreplied : 15, replied : 12 }; comment "y"; }
ct expectation x { protocol udp; dport 9876; timeout 2m; size 8; l3proto ip; }
ct expectation x { protocol tcp; dport 9876; timeout 2m; size 8; l3proto ip6; comment "y"; }
synproxy x { mss 1460; wscale 7; timestamp sack-perm; }
synproxy x { mss 1460 wscale 7 timestamp sack-perm; }
synproxy x { mss 1460; wscale 7; }
synproxy x { mss 1460; wscale 7; timestamp; }
synproxy x { mss 1460; wscale 7; timestamp sack-perm; comment "y"; }
secmark x { "system_u:object_r:ssh_server_packet_t:s0"; }
secmark x { comment "y"; "system_u:object_r:ssh_server_packet_t:s0"; }
`,
  ),
];
