/** Every statement: section STATEMENTS of the manual. One rule a line. */
import { each, files, inChain, type Construct } from './construct.js';

const sets = `	set s { type ipv4_addr; flags dynamic,timeout; size 1000; timeout 1m; }
	set p { type ipv4_addr . inet_service; flags dynamic; }
	set i { type ipv4_addr; flags interval; }
	map m { type ipv4_addr : mark; flags dynamic; size 1000; }
	map v { type ipv4_addr : verdict; }
	map a { type ipv4_addr : ipv4_addr; }
	map o { type ipv4_addr : ipv4_addr . inet_service; }`;
const objects = `	counter cnt { }
	quota q { 10 mbytes; }
	limit l { rate 1/second; }
	map mc { type ipv4_addr : counter; elements = { 1.2.3.4 : "cnt" }; }
	map ml { type ipv4_addr : limit; }
	map mq { type ipv4_addr : quota; }`;

const verdicts = String.raw`
accept
drop
continue
return
queue
jump other
goto other
jump { accept; drop; }
goto { ip saddr 1.2.3.4 accept; }
tcp dport 22 jump { ip saddr 10.0.0.0/8 accept; drop; }
iif lo accept
iif lo ip saddr 192.168.0.0/24 jump other
ip saddr @i drop
ip saddr != @i drop
ip saddr . tcp dport @p accept
ip saddr vmap @v
ip saddr vmap { 1.2.3.4 : jump other, 5.6.7.8 : goto other, 10.0.0.0/8 : drop, * : continue }
ip saddr vmap { 1.2.3.4 counter : accept }
ip saddr vmap { 1.2.3.4 comment "x" : accept }
tcp dport vmap { 22 : accept, 80-90 : drop, 100 : jump other }
meta l4proto vmap { tcp : jump other, udp : jump other, icmp : accept }
iifname vmap { lo : accept, "eth0" : jump other, "wg*" : drop }
iifname . ip saddr vmap { "eth0" . 1.2.3.4 : drop }
ct state vmap { invalid : drop, established : accept, related : accept, new : continue }
ip saddr 1.2.3.4 drop comment "a comment"
ip saddr 1.2.3.4 drop comment word
ip saddr 1.2.3.4 counter
counter drop
counter packets 5 bytes 10 drop
counter packets 18446744073709551615 bytes 18446744073709551615
counter ip saddr 1.2.3.4 counter drop
limit rate 5/second
limit rate 5/second accept
limit rate over 5/second drop
limit rate 5/hour burst 10 packets
limit rate 5/day
limit rate 5/week
limit rate 1 mbytes/second
limit rate over 1 mbytes/second burst 1 kbytes drop
limit rate 100 bytes/second
limit rate 1023 kbytes / minute
quota 10 mbytes
quota over 10 mbytes drop
quota until 10 bytes accept
quota over 10 kbytes used 5 bytes
ct count 5
ct count over 5 reject
log
log prefix "x: "
log prefix word
log level emerg
log level alert
log level crit
log level err
log level warn
log level notice
log level info
log level debug
log level audit
log prefix "x" level info
log level info prefix "x"
log level "info"
log group 5
log group 5 prefix "x" queue-threshold 10 snaplen 20
log group 5 snaplen 0
log flags all
log flags tcp sequence
log flags tcp options
log flags tcp sequence,options
log flags ip options
log flags skuid
log flags ether
log flags skuid flags ip options
log flags tcp sequence,options flags skuid flags ether prefix "x" drop
log prefix "x" counter accept
reject
reject with icmp type port-unreachable
reject with icmp port-unreachable
reject with icmp type host-unreachable
reject with icmp type net-unreachable
reject with icmp type prot-unreachable
reject with icmp type net-prohibited
reject with icmp type host-prohibited
reject with icmp type admin-prohibited
reject with icmp 3
reject with icmpv6 type no-route
reject with icmpv6 admin-prohibited
reject with icmpv6 type addr-unreachable
reject with icmpv6 type port-unreachable
reject with icmpv6 type policy-fail
reject with icmpv6 type reject-route
reject with icmpx type port-unreachable
reject with icmpx no-route
reject with icmpx host-unreachable
reject with icmpx type admin-prohibited
reject with tcp reset
meta mark set 0x10
meta mark set mark and 0x3
meta mark set meta mark & 0xff | 0x10
meta mark set mark or 0x10
meta mark set mark xor 0x10
meta mark set ct mark
meta mark set ct mark and 0xffff
meta mark set ip saddr map @m
meta mark set ip saddr map { 1.2.3.4 : 0x10, 5.6.7.8 : 0x20 }
meta mark set tcp dport map { 22 : 1, 80-90 : 2 }
meta mark set jhash ip saddr mod 2
meta mark set jhash ip saddr . ip daddr mod 2 seed 0xdeadbeef offset 100
meta mark set symhash mod 2 offset 100
meta mark set numgen inc mod 2
meta mark set numgen random mod 2 offset 100
meta mark set numgen inc mod 2 map { 0 : 10, 1 : 20 }
meta mark set meta length
meta mark set ip dscp
meta mark set socket mark
meta mark set rt classid
meta mark set ct mark map { 1 : 2 }
mark set 0x10
meta priority set 1:2
meta priority set none
meta priority set ip saddr map { 1.2.3.4 : 1:2 }
meta priority set 0x87654321
meta nftrace set 1
meta nftrace set 0
nftrace set 1
meta pkttype set unicast
meta pkttype set host
ct mark set 0x10
ct mark set mark
ct mark set meta mark
ct mark set mark and 0xff
ct mark set ct mark or 0x10
ct mark set ip saddr map @m
ct mark set (meta mark | 0x10) & 0xff
ct label set 5
ct label set "foo"
ct event set new,related,destroy
ct event set new or related or destroy or label
ct event set 0x1
ip dscp set 42
ip dscp set cs1
ip dscp set ip saddr map { 1.2.3.4 : cs1 }
ip ecn set ect0
ip ttl set 64
ip ttl set ip ttl
ip saddr set 1.2.3.4
ip daddr set ip saddr
ip length set 0
ip id set 0
ip checksum set 0
ip frag-off set 0x4000
ip6 dscp set cs1
ip6 hoplimit set 64
ip6 flowlabel set 0
ip6 saddr set ::1
tcp dport set 22
tcp sport set ssh
tcp flags set syn
tcp window set 5
udp dport set 53
udp checksum set 0
th dport set 5
ether saddr set 00:11:22:33:44:55
ether daddr set 0:1:2:3:4:5
@nh,72,8 set 6
@th,16,16 set 22
@ll,0,48 set 0x001122334455
icmp type set echo-reply
tcp option maxseg size set 1360
tcp option maxseg size set rt mtu
tcp flags syn tcp option maxseg size set rt mtu
tcp flags syn tcp option maxseg size set 1360 accept
tcp flags syn reset tcp option sack-perm
reset tcp option timestamp
reset tcp option 5
tcp option window count set 5
add @s { ip saddr }
update @s { ip saddr }
delete @s { ip saddr }
add @s { ip saddr timeout 1m }
add @s { ip saddr timeout 1h2m3s comment "x" }
add @s { ip saddr limit rate over 10/second }
add @s { ip saddr limit rate over 10/second burst 5 packets } drop
add @s { ip saddr counter }
add @s { ip saddr ct count over 2 } reject
add @s { ip saddr quota over 1 mbytes } drop
add @s { ip saddr timeout 1m limit rate 1/second } drop
update @s { ip saddr counter } accept
update @s { ip saddr & 255.255.255.0 timeout 5s }
add @p { ip saddr . tcp dport }
add @m { ip saddr : 0x10 }
update @m { ip saddr : meta mark }
update @m { ip saddr timeout 1m : mark and 0x10 }
set add ip saddr @s
set update ip saddr @s
set update ip saddr timeout 1m @s
set delete ip saddr @s
meter flood { ip saddr limit rate 10/second }
meter flood size 1000 { ip saddr limit rate over 10/second } drop
meter flood { ip saddr . tcp dport timeout 1m limit rate 10/second }
flow table flood { ip saddr limit rate 10/second }
meter flood { ip saddr ct count over 5 }
meter flood { ip saddr & 255.255.255.0 timeout 60s limit rate 10/second }
queue num 1
queue num 1-3
queue num 1 bypass
queue num 1-3 bypass,fanout
queue num 1-3 fanout
queue bypass
queue to 1
queue to 1-3
queue flags bypass to 1
queue flags bypass,fanout to 1-3
queue flags bypass to numgen inc mod 3
queue to numgen random mod 3 offset 1
queue to jhash ip saddr mod 3
queue to symhash mod 3
queue flags bypass to ip saddr map { 1.2.3.4 : 1, 5.6.7.8 : 2 }
queue to ip saddr map @m
dup to 10.0.0.1
`;

const named = String.raw`
counter name cnt
counter name "cnt"
counter name ip saddr map { 1.2.3.4 : "cnt" }
counter name ip saddr map { 1.2.3.4 : cnt, 5.6.7.8 : "cnt" }
counter name ip saddr map @mc
quota name q
quota name "q" drop
quota name ip saddr map { 1.2.3.4 : "q" }
quota name ip saddr map @mq
limit name l
limit name "l" accept
limit name tcp dport map { 22 : "l" }
limit name ip saddr map @ml
`;

const nat = String.raw`
dnat to 10.0.0.1
meta l4proto tcp dnat to 10.0.0.1:80
meta l4proto tcp dnat to :80
meta l4proto tcp dnat to :80-90
dnat to 10.0.0.1-10.0.0.9
meta l4proto tcp dnat to 10.0.0.1:80-90
meta l4proto tcp dnat to 10.0.0.1-10.0.0.9:80-90
dnat 10.0.0.1
meta l4proto tcp dnat 10.0.0.1:80
dnat to 10.0.0.1 random
dnat to 10.0.0.1 persistent
dnat to 10.0.0.1 fully-random,persistent
dnat to 10.0.0.1 random,persistent
dnat to tcp dport map { 80 : 10.0.0.1, 8888 : 10.0.0.2 }
dnat tcp dport map { 80 : 10.0.0.1, 8888 : 10.0.0.2 }
dnat to ip saddr map @a
meta l4proto tcp dnat to ip saddr map @a : 80
meta l4proto tcp dnat to ip saddr map { 1.2.3.4 : 10.0.0.1 } : 80
meta l4proto tcp dnat ip addr . port to ip saddr map { 1.2.3.4 : 10.0.0.1 . 80 }
meta l4proto tcp dnat ip addr . port to ip saddr map @o
meta l4proto tcp dnat ip to ip saddr map { 1.2.3.4 : 10.0.0.1 . 80 }
dnat to numgen inc mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }
dnat to jhash ip saddr . ip daddr mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }
dnat to symhash mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }
dnat prefix to ip daddr map { 10.1.0.0/24 : 10.2.0.0/24 }
dnat ip prefix to ip daddr map { 10.1.0.0/24 : 10.2.0.0/24 }
dnat to ip daddr map { 10.1.0.0/24 : 10.2.0.1-10.2.0.9 }
dnat ip interval to ip daddr map { 10.1.0.0/24 : 10.2.0.1-10.2.0.9 }
tcp dport 80 dnat to 10.0.0.1:8080
redirect
meta l4proto tcp redirect to :80
meta l4proto tcp redirect to :80-90
meta l4proto tcp redirect to 80
tcp dport 22 redirect to :2222
meta l4proto tcp redirect to :80 random
meta l4proto tcp redirect to :80-90 persistent,fully-random
tcp dport 22 redirect to tcp dport map { 22 : 2222 }
tcp dport 22 redirect to :tcp dport map { 22 : 2222 }
`;

const snat = String.raw`
snat to 10.0.0.1
meta l4proto tcp snat to 10.0.0.1:1000-2000
snat to 10.0.0.1-10.0.0.9
snat to 10.0.0.1 fully-random
snat to 10.0.0.1-10.0.0.9 persistent
snat 10.0.0.1
snat to ip saddr map { 192.168.1.0/24 : 10.0.0.1, 192.168.2.0/24 : 10.0.0.2 }
snat ip prefix to ip saddr map { 10.1.0.0/24 : 10.2.0.0/24 }
meta l4proto tcp snat ip addr . port to ip saddr map { 10.141.11.4 : 192.168.2.3 . 80 }
snat ip interval to ip saddr map { 10.1.0.4 : 10.2.0.1-10.2.0.9 }
meta l4proto tcp snat ip addr . port to ip saddr . tcp dport map { 1.1.1.1 . 80 : 2.2.2.2 . 81 }
masquerade
masquerade random
masquerade fully-random
masquerade random,persistent
meta l4proto tcp masquerade to :1024-2048
meta l4proto tcp masquerade to :1024-2048 fully-random
oifname eth0 masquerade
`;

const nat6 = String.raw`
meta l4proto tcp dnat to ::1
meta l4proto tcp dnat to [::1]:80
meta l4proto tcp dnat to [1ce::d0]:22
meta l4proto tcp dnat to [::1]-[::9]:80-90
meta l4proto tcp dnat to ::1-::9
meta l4proto tcp dnat to [::1]:80-90
meta l4proto tcp dnat to ip6 daddr map { 2001:db8::1 : 2001:db8::2 }
meta l4proto tcp redirect to :80
tcp dport 2222 dnat to [1ce::d0]:22
`;

const inetNat = String.raw`
dnat ip to 10.0.0.1
meta l4proto tcp dnat ip to 10.0.0.1:80
meta l4proto tcp dnat ip6 to ::1
meta l4proto tcp dnat ip6 to [::1]:80
meta l4proto tcp dnat to :80
dnat ip to tcp dport map { 80 : 10.0.0.1 }
meta l4proto tcp dnat ip addr . port to ip saddr map { 1.2.3.4 : 10.0.0.1 . 80 }
meta l4proto tcp dnat ip6 addr . port to ip6 saddr map { ::1 : ::2 . 80 }
redirect
meta l4proto tcp redirect to :22
`;

const raw = String.raw`
notrack
tcp flags syn notrack
notrack accept
ct zone set 5
ct original zone set 5
ct reply zone set 5
ct zone set iif map { "eth0" : 1, lo : 2 }
ct zone set meta mark
meta l4proto tcp tproxy to :50080
meta l4proto tcp tproxy ip to 127.0.0.1:50080
meta l4proto tcp tproxy ip to 127.0.0.1
meta l4proto tcp tproxy ip6 to [::1]:50080
meta l4proto tcp tproxy ip6 to ::1
meta l4proto tcp tproxy to :50080
meta l4proto tcp tproxy ip to 127.0.0.1:50080 meta mark set 1 accept
meta l4proto tcp tproxy ip to :50080
meta l4proto tcp socket transparent 1 meta mark set 1 accept
meta l4proto tcp tproxy to :tcp dport map { 80 : 8080 }
meta secmark set ct secmark
`;

const synproxy = String.raw`
synproxy
synproxy mss 1460
synproxy mss 1460 wscale 9
synproxy mss 1460 wscale 9 timestamp
synproxy mss 1460 wscale 9 timestamp sack-perm
synproxy sack-perm
ct state invalid, untracked synproxy mss 1460 wscale 9 timestamp sack-perm
synproxy name "sp"
synproxy name ip saddr map { 1.2.3.4 : "sp" }
`;

const helpers = String.raw`
ct helper set "ftp-standard"
ct helper set tcp dport map { 21 : "ftp-standard" }
tcp dport 21 ct helper set "ftp-standard"
ct timeout set "agressive-tcp"
ct timeout set agressive-tcp
ct expectation set "expect"
ct expectation set expect
meta secmark set "sm"
meta secmark set sm
ct secmark set meta secmark
meta secmark set tcp dport map { 22 : "sm" }
flow add @ft
ip protocol tcp flow add @ft
flow offload @ft
`;

const netdev = String.raw`
dup to eth0
dup to "eth0"
dup to lo
dup to ip daddr map { 192.168.7.1 : "eth0", 192.168.7.2 : "eth1" }
fwd to eth0
fwd to "eth0"
fwd to meta mark map { 1 : "eth0" }
fwd ip to 192.168.200.1 device "eth0"
fwd ip to 192.168.200.1 device eth0
fwd ip6 to fe80::1 device "eth0"
ether saddr set 00:11:22:33:44:55 fwd ip to 192.168.200.1 device "eth0"
ip saddr 1.2.3.4 drop
ip6 saddr ::1 counter drop
tcp dport 22 accept
meta mark set 1
meta priority set 1:2
vlan id set 5
vlan pcp set 3
ct state new
log prefix "x"
udp dport vmap { 53 : accept }
`;

const forward = String.raw`
dup to 10.2.3.4 device "eth0"
dup to 10.2.3.4 device eth0
dup to ip saddr map { 1.2.3.4 : 10.0.0.1 }
dup to ip saddr map { 1.2.3.4 : 10.0.0.1 } device "eth0"
dup to ip saddr map { 1.2.3.4 : 10.0.0.1 } device ip saddr map { 1.2.3.4 : "eth0" }
`;

const helperObjects = `	ct helper ftp-standard { type "ftp" protocol tcp; }
	ct timeout agressive-tcp { protocol tcp; l3proto ip; policy = { established : 120 }; }
	ct expectation expect { protocol tcp; dport 9876; timeout 2m; size 8; l3proto ip; }
	secmark sm { "system_u:object_r:ssh_server_packet_t:s0"; }
	flowtable ft { hook ingress priority 0; devices = { eth0 }; }`;

const natChain = (family: string, hook: string): string =>
  `table ${family} t {\n${family === 'ip' ? sets : ''}\n\tchain c {\n\t\ttype nat hook ${hook} priority 0;\n\t\t%\n\t}\n}`;

export const statements: readonly Construct[] = [
  ...each('statements', inChain('inet', 'input', sets), verdicts),
  ...each('named objects', inChain('inet', 'input', objects), named),
  ...each('nat', natChain('ip', 'prerouting'), nat),
  ...each('nat', natChain('ip', 'postrouting'), snat),
  ...each('nat', natChain('ip6', 'prerouting'), nat6),
  ...each('nat', natChain('inet', 'prerouting'), inetNat),
  ...each('notrack, zones, tproxy', inChain('inet', 'prerouting'), raw),
  ...each('synproxy', inChain('ip', 'input', '	synproxy sp { mss 1460; wscale 7; timestamp sack-perm; }'), synproxy),
  ...each('helpers, timeouts, expectations, secmark, flow', inChain('ip', 'forward', helperObjects), helpers),
  ...each('dup, fwd', inChain('netdev', 'ingress device eth0'), netdev),
  ...each('dup, fwd', inChain('ip', 'forward'), forward),
  ...files(
    'examples of the manual',
    String.raw`
add table inet mytable
add chain inet mytable myin { type filter hook input priority filter; }
add rule inet mytable myin counter
add table inet mytable { flags dormant; }
add table inet mytable
---
table inet raw {
	chain prerouting {
		type filter hook prerouting priority raw;
		ct zone set iif map { "eth1" : 1, "eth0" : 2 }
	}
	chain output {
		type filter hook output priority raw;
		ct zone set oif map { "eth1" : 1, "eth0" : 2 }
	}
}
---
table ip x {
	chain y {
		type filter hook prerouting priority raw; policy accept;
		tcp flags syn notrack
	}
	chain z {
		type filter hook input priority filter; policy accept;
		ct state invalid, untracked synproxy mss 1460 wscale 9 timestamp sack-perm
		ct state invalid drop
	}
}
---
table inet myhelpers {
	ct helper ftp-standard {
		type "ftp" protocol tcp
	}
	chain prerouting {
		type filter hook prerouting priority filter;
		tcp dport 21 ct helper set "ftp-standard"
	}
}
---
table ip filter {
	ct timeout customtimeout {
		protocol tcp;
		l3proto ip
		policy = { established: 120, close: 20 }
	}
	chain output {
		type filter hook output priority filter; policy accept;
		ct timeout set "customtimeout"
	}
}
---
table ip filter {
	ct expectation expect {
		protocol udp
		dport 9876
		timeout 2m
		size 8
		l3proto ip
	}
	chain input {
		type filter hook input priority filter; policy accept;
		ct expectation set "expect"
	}
}
---
table ip filter { }
add set ip filter blackhole { type ipv4_addr; flags dynamic; timeout 1m; size 65536; }
add set ip filter flood { type ipv4_addr; flags dynamic; timeout 10s; size 128000; }
add chain ip filter input { type filter hook input priority 0; }
add rule ip filter input meta iifname "internal" accept
add rule ip filter input ip saddr @blackhole counter drop
add rule ip filter input tcp flags syn tcp dport ssh \
	add @flood { ip saddr limit rate over 10/second } \
	add @blackhole { ip saddr } \
	drop
add element filter blackhole { 10.2.3.4, 10.23.1.42 }
---
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to tcp dport map { 80 : 192.168.1.100, 8888 : 192.168.1.101 }
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		snat to ip saddr map { 192.168.1.0/24 : 10.0.0.1, 192.168.2.0/24 : 10.0.0.2 }
		ip saddr 10.0.0.0/8 oifname "eth0" masquerade
	}
}
---
table bridge b {
	chain input {
		type filter hook prerouting priority dstnat;
		meta iif eth0 ip saddr 192.168.0.0/16 tcp dport 80 meta pkttype set unicast ether daddr set 00:11:22:33:44:55
	}
}
`,
  ),
];
