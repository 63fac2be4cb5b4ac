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
        | %inWord %device                         {% build.device %}
        | %fromWord %mac                          {% build.mac %}
        | %protocol                           {% build.protocol %}
        | %number                             {% build.protocol %}
        | %icmp                               {% build.icmp %}
        | %icmp %icmpName                     {% build.icmpNamed %}
        | %icmp %typeWord %number                 {% build.icmpTyped %}
        | %icmp %typeWord %number %codeWord %number   {% build.icmpTyped %}
        | %endpoint %arrow %endpoint          {% build.flow %}
        | %flags                              {% build.flags %}
        | %fragmentWord                           {% build.fragment %}
        | %fragmentWord %offsetWord %number           {% build.fragment %}
        | %ttlWord %number                        {% build.numbered %}
        | %tosWord %number                        {% build.numbered %}
        | %lenWord %number                        {% build.numbered %}
        | %vlanWord %number                       {% build.numbered %}
        | %state                              {% build.state %}
