/** How a file is written: variables, includes, comments, blanks. */
import { files, type Construct } from './construct.js';

export const wholeFiles: readonly Construct[] = [
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
