# Expressions of nft. Selectors look at the packet or its surroundings; constants are written values. A constant may be the name of a
# header (`meta protocol ip`), which is why constants and selectors are kept apart: after a match's left side stand constants only.
@preprocessor typescript
@{%
import * as expression from '../nft/build-expression.js';
%}
@lexer lexer

# --- selectors -------------------------------------------------------------------------------------------------------------------

selector -> payload                                        {% id %}
          | rawPayload                                     {% id %}
          | extensionHeader                                {% id %}
          | option                                         {% id %}
          | metaKey                                        {% id %}
          | ctKey                                          {% id %}
          | fib                                            {% id %}
          | route                                          {% id %}
          | socket                                         {% id %}
          | osf                                            {% id %}
          | ipsec                                          {% id %}
          | tunnelKey                                      {% id %}
          | numgen                                         {% id %}
          | hash                                           {% id %}

payload -> header                                          {% id %}
         | ("vxlan" | "geneve" | "gre" | "gretap") header  {% expression.innerPayload %}
         | "vxlan" ("vni" | "flags")                       {% expression.payload %}
         | "geneve" ("vni" | "type")                       {% expression.payload %}
         | "gre" ("flags" | "version" | "protocol")        {% expression.payload %}
header -> "ether" ("saddr" | "daddr" | "type")             {% expression.payload %}
        | "vlan" ("id" | "cfi" | "dei" | "pcp" | "type")   {% expression.payload %}
        | "arp" ("htype" | "ptype" | "hlen" | "plen" | "operation") {% expression.payload %}
        | "arp" ("saddr" | "daddr") ("ether" | "ip")       {% expression.payload %}
        | "ip" ipField                                     {% expression.payload %}
        | "ip6" ip6Field                                   {% expression.payload %}
        | "icmp" ("type" | "code" | "checksum" | "id" | "sequence" | "gateway" | "mtu") {% expression.payload %}
        | "icmpv6" icmpv6Field                             {% expression.payload %}
        | "igmp" ("type" | "checksum" | "mrt" | "group")   {% expression.payload %}
        | "ah" ("nexthdr" | "hdrlength" | "reserved" | "spi" | "sequence") {% expression.payload %}
        | "esp" ("spi" | "sequence")                       {% expression.payload %}
        | "comp" ("nexthdr" | "flags" | "cpi")             {% expression.payload %}
        | "udp" ("sport" | "dport" | "length" | "checksum") {% expression.payload %}
        | "udplite" ("sport" | "dport" | "csumcov" | "checksum") {% expression.payload %}
        | "tcp" tcpField                                   {% expression.payload %}
        | "dccp" ("sport" | "dport" | "type")              {% expression.payload %}
        | "sctp" ("sport" | "dport" | "vtag" | "checksum") {% expression.payload %}
        | "th" ("sport" | "dport")                         {% expression.payload %}
ipField -> ("version" | "hdrlength" | "dscp" | "ecn" | "length" | "id" | "frag-off" | "ttl" | "protocol" | "checksum" | "saddr" | "daddr")
ip6Field -> ("version" | "dscp" | "ecn" | "flowlabel" | "length" | "nexthdr" | "hoplimit" | "saddr" | "daddr")
icmpv6Field -> ("type" | "code" | "checksum" | "parameter-problem" | "param-problem" | "packet-too-big" | "mtu" | "id" | "sequence"
              | "max-delay" | "taddr" | "daddr")
tcpField -> ("sport" | "dport" | "sequence" | "ackseq" | "doff" | "reserved" | "flags" | "window" | "checksum" | "urgptr")

rawPayload -> %raw                                         {% expression.raw %}

extensionHeader -> "hbh" ("nexthdr" | "hdrlength")         {% expression.extensionHeader %}
                 | "rt" ("nexthdr" | "hdrlength" | "type" | "seg-left") {% expression.extensionHeader %}
                 | "rt0" "addr" "[" %number "]"            {% expression.indexedHeader %}
                 | "rt2" "addr"                            {% expression.extensionHeader %}
                 | "srh" ("last-entry" | "flags" | "tag")  {% expression.extensionHeader %}
                 | "srh" "sid" "[" %number "]"             {% expression.indexedHeader %}
                 | "frag" ("nexthdr" | "reserved" | "frag-off" | "reserved2" | "more-fragments" | "id") {% expression.extensionHeader %}
                 | "dst" ("nexthdr" | "hdrlength")         {% expression.extensionHeader %}
                 | "mh" ("nexthdr" | "hdrlength" | "type" | "reserved" | "checksum") {% expression.extensionHeader %}
                 | "exthdr" ("hbh" | "rt" | "rt0" | "rt2" | "srh" | "frag" | "dst" | "mh") {% expression.headerPresence %}

option -> "tcp" "option" tcpOption                         {% expression.optionPresence %}
        | "tcp" "option" tcpOption tcpOptionField          {% expression.option %}
        | "tcp" "option" %raw                              {% expression.rawOption %}
        | "ip" "option" ("lsrr" | "rr" | "ssrr" | "ra")    {% expression.optionPresence %}
        | "ip" "option" ("lsrr" | "rr" | "ssrr" | "ra") ("type" | "length" | "value" | "ptr" | "addr") {% expression.option %}
        | "sctp" "chunk" sctpChunk                         {% expression.optionPresence %}
        | "sctp" "chunk" sctpChunk sctpChunkField          {% expression.option %}
        | "dccp" "option" %number                          {% expression.optionPresence %}
        | "dccp" "option" %number "type"                   {% expression.option %}
tcpOption -> ("echo" | "eol" | "fastopen" | "md5sig" | "mptcp" | "maxseg" | "mss" | "nop" | "noop" | "sack-perm" | "sack-permitted"
            | "timestamp" | "window" | "sack" | "sack0" | "sack1" | "sack2" | "sack3" | %number)
tcpOptionField -> ("kind" | "length" | "size" | "left" | "right" | "count" | "tsval" | "tsecr" | "subtype")
sctpChunk -> ("data" | "init" | "init-ack" | "sack" | "heartbeat" | "heartbeat-ack" | "abort" | "shutdown" | "shutdown-ack" | "error"
            | "cookie-echo" | "cookie-ack" | "ecne" | "cwr" | "shutdown-complete" | "asconf-ack" | "forward-tsn" | "asconf")
sctpChunkField -> ("type" | "flags" | "length" | "tsn" | "stream" | "ssn" | "ppid" | "init-tag" | "a-rwnd" | "num-outbound-streams"
                 | "num-inbound-streams" | "initial-tsn" | "cum-tsn-ack" | "num-gap-ack-blocks" | "num-dup-tsns" | "lowest-tsn"
                 | "seqno" | "new-cum-tsn")

metaKey -> "meta" (metaName | metaWord | "length" | "protocol" | "priority" | "random" | "secmark" | "ipsec" | "time" | "day" | "hour") {% expression.meta %}
         | metaName                                        {% expression.bareMeta %}
         | ("time" | "day" | "hour")                       {% expression.bareMeta %}
metaName -> ("mark" | "iif" | "iifname" | "iiftype" | "iifgroup" | "oif" | "oifname" | "oiftype" | "oifgroup" | "skuid" | "skgid"
           | "nftrace" | "rtclassid" | "ibriport" | "ibrname" | "obriport" | "obrname" | "pkttype" | "cpu" | "cgroup")
# Words that nft looks up in its table of keys (newer ones with it).
metaWord -> ("len" | "nfproto" | "l4proto" | "iifkind" | "oifkind" | "ibrpvid" | "ibrvproto" | "ibrhwaddr" | "sdif" | "sdifname"
           | "broute" | "secpath" | "prandom")

ctKey -> "ct" ctName                                       {% expression.ct %}
       | "ct" ("original" | "reply") ctDirectedName        {% expression.directedCt %}
       | "ct" ("original" | "reply") ("ip" | "ip6") ("saddr" | "daddr") {% expression.directedCt %}
ctName -> ("state" | "direction" | "status" | "expiration" | "helper" | "mark" | "label" | "event" | "secmark" | "id") | ctDirectedName
ctDirectedName -> ("l3proto" | "protocol" | "saddr" | "daddr" | "proto-src" | "proto-dst" | "bytes" | "packets" | "avgpkt" | "zone")

fib -> "fib" fibFlags ("oif" | "oifname" | "type" | "check") {% expression.fib %}
fibFlags -> fibFlag                                        {% expression.first %}
          | fibFlags "." fibFlag                           {% expression.append %}
fibFlag -> ("saddr" | "daddr" | "mark" | "iif" | "oif")    {% expression.word %}

route -> "rt" ("classid" | "nexthop" | "mtu" | "ipsec")    {% expression.route %}
       | "rt" ("ip" | "ip6") ("classid" | "nexthop" | "mtu" | "ipsec") {% expression.familyRoute %}

socket -> "socket" ("transparent" | "mark" | "wildcard")   {% expression.socket %}
        | "socket" "cgroupv2" "level" %number              {% expression.socketLevel %}

osf -> "osf" ("name" | "version")                          {% expression.osf %}
     | "osf" "ttl" %word ("name" | "version")              {% expression.osfTtl %}

ipsec -> "ipsec" ("in" | "out") spnum:? ("reqid" | "spi")  {% expression.ipsec %}
       | "ipsec" ("in" | "out") spnum:? ("ip" | "ip6") ("saddr" | "daddr") {% expression.ipsecAddress %}
spnum -> "spnum" %number                                   {% expression.secondNumber %}

tunnelKey -> "tunnel" ("id" | "path")                      {% expression.tunnel %}

numgen -> "numgen" ("inc" | "random") "mod" %number offset:? {% expression.numgen %}
hash -> "jhash" selectorConcat "mod" %number seed:? offset:? {% expression.jhash %}
      | "symhash" "mod" %number offset:?                   {% expression.symhash %}
seed -> "seed" %number                                     {% expression.secondNumber %}
offset -> "offset" %number                                 {% expression.secondNumber %}

# --- left side of a match: selectors, masked and shifted by constants, concatenated ---------------------------------------------

selectorConcat -> selectorOr                               {% id %}
                | selectorConcat "." selectorPart          {% expression.concat %}
selectorPart -> selectorOr                                 {% id %}
              | plainConstant                              {% id %}
selectorOr -> selectorXor                                  {% id %}
            | selectorOr "|" xor                           {% expression.binary %}
selectorXor -> selectorAnd                                 {% id %}
             | selectorXor "^" and                         {% expression.binary %}
selectorAnd -> selectorShift                               {% id %}
             | selectorAnd "&" shift                       {% expression.binary %}
selectorShift -> selectorPrimary                           {% id %}
               | selectorShift ("<<" | ">>") primary       {% expression.binary %}
selectorPrimary -> selector                                {% id %}
                 | "(" selectorConcat ")"                  {% expression.second %}

# --- right side of a match: constants -------------------------------------------------------------------------------------------

rhs -> constantConcat                                      {% id %}
     | %set                                                {% expression.set %}
     | setReference                                        {% id %}
     | list                                                {% id %}

list -> or "," or                                          {% expression.list %}
      | list "," or                                        {% expression.longerList %}

constantConcat -> multiton                                 {% id %}
                | constantConcat "." multiton              {% expression.concat %}
multiton -> or                                             {% id %}
          | or "/" %number                                 {% expression.prefix %}
          | or "-" or                                      {% expression.range %}
or -> xor                                                  {% id %}
    | or "|" xor                                           {% expression.binary %}
xor -> and                                                 {% id %}
     | xor "^" and                                         {% expression.binary %}
and -> shift                                               {% id %}
     | and "&" shift                                       {% expression.binary %}
shift -> primary                                           {% id %}
       | shift ("<<" | ">>") primary                       {% expression.binary %}
primary -> plainConstant                                   {% id %}
         | headerName                                      {% expression.keywordValue %}
         | "(" or ")"                                      {% expression.second %}

plainConstant -> (%number | %word | %quoted | %address | %time | %wildcard) {% expression.value %}
               | %variable                                 {% expression.variable %}
               | ("exists" | "missing" | "dnat" | "snat" | "ecn" | "reset") {% expression.keywordValue %}
headerName -> ("ether" | "ip" | "ip6" | "vlan" | "arp" | "tcp" | "udp" | "udplite" | "esp" | "ah" | "icmp" | "igmp" | "icmpv6" | "comp"
             | "dccp" | "sctp" | "redirect" | "bridge" | "inet" | "netdev")

setReference -> "@" %word                                  {% expression.setReference %}

# --- values of statements: both kinds -------------------------------------------------------------------------------------------

value -> valueConcat                                       {% id %}
       | valueConcat "map" mapData                         {% expression.map %}
       | valueOr "/" %number                               {% expression.prefix %}
       | valueOr "-" valueOr                               {% expression.range %}
       | valueList                                         {% id %}
valueList -> listWord "," listWord                         {% expression.list %}
           | valueList "," listWord                        {% expression.longerList %}
listWord -> plainConstant                                  {% id %}
          | ("mark" | "secmark")                           {% expression.keywordValue %}
valueConcat -> valueOr                                     {% id %}
             | valueConcat "." valuePrimary                {% expression.concat %}
valueOr -> valueXor                                        {% id %}
         | valueOr "|" valueXor                            {% expression.binary %}
valueXor -> valueAnd                                       {% id %}
          | valueXor "^" valueAnd                          {% expression.binary %}
valueAnd -> valueShift                                     {% id %}
          | valueAnd "&" valueShift                        {% expression.binary %}
valueShift -> valuePrimary                                 {% id %}
            | valueShift ("<<" | ">>") valuePrimary        {% expression.binary %}
valuePrimary -> plainConstant                              {% id %}
              | headerName                                 {% expression.keywordValue %}
              | selector                                   {% id %}
              | "(" valueOr ")"                            {% expression.second %}

mapData -> %set                                            {% expression.set %}
         | setReference                                    {% id %}
         | %variable                                       {% expression.variable %}

# --- set types ------------------------------------------------------------------------------------------------------------------

typeof -> typeofPart                                       {% id %}
        | typeof "." typeofPart                            {% expression.concat %}
typeofPart -> selectorOr                                   {% id %}
            | plainConstant                                {% id %}
            | ("counter" | "quota" | "limit" | "synproxy" | "queue") {% expression.keywordValue %}
            | "ct" ("timeout" | "expectation")             {% expression.ctObjectType %}

dataType -> typeName                                       {% expression.first %}
          | dataType "." typeName                          {% expression.append %}
typeName -> (%word | "mark" | "time" | "counter" | "quota" | "limit" | "secmark" | "synproxy" | "ecn") {% expression.word %}
