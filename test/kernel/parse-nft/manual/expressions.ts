/** Every expression: sections DATA TYPES, PRIMARY EXPRESSIONS and PAYLOAD EXPRESSIONS of the manual. One rule a line. */
import { each, inChain, type Construct } from './construct.js';

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

const transport = String.raw`
tcp sport 22
tcp dport ssh
tcp dport "ssh"
tcp dport { ssh, http, https, 1024-65535 }
tcp dport != 22
tcp dport != { 22, 80 }
tcp dport 22-80
tcp dport ssh-http
tcp dport >= 1024
tcp dport < 1024
tcp dport gt 1024
tcp sequence 5
tcp ackseq 5
tcp ackseq 1-5
tcp doff 5
tcp reserved 0
tcp flags syn
tcp flags == syn
tcp flags != syn
tcp flags { syn, ack }
tcp flags syn,ack
tcp flags syn, ack
tcp flags ! syn
tcp flags ! syn,ack
tcp flags syn / syn,ack
tcp flags syn / syn,ack,fin,rst
tcp flags syn,ack / syn,ack,fin,rst
tcp flags != syn / syn,ack
tcp flags & (fin|syn) == fin|syn
tcp flags & (fin | syn | rst | ack) == syn
tcp flags & (fin|syn|rst|ack) != syn
tcp flags & syn == 0
tcp flags & syn != 0
tcp flags and (syn or ack) == syn
tcp flags & (fin|syn) == (fin|syn)
tcp flags == 0x0
tcp flags 0x2
tcp flags & 0x12 == 0x2
tcp flags & syn == syn
tcp flags & (fin | syn | rst | psh | ack | urg) == { fin, ack, psh | ack, fin | psh | ack }
tcp flags & (fin | syn | rst | psh | ack | urg) < 0x10
tcp flags cwr
tcp flags ecn,cwr
tcp flags & (ecn | cwr) == ecn
tcp flags & (syn|fin) == (syn|fin) drop
tcp flags vmap { syn : accept, ack : drop }
tcp flags & (syn | ack) vmap { syn : accept, 0x0 : drop }
tcp window 5
tcp checksum 5
tcp urgptr 0
tcp urgptr 5-10
tcp option eol exists
tcp option nop exists
tcp option noop exists
tcp option maxseg exists
tcp option mss exists
tcp option maxseg size 1000
tcp option maxseg size lt 536
tcp option maxseg size { 500, 1000-1400 }
tcp option maxseg length 4
tcp option window exists
tcp option window count 5
tcp option sack-perm exists
tcp option sack-permitted exists
tcp option sack-perm missing
tcp option sack left 5
tcp option sack0 left 5
tcp option sack1 right 5
tcp option sack2 left 5
tcp option sack3 right 5
tcp option sack length 10
tcp option timestamp exists
tcp option timestamp tsval 5
tcp option timestamp tsecr 5
tcp option md5sig exists
tcp option md5sig length 18
tcp option fastopen exists
tcp option mptcp exists
tcp option mptcp subtype 1
tcp option mptcp subtype mp-capable
tcp option 255 exists
tcp option @34,8,8 3
tcp option @255,8,8 255
udp sport 53
udp dport domain
udp dport { 53, 67-68 }
udp length 8
udp length 8-100
udp checksum 0
udplite sport 53
udplite dport { 53 }
udplite csumcov 8
udplite checksum 0
sctp sport 53
sctp dport { 53 }
sctp vtag 5
sctp checksum 5
sctp chunk data exists
sctp chunk data missing
sctp chunk init init-tag 5
sctp chunk init-ack a-rwnd 5
sctp chunk sack cum-tsn-ack 5
sctp chunk init num-outbound-streams 5
sctp chunk init num-inbound-streams 5
sctp chunk init initial-tsn 5
sctp chunk data tsn 5
sctp chunk data stream 5
sctp chunk data ssn 5
sctp chunk data ppid 5
sctp chunk data flags 1
sctp chunk data type 0
sctp chunk data length 20
sctp chunk sack num-gap-ack-blocks 5
sctp chunk sack num-dup-tsns 5
sctp chunk ecne lowest-tsn 5
sctp chunk cwr lowest-tsn 5
sctp chunk shutdown cum-tsn-ack 5
sctp chunk asconf seqno 5
sctp chunk asconf-ack seqno 5
sctp chunk forward-tsn new-cum-tsn 5
sctp chunk heartbeat exists
sctp chunk heartbeat-ack exists
sctp chunk abort exists
sctp chunk shutdown-ack exists
sctp chunk error exists
sctp chunk cookie-echo exists
sctp chunk cookie-ack exists
sctp chunk shutdown-complete exists
dccp sport 53
dccp dport { 53 }
dccp type request
dccp type { request, response, data, ack, dataack, closereq, close, reset, sync, syncack }
dccp type 10-15
ah hdrlength 5
ah reserved 0
ah spi 5
ah spi { 1, 5-10 }
ah sequence 5
esp spi 5
esp spi 1-5
esp sequence 5
comp flags 0
comp cpi 5
th sport 53
th dport { 53, 80 }
meta l4proto { tcp, udp } th dport 53
th dport vmap { 22 : accept, 80 : drop }
@ll,0,48 0x001122334455
@nh,96,32 0x01020304
@nh,72,8 6
@nh,96,32 { 0x01020304, 0x01020305 }
@th,16,16 22
@th,16,16 { 53, 80 }
@th,0,16 != 5
@th,16,16 & 0xff == 1
@ih,0,8 5
@ih,32,32 0x14000000
@ll, 0, 8 1
@th , 16 , 16 22
meta l4proto tcp @th,16,16 22-80
hbh nexthdr tcp
hbh hdrlength 0
frag nexthdr tcp
frag reserved 0
frag frag-off 0
frag frag-off > 0
frag reserved2 0
frag more-fragments 1
frag id 5
rt nexthdr tcp
rt hdrlength 0
rt type 0
rt seg-left 0
rt0 addr[1] ::1
rt2 addr ::1
srh last-entry 0
srh flags 0
srh tag 5
srh sid[1] ::1
srh sid[1] dead::beef
dst nexthdr tcp
dst hdrlength 0
mh nexthdr tcp
mh hdrlength 0
mh type binding-refresh-request
mh type { home-test-init, careof-test-init, home-test, careof-test, binding-update, binding-acknowledgement }
mh reserved 0
mh checksum 5
exthdr hbh exists
exthdr frag missing
exthdr rt exists
exthdr dst exists
exthdr mh exists
exthdr frag == exists
`;

const conntrack = String.raw`
ct state new
ct state established,related
ct state established, related
ct state { new, established }
ct state invalid
ct state untracked
ct state != invalid
ct state ! new
ct state ! established,related
ct state == new
ct state & (established | related) != 0
ct state new | established
ct state 8
ct state vmap { established : accept, related : accept, invalid : drop }
ct state vmap { established | related : accept }
ct direction original
ct direction reply
ct direction { original, reply }
ct status dnat
ct status snat,dnat
ct status { expected, seen-reply, assured, confirmed, dying }
ct status & (snat|dnat) != 0
ct status ! dnat
ct status dnat accept
ct mark 0x10
ct mark and 0x3 == 1
ct mark & 0xff00 == { 0x100, 0x200 }
ct mark { 1, 2-5 }
ct mark != 0
ct expiration 30s
ct expiration 1m-1h
ct expiration > 1h
ct expiration { 30s, 1m }
ct expiration 30
ct helper "ftp"
ct helper { "ftp", "sip" }
ct label 5
ct label { 1, 2 }
ct label "foo"
ct l3proto ipv4
ct original l3proto ipv4
ct reply l3proto ipv6
ct protocol tcp
ct original protocol tcp
ct reply protocol { tcp, udp }
ct original ip saddr 1.2.3.4
ct original ip daddr 10.0.0.0/8
ct reply ip6 saddr ::1
ct reply ip6 daddr fe80::/10
ct original saddr 1.2.3.4
ct reply daddr 1.2.3.4
ct original proto-src 22
ct original proto-dst { 22, 80 }
ct reply proto-dst 22
ct bytes > 1000
ct original bytes > 1000
ct reply bytes 5
ct packets > 10
ct original packets 1-10
ct avgpkt > 100
ct reply avgpkt 100
ct zone 5
ct original zone 5
ct reply zone { 1, 2 }
ct id 5
ct id 0x12345
ct count 5
ct count over 5
ct secmark 5
ct event new
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
