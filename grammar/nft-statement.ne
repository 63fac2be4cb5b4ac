# Statements of nft, and rules made of them.
@preprocessor typescript
@{%
import * as statement from '../nft/build-statement.js';
import * as mangle from '../nft/build-mangle.js';
%}
@lexer lexer

rule -> statements ruleComment:?                           {% statement.rule %}
ruleComment -> "comment" (%quoted | %word)                 {% statement.comment %}
statements -> statement                                    {% statement.first %}
            | statements statement                         {% statement.cons %}

statement -> match                                         {% id %}
           | verdict                                       {% id %}
           | ("jump" | "goto") %block                      {% statement.chainBlock %}
           | selectorConcat "vmap" mapData                 {% statement.verdictMap %}
           | statefulStatement                             {% id %}
           | objectReference                               {% id %}
           | log                                           {% id %}
           | reject                                        {% id %}
           | nat                                           {% id %}
           | assignment                                    {% id %}
           | setUpdate                                     {% id %}
           | queue                                         {% id %}
           | handover                                      {% id %}

verdict -> ("accept" | "drop" | "continue" | "return")     {% statement.verdict %}
         | ("jump" | "goto") chainName                     {% statement.jump %}
chainName -> (%word | %keyword | %quoted)                  {% statement.name %}
           | %variable                                     {% expression.variable %}

# --- matches --------------------------------------------------------------------------------------------------------------------

match -> matchLeft rhs                                     {% statement.implicitMatch %}
       | matchLeft operator rhs                            {% statement.match %}
       | matchLeft operator:? flagsAndMask                 {% statement.maskedMatch %}
       | "ipsec" operator:? ("exists" | "missing")         {% statement.ipsecMatch %}
matchLeft -> selectorConcat                                {% id %}
           | selectorConcat "map" mapData                  {% expression.map %}
operator -> ("==" | "!=" | "<" | ">" | "<=" | ">=" | "!")  {% statement.operator %}
flagsAndMask -> or "/" list                                {% statement.flags %}
              | list "/" list                              {% statement.flags %}
              | list "/" or                                {% statement.flags %}
              | or "/" flagMask                            {% statement.flags %}
flagMask -> %word                                          {% expression.value %}
          | %variable                                      {% expression.variable %}
          | "(" or ")"                                     {% expression.second %}
          | "ecn"                                          {% expression.keywordValue %}

# --- state of its own -----------------------------------------------------------------------------------------------------------

statefulStatement -> "counter" counterPart:*               {% statement.counter %}
                   | "limit" "rate" ("over" | "until"):? rate burst:? {% statement.limit %}
                   | "quota" ("over" | "until"):? %number quotaUnit quotaUsed:? {% statement.quota %}
                   | "ct" "count" "over":? %number         {% statement.ctCount %}
                   | "last" lastUsed:?                     {% statement.last %}
counterPart -> ("packets" | "bytes") %number               {% statement.counterPart %}
rate -> %number "/" timeUnit                               {% statement.packetRate %}
      | %number %word                                      {% statement.byteRate %}
      | %number %word "/" timeUnit                         {% statement.spacedByteRate %}
timeUnit -> ("second" | "minute" | "hour" | "day" | "week") {% statement.name %}
burst -> "burst" %number "packets"                         {% statement.burst %}
       | "burst" %number byteUnit                          {% statement.burst %}
byteUnit -> ("bytes" | "kbytes" | "mbytes")                {% statement.name %}
quotaUnit -> %word                                         {% statement.name %}
quotaUsed -> "used" %number %word                          {% statement.quotaUsed %}
lastUsed -> "used" ("never" | %time)                       {% statement.lastUsed %}

objectReference -> ("counter" | "limit" | "quota" | "synproxy" | "tunnel") "name" value {% statement.namedObject %}
                 | "ct" ("helper" | "timeout" | "expectation") "set" value {% statement.ctObject %}

# --- log, reject ----------------------------------------------------------------------------------------------------------------

log -> "log" logPart:*                                     {% statement.log %}
logPart -> "prefix" (%quoted | %word | %wildcard)          {% statement.logPart %}
         | "level" (%word | %quoted)                       {% statement.logPart %}
         | ("group" | "snaplen" | "queue-threshold") %number {% statement.logPart %}
         | "flags" logFlags                                {% statement.logFlags %}
logFlags -> ("all" | "skuid" | "ether")                    {% statement.logFlag %}
          | "ip" "options"                                 {% statement.logFlag %}
          | "tcp" tcpLogFlags                              {% statement.logFlag %}
tcpLogFlags -> ("sequence" | "options")                    {% statement.tcpLogFlag %}
             | tcpLogFlags "," ("sequence" | "options")    {% statement.moreTcpLogFlags %}

reject -> "reject"                                         {% statement.reject %}
        | "reject" "with" ("icmp" | "icmpv6" | "icmpx") "type":? rejectCode {% statement.rejectWith %}
        | "reject" "with" "tcp" "reset"                    {% statement.rejectTcp %}
rejectCode -> (%word | %number | %quoted)                  {% expression.value %}
            | %variable                                    {% expression.variable %}

# --- NAT ------------------------------------------------------------------------------------------------------------------------

nat -> ("snat" | "dnat") natTarget natFlags:?              {% mangle.nat %}
     | "masquerade" portTarget:? natFlags:?                {% mangle.masquerade %}
     | "redirect" portTarget:? natFlags:?                  {% mangle.redirect %}
# Without `to` (old), only what cannot be taken for a word.
natTarget -> bareTarget                                    {% mangle.address %}
           | bareTarget ":" value                          {% mangle.addressPort %}
           | ":" value                                     {% mangle.port %}
           | "to" toTarget                                 {% mangle.second %}
           | ("ip" | "ip6") "to" toTarget                  {% mangle.familyTarget %}
           | ("ip" | "ip6"):? ("interval" | "prefix") "to" toTarget {% mangle.formTarget %}
           | ("ip" | "ip6") "addr" "." "port" "to" toTarget {% mangle.concatTarget %}
toTarget -> value                                          {% mangle.address %}
          | value ":" value                                {% mangle.addressPort %}
          | ":" value                                      {% mangle.port %}
bareTarget -> bareAddress                                  {% id %}
            | selectorConcat "map" mapData                 {% expression.map %}
            | bareAddress "-" bareAddress                  {% expression.range %}
bareAddress -> %address                                    {% expression.value %}
             | %variable                                   {% expression.variable %}
portTarget -> "to" ":" value                               {% mangle.third %}
            | "to" value                                   {% mangle.second %}
natFlags -> natFlag                                        {% expression.first %}
          | natFlags "," natFlag                           {% expression.append %}
natFlag -> ("random" | "fully-random" | "persistent")      {% expression.word %}

# --- changes --------------------------------------------------------------------------------------------------------------------

assignment -> settable "set" value                         {% mangle.assign %}
            | "notrack"                                    {% mangle.notrack %}
            | "reset" "tcp" "option" tcpOption             {% mangle.resetOption %}
settable -> payload                                        {% id %}
          | rawPayload                                     {% id %}
          | extensionHeader                                {% id %}
          | option                                         {% id %}
          | metaKey                                        {% id %}
          | settableCt                                     {% id %}
settableCt -> "ct" ("mark" | "label" | "event" | "secmark" | "zone" | "state" | "status" | "id") {% expression.ct %}
            | "ct" ("original" | "reply") ("zone" | "bytes" | "packets") {% expression.directedCt %}

setUpdate -> ("add" | "update" | "delete") setOrVariable %set {% mangle.setUpdate %}
           | "set" ("add" | "update" | "delete") oldKey setOrVariable {% mangle.oldSetUpdate %}
           | "meter" %word %set                            {% mangle.meter %}
           | "meter" %word "size" %number %set             {% mangle.sizedMeter %}
           | "flow" "table" %word %set                     {% mangle.oldMeter %}
oldKey -> selectorConcat elementOption:*                   {% mangle.oldKey %}
setOrVariable -> setReference                              {% id %}
               | %variable                                 {% expression.variable %}

# --- handing the packet over ----------------------------------------------------------------------------------------------------

queue -> "queue" queuePart:*                               {% mangle.queue %}
queuePart -> "num" queueNumber                             {% mangle.queueNumber %}
           | "to" queueTarget                              {% mangle.queueNumber %}
           | "flags":? queueFlags                          {% mangle.second %}
queueTarget -> queueNumber                                 {% id %}
             | numgen                                      {% id %}
             | hash                                        {% id %}
             | selectorConcat "map" mapData                {% expression.map %}
queueNumber -> queueLimit                                  {% id %}
             | queueLimit "-" queueLimit                   {% expression.range %}
queueLimit -> %number                                      {% expression.value %}
            | %variable                                    {% expression.variable %}
queueFlags -> queueFlag                                    {% expression.first %}
            | queueFlags "," queueFlag                     {% expression.append %}
queueFlag -> ("bypass" | "fanout")                         {% expression.word %}

handover -> "dup" "to" value                               {% mangle.dup %}
          | "dup" "to" value "device" value                {% mangle.dup %}
          | "fwd" "to" value                               {% mangle.fwd %}
          | "fwd" ("ip" | "ip6") "to" value "device" value {% mangle.fwdTo %}
          | "tproxy" ("ip" | "ip6"):? "to" toTarget        {% mangle.tproxy %}
          | "synproxy" synproxyPart:*                      {% mangle.synproxy %}
          | "flow" ("add" | "offload") "@" (%word | %quoted) {% mangle.flow %}
          | "xt" ("match" | "target" | "watcher") (%word | %quoted | %keyword) {% mangle.xt %}
synproxyPart -> ("mss" | "maxseg" | "wscale") %number      {% mangle.synproxyNumber %}
              | ("timestamp" | "sack-perm" | "sack-permitted") {% mangle.synproxyFlag %}
