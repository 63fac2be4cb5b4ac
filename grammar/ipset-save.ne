# One line of ipset save. What stands inside an element depends on the type of its set (address, proto:port, MAC, device,
# set name …), so elements are words here and are taken apart when lowered. Tokens: src/parse/ipset-lexer.ts.
@preprocessor typescript
@{%
import { ipsetLexer as lexer } from '../ipset-lexer.js';
import * as build from '../ipset-nodes.js';
%}
@lexer lexer

line -> %eol                                          {% build.blankLine %}
      | %comment %eol                                 {% build.commentLine %}
      | %commit %eol                                  {% build.commitLine %}
      | %create flags %word flags %word options %eol  {% build.createLine %}
      | %add flags %word flags %word options %eol     {% build.elementLine %}
      | %del flags %word flags %word options %eol     {% build.elementLine %}
      | %swap flags %word %word %eol                  {% build.pairLine %}
      | %rename flags %word %word %eol                {% build.pairLine %}
      | %flush flags %word:? %eol                     {% build.wholeLine %}
      | %destroy flags %word:? %eol                   {% build.wholeLine %}

# -exist and -quiet may stand anywhere; they change errors only.
flags -> null                                         {% build.empty %}
       | flags %flag                                  {% build.cons %}

options -> null                                       {% build.empty %}
         | options option                             {% build.cons %}

option -> %key                                        {% build.option %}
        | %key %word                                  {% build.option %}
        | %flag                                       {% build.flagOption %}
