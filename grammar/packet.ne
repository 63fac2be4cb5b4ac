# A packet as a person writes it: `in eth0 tcp 203.0.113.7:4444 > 192.0.2.1:22 syn`. Clauses in any order; what goes together is
# checked where the frame is built (src/explain/packet-frame.ts). Tokens: src/parse/packet-lexer.ts.
@preprocessor typescript
@{%
import { packetLexer as lexer } from '../packet-lexer.js';
import * as build from '../packet-nodes.js';
%}
@lexer lexer

packet -> clause:+ %eol                       {% build.clauses %}

clause -> %capture                            {% build.capture %}
        | %in %device                         {% build.device %}
        | %from %mac                          {% build.mac %}
        | %protocol                           {% build.protocol %}
        | %number                             {% build.protocol %}
        | %icmp                               {% build.icmp %}
        | %icmp %icmpName                     {% build.icmpNamed %}
        | %icmp %type %number                 {% build.icmpTyped %}
        | %icmp %type %number %code %number   {% build.icmpTyped %}
        | %endpoint %arrow %endpoint          {% build.flow %}
        | %flags                              {% build.flags %}
        | %fragment                           {% build.fragment %}
        | %fragment %offset %number           {% build.fragment %}
        | %ttl %number                        {% build.numbered %}
        | %tos %number                        {% build.numbered %}
        | %len %number                        {% build.numbered %}
        | %vlan %number                       {% build.numbered %}
        | %state                              {% build.state %}
