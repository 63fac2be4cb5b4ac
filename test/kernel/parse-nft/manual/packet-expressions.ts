/** Expressions about headers behind the network header, and about connections. */

export const transport = String.raw`
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

export const conntrack = String.raw`
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
