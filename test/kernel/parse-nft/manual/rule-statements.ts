/** Statements that any filter chain takes. */

export const verdicts = String.raw`
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
