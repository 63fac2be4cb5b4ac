/** Every expression: sections DATA TYPES, PRIMARY EXPRESSIONS and PAYLOAD EXPRESSIONS of the manual. One rule a line. */
import { each, inChain, type Construct } from './construct.js';
import { conntrack, transport } from './packet-expressions.js';

const inet = inChain('inet', 'input');
const prerouting = inChain('inet', 'prerouting');

const meta = String.raw`
meta length 1500
meta length > 1000
meta length 100-200
meta length { 1-100, 1500 }
meta nfproto ipv4
meta nfproto ipv6
meta nfproto { ipv4, ipv6 }
meta l4proto tcp
meta l4proto { tcp, udp, icmp, ipv6-icmp, gre, esp, ah, sctp, dccp, udplite, comp, 47 }
meta l4proto != 6
meta protocol ip
meta protocol ip6
meta protocol { ip, arp, ip6, vlan, 0x88a8 }
meta protocol 8021q
meta priority 1:2
meta priority none
meta priority root
meta priority ffff:1
meta mark 0x10
mark 16
mark and 0x3 == 0x1
mark & 0x3 == 0x1
meta mark & 0xff00 != 0x100
meta mark or 0x3 == 0x3
meta mark | 0x3 == 0x3
meta mark xor 0x3 == 0x3
meta mark ^ 3 == 3
meta mark { 1, 2-5 }
meta mark 0x1/0x3
meta mark >= 5
meta mark le 5
iif lo
iif "lo"
iif eth0
iif != lo
iif { lo, eth0 }
iif 1
meta iif lo
iifname eth0
iifname "eth0"
iifname "eth*"
iifname eth*
iifname "eth\*"
iifname eth\*
iifname "(weird)"
iifname != "eth0"
iifname { "eth0", eth1, lo }
iifname { "eth*", lo }
meta iifname eth0
iiftype ether
iiftype { ether, loopback, ppp }
iiftype 1
oif lo
oifname "eth0"
oiftype ether
meta oifname { eth0 }
meta sdif lo
meta sdifname "eth0"
skuid root
skuid 1000
skuid 1000-2000
skuid { root, 1-10 }
skuid "root"
meta skuid != 0
skgid root
skgid { 0, 1000-2000 }
meta skgid 5
meta nftrace 1
nftrace 0
rtclassid 5
meta rtclassid { 1, 2 }
rtclassid cosmos
pkttype host
pkttype broadcast
pkttype unicast
meta pkttype { broadcast, multicast }
meta pkttype other
cpu 0
meta cpu 0-3
meta cpu { 0, 1 }
iifgroup 0
iifgroup default
meta iifgroup { 0, 1 }
oifgroup "default"
oifgroup != 5
cgroup 1048577
meta cgroup { 1, 2 }
meta random 0
meta random < 0x10000000
meta ipsec exists
meta ipsec missing
meta secpath exists
meta iifkind "veth"
meta iifkind { "veth", "vrf" }
meta time "2019-06-06 17:00"
meta time "2019-06-06 17:00:30"
meta time "2019-06-06"
meta time 1562018374
meta time < "2030-01-01"
meta time "2019-06-06 17:00" - "2020-06-06 17:00"
meta day "Saturday"
meta day Saturday
meta day { "Monday", "Tuesday" }
meta day 6
meta day { 0-3 }
meta hour "17:00"
meta hour "17:00:30"
meta hour "17:00" - "19:00"
meta hour { "08:00"-"12:00", "13:00"-"17:00" }
meta hour < 61200
hour "17:00"
day "Monday"
time < "2030-01-01"
meta l4proto 6 th dport 22
meta protocol . meta l4proto { ip . tcp }
meta mark . iifname { 0x1 . "eth0" }
meta mark and 0xff == { 1, 2 }
meta mark & 0xff { 1, 2 }
meta mark & 0xff == 1-5
meta mark >> 8 == 1
meta mark << 8 == 0x100
meta mark lshift 8 == 0x100
`;

const routing = String.raw`
socket transparent 1
socket transparent 0
socket transparent exists
socket wildcard 0
socket wildcard 1
socket mark 0x10
socket mark and 0x3 == 1
socket mark { 1, 2 }
socket cgroupv2 level 1 "/"
osf name "Linux"
osf name { "Linux", "Windows" }
osf ttl loose name "Linux"
osf ttl skip name "Linux"
osf ttl loose version "Linux:3.0"
osf version "Linux:4.20"
osf name unknown
fib saddr . iif oif missing
fib saddr . iif oif exists
fib saddr . iif oif 0
fib saddr . iif oif eq 0
fib saddr oif lo
fib saddr . mark . iif oif exists
fib daddr type local
fib daddr . iif type != { local, broadcast, multicast }
fib daddr type { unicast, local, anycast, blackhole, unreachable, prohibit, broadcast, multicast, unspec }
fib saddr oifname "lo"
fib saddr . iif oifname != "lo"
fib daddr . mark type local
rt classid 5
rt classid cosmos
rt ip nexthop 10.0.0.1
rt ip nexthop != 10.0.0.0/8
rt ip6 nexthop fe80::1
rt mtu 1500
rt mtu > 1000
rt ipsec exists
rt ipsec missing
ipsec in ip saddr 10.0.0.1
ipsec out ip daddr 10.0.0.1
ipsec in ip6 saddr fe80::1
ipsec in spnum 1 ip saddr 10.0.0.1
ipsec in reqid 5
ipsec in spi 0x10
ipsec out spi 1-561
ipsec in spnum 2 spi { 1, 2 }
numgen inc mod 2 0
numgen inc mod 10 offset 100 100-105
numgen random mod 2 { 0, 1 }
numgen random mod 100 < 50
jhash ip saddr mod 2 0
jhash ip saddr . tcp dport mod 2 seed 0xdeadbeef 1
jhash ip saddr mod 2 seed 0xdeadbeef offset 100 101
symhash mod 2 0
symhash mod 2 offset 100 100
`;

const link = String.raw`
ether saddr 00:11:22:33:44:55
ether daddr 0:1:2:3:4:5
ether daddr ff:ff:ff:ff:ff:ff
ether saddr { 00:11:22:33:44:55, 00:11:22:33:44:56 }
ether saddr != 00:11:22:33:44:55
ether saddr 00:11:22:00:00:00-00:11:22:ff:ff:ff
ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00
ether daddr and 01:00:00:00:00:00 != 0:0:0:0:0:0
ether type ip
ether type { ip, ip6, arp, vlan, 8021q, 8021ad }
ether type 0x88cc
ether type vlan
ether type 8021ad
ether saddr . ip saddr { 00:11:22:33:44:55 . 1.2.3.4 }
vlan id 10
vlan id 1-100
vlan id { 1, 10-20 }
vlan id != 5
vlan cfi 1
vlan dei 1
vlan pcp 3
vlan pcp { 0, 3 }
vlan type ip
vlan type 0x0800
vlan id 10 vlan pcp 3 ip saddr 1.2.3.4
vlan id 10 tcp dport 22
ether type vlan vlan id 10
ether type 8021ad vlan id 10
ether type 8021ad vlan id 10 vlan type 8021q vlan id 5
`;

const arp = String.raw`
arp htype 1
arp ptype 0x0800
arp ptype ip
arp hlen 6
arp plen 4
arp operation request
arp operation { request, reply }
arp operation != rrequest
arp operation nak
arp operation { inrequest, inreply, rreply }
arp saddr ip 1.2.3.4
arp daddr ip 10.0.0.0/8
arp saddr ether 00:11:22:33:44:55
arp daddr ether 00:11:22:33:44:55
arp daddr ip . arp saddr ether { 1.2.3.4 . 00:11:22:33:44:55 }
arp htype 1 arp hlen 6 arp plen 4 @nh,192,32 0xc0a88f10 @nh,144,48 set 0x112233445566 accept
meta protocol arp
`;

const network = String.raw`
ip version 4
ip hdrlength 5
ip hdrlength > 5
ip dscp cs1
ip dscp { cs0, cs1, af11, af21, ef, 0x3f }
ip dscp != 0x10
ip dscp lephb
ip dscp va
ip ecn ect0
ip ecn { not-ect, ect1, ce }
ip length 100
ip length 100-200
ip length > 1500
ip id 0
ip id { 1, 2 }
ip frag-off 0
ip frag-off & 0x1fff != 0
ip frag-off & 8191 == 0
ip frag-off & 0x2000 == 0x2000
ip ttl 64
ip ttl < 5
ip ttl { 1, 64-128 }
ip protocol tcp
ip protocol { tcp, udp, icmp, 47 }
ip protocol != icmp
ip protocol vmap { tcp : accept, udp : drop }
ip checksum 0x1234
ip saddr 1.2.3.4
ip saddr 10.0.0.0/8
ip saddr 10.0.0.1-10.0.0.9
ip saddr 10.0.0.1 - 10.0.0.9
ip saddr != 10.0.0.0/8
ip saddr == 1.2.3.4
ip saddr eq 1.2.3.4
ip saddr ne 1.2.3.4
ip saddr >= 10.0.0.0
ip saddr < 10.0.0.0
ip saddr { 1.2.3.4, 10.0.0.0/8, 11.0.0.1-11.0.0.9 }
ip saddr != { 1.2.3.4 }
ip saddr == { 1.2.3.4 }
ip saddr localhost
ip saddr "localhost"
ip saddr & 255.255.255.0 == 10.0.0.0
ip saddr and 0.0.0.255 == 0.0.0.1
ip saddr & 0.0.0.255 { 0.0.0.1, 0.0.0.2 }
ip saddr . ip daddr { 1.2.3.4 . 5.6.7.8, 10.0.0.0/8 . 11.0.0.1 }
ip saddr . tcp dport { 1.2.3.4 . 22, 5.6.7.8 . 80-90 }
ip saddr . ip daddr . tcp dport . meta mark { 1.1.1.1 . 2.2.2.2 . 22 . 0x1 }
ip saddr . tcp dport != { 1.2.3.4 . 22 }
ip saddr . tcp dport vmap { 1.2.3.4 . 22 : accept }
ip daddr 224.0.0.0/4
ip daddr 255.255.255.255
ip saddr 0.0.0.0/0
ip option lsrr exists
ip option rr missing
ip option ssrr type 1
ip option ssrr ptr 1
ip option lsrr addr 1.2.3.4
ip option lsrr length 4
ip option ra value 0
ip option ra exists
ip6 version 6
ip6 dscp cs1
ip6 ecn ect0
ip6 flowlabel 0x1234
ip6 flowlabel { 1, 2-5 }
ip6 length 100
ip6 nexthdr tcp
ip6 nexthdr { tcp, udp, ipv6-icmp, icmpv6, 60 }
ip6 hoplimit 1
ip6 hoplimit > 64
ip6 saddr ::1
ip6 saddr fe80::/10
ip6 saddr ::1-::ff
ip6 saddr { ::1, fe80::/10, 2001:db8::1-2001:db8::9 }
ip6 saddr != ::1
ip6 saddr ::ffff:1.2.3.4
ip6 saddr 1:2:3:4:5:6:7:8
ip6 saddr 1::
ip6 saddr ::
ip6 saddr [::1]
ip6 saddr & ffff:: == fe80::
ip6 daddr ff02::1
ip6 daddr localhost
ip6 saddr . tcp dport { ::1 . 22 }
icmp type echo-request
icmp type { echo-reply, destination-unreachable, source-quench, redirect, echo-request, router-advertisement, router-solicitation }
icmp type { time-exceeded, parameter-problem, timestamp-request, timestamp-reply, info-request, info-reply, address-mask-request, address-mask-reply }
icmp type 8
icmp type redirect
icmp type != echo-request
icmp type 5-8
icmp code 0
icmp code net-unreachable
icmp code { host-unreachable, prot-unreachable, port-unreachable, frag-needed, net-prohibited, host-prohibited, admin-prohibited }
icmp type . icmp code { 3 . 4 }
icmp checksum 1
icmp id 5
icmp sequence 5
icmp id 5 icmp sequence 1-5
icmp mtu 1400
icmp gateway 10.0.0.1
icmp gateway 5
icmpv6 type echo-request
icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply }
icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld-listener-reduction, nd-router-solicit, nd-router-advert }
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-redirect, router-renumbering, ind-neighbor-solicit, ind-neighbor-advert, mld2-listener-report }
icmpv6 type 128
icmpv6 code no-route
icmpv6 code { admin-prohibited, addr-unreachable, port-unreachable, policy-fail, reject-route }
icmpv6 checksum 1
icmpv6 mtu 1280
icmpv6 id 5
icmpv6 sequence 5
icmpv6 max-delay 5
igmp type membership-query
igmp type { membership-report-v1, membership-report-v2, membership-report-v3, leave-group }
igmp type 0x11
igmp mrt 10
igmp checksum 5
igmp group 224.0.0.1
`;

export const expressions: readonly Construct[] = [
  ...each('meta', prerouting, meta),
  ...each('socket, osf, fib, routing, ipsec, numbers', prerouting, routing),
  ...each('ipsec', inChain('inet', 'output'), 'rt mtu 1400\nipsec out spi 5\nmeta oif lo\noif { lo, eth0 }'),
  ...each(
    'bridge',
    inChain('bridge', 'forward'),
    'meta ibrname "br0"\nibrname br0\nobrname "br0"\nmeta obrname { "br0" }\nibriport "br0"\nmeta ibrpvid 1\nmeta ibrvproto 8021q\nether type ip ip saddr 1.2.3.4\nvlan id 5 drop\nip saddr 1.2.3.4\nmeta protocol ip tcp dport 22',
  ),
  ...each('link layer', inChain('bridge', 'input'), link),
  ...each('link layer', inChain('netdev', 'ingress device eth0'), link),
  ...each('arp', inChain('arp', 'input'), arp),
  ...each('arp', inChain('netdev', 'ingress device eth0'), arp),
  ...each('network headers', inet, network),
  ...each('transport headers, extension headers, options', inet, transport),
  ...each(
    'transport headers, extension headers, options',
    inChain('ip6', 'prerouting'),
    'frag id 5\nexthdr hbh exists\nmeta l4proto icmpv6\nicmpv6 type echo-request',
  ),
  ...each('conntrack', inet, conntrack),
  ...each(
    'ip family',
    inChain('ip', 'input'),
    'ip saddr 1.2.3.4\nip daddr { 1.2.3.4 }\nmeta l4proto icmp\nct original saddr 1.2.3.4\nct saddr 1.2.3.4\nct proto-src 5\nrt nexthop 10.0.0.1\nfib daddr type local',
  ),
];
