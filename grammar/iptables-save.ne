# One line of iptables-save, ip6tables-save or a hand-written rules file. Lines never continue, so each is parsed on its own:
# locations are free and the cost is linear. Tokens: src/parse/iptables-lexer.ts. Every action calls one builder.
@preprocessor typescript
@{%
import { iptablesLexer as lexer } from '../iptables-lexer.js';
import * as build from '../iptables-nodes.js';
%}
@lexer lexer

line -> %eol                                          {% build.blankLine %}
      | %comment %eol                                 {% build.commentLine %}
      | %star %word %eol                              {% build.tableLine %}
      | %colon %word %eol                             {% build.chainLine %}
      | %colon %word %word %eol                       {% build.chainLine %}
      | %colon %word %counters %eol                   {% build.chainLineWithoutPolicy %}
      | %colon %word %word %counters %eol             {% build.chainLine %}
      | %commit %eol                                  {% build.commitLine %}
      | ruleStart command options %eol                {% build.ruleLine %}

# Options may stand before the command in hand-written files.
ruleStart -> null                                     {% build.noCounters %}
           | %counters                                {% build.leadingCounters %}
           | ruleStart option                         {% build.leadingOption %}

command -> %command words                             {% build.command %}

options -> null                                       {% build.empty %}
         | options option                             {% build.cons %}

# '!' stands before the option; old versions print it after.
option -> %option words                               {% build.option %}
        | %bang %option words                         {% build.negatedOption %}
        | %option %bang %word words                   {% build.oldNegatedOption %}

words -> null                                         {% build.empty %}
       | words %word                                  {% build.cons %}
