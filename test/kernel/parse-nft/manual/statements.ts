/** Every statement: section STATEMENTS of the manual. One rule a line. */
import { each, files, inChain, type Construct } from './construct.js';
import { verdicts } from './rule-statements.js';

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
