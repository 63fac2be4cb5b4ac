/** Commands, variables and how a file is written: sections INPUT FILE FORMATS and the verbs of each object. */
import { each, files, type Construct } from './construct.js';

const before = [
  'add table ip t',
  'add table ip doomed',
  'add chain ip t c { type filter hook input priority 0; }',
  'add chain ip t d',
  'add set ip t s { type ipv4_addr; flags timeout; }',
  'add map ip t m { type ipv4_addr : mark; }',
  'add map ip t v { type ipv4_addr : verdict; }',
  'add counter ip t n',
  'add quota ip t q { 10 mbytes; }',
  'add limit ip t l { rate 1/second; }',
  'add rule ip t c counter',
  'add element ip t s { 9.9.9.9 }',
  '%',
].join('\n');

export const commands: readonly Construct[] = [
  ...each(
    'commands',
    before,
    String.raw`
flush ruleset
flush ruleset ip
flush ruleset inet
list ruleset
list ruleset inet
list tables
list tables ip
list table t
list table ip t
list chains
list chains ip
list chain t c
list chain ip t c
list sets
list sets ip
list set ip t s
list maps
list map ip t m
list meters
list counters
list counters ip
list counters table ip t
list counter ip t n
list quotas
list quotas table ip t
list quota ip t q
list limits
list limit ip t l
list flowtables
list flowtables ip
list ct helpers table ip t
list hooks
list hooks ip
list hooks ip device eth0
list ct helper ip t x
list flow tables
list flow table ip t x
list meter ip t s
list sets table ip t
list limits table ip t
list secmarks table ip t
list synproxys table ip t
list synproxy ip t x
list flowtable ip t x
list synproxys
list secmarks
reset counters
reset counters ip
reset counters table ip t
reset counter ip t n
reset quotas
reset quotas table ip t
reset quota ip t q
delete table doomed
delete table ip doomed
flush table ip t
flush chain ip t c
flush chain t c
delete chain ip t d
delete chain t d
rename chain ip t d e
rename chain t d e
flush set ip t s
flush map ip t m
flush meter ip t s
flush flow table ip t s
delete chain ip t handle 2
delete rule ip t c handle 7
replace rule ip t c handle 7 drop
add rule ip t c handle 7 drop
add rule ip t c position 7 drop
insert rule ip t c position 7 drop
delete set ip t handle 4
delete table ip handle 1
delete counter ip t handle 8
delete flowtable ip t x
delete flowtable ip t handle 9
delete flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
delete ct helper ip t x
delete ct timeout ip t x
delete ct expectation ip t x
delete synproxy ip t x
delete secmark ip t x
create flowtable ip t x { hook ingress priority 0; }
export ruleset json
delete set ip t s
delete map ip t m
delete counter ip t n
delete quota ip t q
delete limit ip t l
add chain t e
add chain ip t e
create chain ip t e
add chain ip t e { }
add chain ip t e { comment "x"; }
add chain ip t e { type filter hook forward priority 0; policy drop; }
create chain ip t e { type filter hook forward priority filter - 1; }
add rule t c accept
add rule ip t c accept
add rule t d ip saddr 1.2.3.4 drop
add rule ip t d tcp dport 22 counter accept comment "x"
insert rule ip t c drop
insert rule t c tcp dport { 22, 80 } accept
add rule ip t c index 0 accept
insert rule ip t c index 0 accept
rule ip t c accept
t c accept
ip t c accept
ip t c ip saddr 1.2.3.4 drop
rule t c tcp dport 22 accept
add t c accept
add ip t c accept
add set ip t u { type ipv4_addr; }
add set t u { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }
create set ip t u { typeof ip saddr; }
add map t u { type ipv4_addr : mark; }
create map ip t u { type ipv4_addr : verdict; }
add element t s { 1.2.3.4 }
add element ip t s { 1.2.3.4 timeout 1m, 5.6.7.8 comment "x" }
create element ip t s { 1.2.3.4 }
delete element ip t s { 9.9.9.9 }
get element ip t s { 9.9.9.9 }
add element ip t m { 1.2.3.4 : 0x10 }
add element ip t v { 1.2.3.4 : jump d, 1.2.3.5 : goto d, 1.2.3.6 : accept }
add counter t x
add counter ip t x { packets 1 bytes 2; }
add counter ip t x { comment "y"; }
add counter ip t x packets 1 bytes 2
create counter ip t x
add quota t x 10 mbytes
add quota ip t x over 10 mbytes
add quota ip t x { over 10 mbytes used 1 bytes; }
add limit t x rate 1/second
add limit ip t x rate over 10 mbytes/second burst 5 kbytes
add limit ip t x { rate 10/minute burst 3 packets; }
add ct helper ip t x { type "ftp" protocol tcp; l3proto ip; }
create ct helper t x { type "ftp" protocol tcp; }
add ct timeout ip t x { protocol tcp; policy = { established : 120 }; }
add ct expectation ip t x { protocol udp; dport 1; timeout 1m; size 2; l3proto ip; }
add synproxy ip t x { mss 1460; wscale 7; timestamp; }
add synproxy ip t x mss 1460 wscale 7 timestamp sack-perm
add secmark ip t x { "system_u:object_r:ssh_server_packet_t:s0"; }
add secmark ip t x "system_u:object_r:ssh_server_packet_t:s0"
add flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
create flowtable ip t x { hook ingress priority 0; devices = { eth0, eth1 }; }
chain ip t e { type filter hook output priority 0; }
chain t e
set ip t u { type ipv4_addr; }
map ip t u { type ipv4_addr : mark; }
counter ip t x { packets 1 bytes 2; }
counter ip t x
quota ip t x { 5 mbytes; }
limit ip t x { rate 1/second; }
flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
element ip t s { 1.2.3.4 }
table ip t { chain c { drop; }; }
table ip t { flags dormant; }
describe ip saddr
describe ipv4_addr
describe tcp flags
describe ct state
`,
  ),
  ...files(
    'lexical conventions',
    String.raw`#!/usr/sbin/nft -f
# a comment
flush ruleset

table inet t {   # behind a brace
	chain c { # here too
		type filter hook input priority 0; policy accept; # and here
		# alone
		accept # at the end
	}
}
---
table inet t {
	chain c {
		tcp dport { 22, \
			80 } \
			accept
		ip saddr 1.2.3.4 \
		drop
	}
}
---
table inet t { chain c { tcp dport 22 accept; tcp dport 80 accept; }; chain d { drop; }; }
---
table inet t {
	chain c {
		tcp dport {
			22,
			# ssh, and web
			80, 443
		} accept
	}
	set s {
		type ipv4_addr
		elements = {
			1.2.3.4,	# one
			5.6.7.8		# two
		}
	}
}
---
add table t; add chain t c; add rule t c accept
---
table t { }; ; ;
---


;
---
# nothing but a comment
---
table	inet	t	{
	chain	c	{
		tcp	dport	22	accept
	}
}
---
table inet t {
	chain c {
		log prefix "it's # no comment; { }" accept
		ip saddr 1.2.3.4 comment "drop; table"
	}
}
---
table inet t {

	chain c {

		accept


		drop
	}


}
---
table ip t {
	chain c {
		ip saddr != { 10.0.0.0/8,
			172.16.0.0/12 } drop
		tcp dport vmap { 22 : accept,
			80 : drop,
		}
	}
}
`,
  ),
  ...files(
    'definitions inside blocks',
    String.raw`
table ip t {
	set s {
		type ipv4_addr
		define x = { 1.2.3.4 }
		elements = $x
		redefine x = { 1.1.1.1 }
	}
	map m {
		redefine x = 5.5.5.5
		type ipv4_addr : mark
		elements = { $x : 1 }
	}
	chain c {
		ip saddr $x drop
	}
}
---
table inet t {
	counter n {
		define a = 1
		packets 1 bytes 2
	}
	quota q {
		define b = 1
		10 mbytes
	}
	limit l {
		define c = 1
		rate 1/second
	}
	ct helper h {
		define d = 1
		type "ftp" protocol tcp
	}
	ct expectation e {
		define f = 1
		protocol tcp
		dport 1
		timeout 1m
		size 1
	}
	synproxy p {
		define g = 1
		mss 1
		wscale 1
	}
	flowtable f {
		define lan = eth0
		hook ingress priority 0
		devices = { eth1 }
		redefine lan = eth1
	}
	chain x {
		iifname $lan tcp dport { $a, $b } drop
	}
}
---
add table ip t
add set ip t s { define x = { 1.2.3.4 } ; type ipv4_addr; elements = $x; }
add chain ip t c
add rule ip t c ip saddr $x drop
---
define x = 1
table ip t {
	set s {
		type ipv4_addr
		undefine x
	}
}
`,
  ),
  ...files(
    'included files',
    String.raw`
include "tables/*.nft"
---
include "./tables/one.nft"
include "tables/[o-t]?o.nft"
include "none/*.nft"
---
table inet t {
	include "table-items.nft"
	set s {
		include "set-lines.nft"
		elements = { $of_set }
	}
	counter n {
		include "definitions.nft"
	}
	chain c {
		include "chain-lines.nft"
		ip saddr $inner accept
	}
}
---
table inet t {
	chain c {
		include "nested.nft"
		ip saddr $inner drop
	}
}
`,
  ),
  ...files(
    'symbolic variables',
    String.raw`
define a = 1.2.3.4
define b = { 1.2.3.4, 5.6.7.8 }
define c = { $a, 9.9.9.9 }
define p = { 22, 80-90, https }
define m = 0x10
define i = eth0
define n = "eth1"
define ifs = { $i, $n }
define six = fe80::1
define net = 10.0.0.0/8
define r = 10.0.0.1-10.0.0.9
define concat = 10.0.0.1 . 22
define t = tcp
define name = ssh
define empty = {}
define mac = 00:11:22:33:44:55
define neg = -1
table inet t {
	chain c {
		ip saddr $a ip daddr $b ip saddr $c accept
		tcp dport $p meta mark set $m
		iifname $i oifname $n iifname $ifs accept
		ip6 saddr $six drop
		ip saddr $net ip daddr $r drop
		meta l4proto $t tcp dport $name
		ip saddr != $b drop
		ether saddr $mac drop
		tcp dport { $name, 80 } accept
		ip saddr . tcp dport { $concat } drop
		ip saddr { $net, $a } accept
	}
	set s {
		type ipv4_addr
		flags interval
		elements = $c
	}
}
---
define a = 1.2.3.4
redefine a = 5.6.7.8
undefine a
define a = 9.9.9.9
table ip t { chain c { ip saddr $a drop; }; }
---
table ip t {
	define inner = 1.2.3.4
	chain c {
		define innermost = 22
		ip saddr $inner tcp dport $innermost drop
		redefine innermost = 23
		tcp dport $innermost drop
		undefine innermost
	}
}
---
define ssh_port = 22
define target = other
table ip t {
	chain other { }
	chain c {
		tcp dport $ssh_port jump $target
		tcp dport 80 goto $target
	}
}
---
define q = 1-3
table ip t {
	chain c {
		log prefix "$prefix and more "
		queue num 1
	}
}
---
define server = 10.0.0.1
define web = 8080
table ip t {
	chain c {
		type nat hook prerouting priority dstnat;
		tcp dport 80 dnat to $server
		tcp dport 81 dnat to $server : $web
	}
}
---
define elems = { 1.2.3.4 timeout 1m, 5.6.7.8 comment "x" }
define quoted = "filter"
table ip t {
	set s { type ipv4_addr; flags timeout; elements = $elems; }
}
---
define long = { 1.1.1.1, \
	2.2.2.2, \
	3.3.3.3 }
define multi = {
	1.1.1.1,
	2.2.2.2,
}
table ip t { chain c { ip saddr $long ip daddr $multi drop; }; }
---
define flag = syn
define st = { new, established }
define typ = { echo-request, echo-reply }
define mask = 255.255.255.0
table ip t {
	chain c {
		tcp flags $flag accept
		ct state $st accept
		icmp type $typ accept
		ip saddr & $mask == 10.0.0.0 accept
	}
}
---
define a = { 1.1.1.1 }
define b = { 2.2.2.2 }
table ip t { chain c { ip saddr { $a, $b, 3.3.3.3 } drop; }; }
`,
  ),
];

/** Files beside the texts: what they include. */
export const included: Readonly<Record<string, string>> = {
  'tables/one.nft': 'table ip one {\n}\n',
  'tables/two.nft': 'table ip two { chain c { accept; }; }\n',
  'tables/.hidden.nft': 'this is not read\n',
  'definitions.nft': 'define port = 22\ndefine host = 1.2.3.4\n',
  'set-lines.nft': 'define of_set = 9.9.9.9\ntype ipv4_addr\nflags interval\n',
  'table-items.nft': 'comment "of the table"\nchain other {\n\tdrop\n}\ndefine outer = 5.6.7.8\n',
  'chain-lines.nft':
    'type filter hook input priority 0; policy drop;\ndefine inner = $outer\nip saddr $outer tcp dport 22 drop\n',
  'nested.nft': 'define outer = 5.6.7.8\ninclude "chain-lines.nft"\n',
};
