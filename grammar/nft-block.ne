# Lines of the blocks of chains, sets, maps, flowtables and tables, and what stands before a block or on a command line.
@preprocessor typescript
@{%
import * as line from '../nft/build-line.js';
%}
@lexer lexer

# --- chains ---------------------------------------------------------------------------------------------------------------------

chainLine -> "type" %word "hook" %word devices:? priority  {% line.hook %}
           | "policy" policy                               {% line.policy %}
           | "flags" flagList                              {% line.flags %}
           | comment                                       {% id %}
devices -> "device" (%word | %quoted | %wildcard)          {% line.device %}
         | "device" %variable                              {% line.deviceVariable %}
         | "devices" "=" %set                              {% line.deviceSet %}
         | "devices" "=" %variable                         {% line.deviceVariables %}
priority -> "priority" "-":? %number                       {% line.priorityNumber %}
          | "priority" %variable                           {% line.priorityVariable %}
          | "priority" %word (("+" | "-") %number):? {% line.priorityName %}
policy -> ("accept" | "drop")                              {% id %}
        | %variable                                        {% id %}
comment -> "comment" (%quoted | %word)                     {% line.comment %}
flagList -> flag                                           {% expression.first %}
          | flagList "," flag                              {% expression.append %}
flag -> (%word | "constant" | "interval" | "timeout" | "dynamic" | "offload") {% expression.word %}

# --- tables, flowtables -----------------------------------------------------------------------------------------------------------

tableLine -> "flags" flagList                              {% line.flags %}
           | comment                                       {% id %}

flowtableLine -> flowtableAttribute                        {% expression.first %}
               | flowtableLine flowtableAttribute          {% line.cons %}
flowtableAttribute -> "hook" %word priority                {% line.flowtableHook %}
                    | "devices" "=" %set                   {% line.devicesLine %}
                    | "devices" "=" %variable              {% line.devicesLine %}
                    | "flags" flagList                     {% line.flags %}
                    | "counter"                            {% line.counterLine %}

# --- sets and maps ----------------------------------------------------------------------------------------------------------------

setLine -> setAttribute                                    {% expression.first %}
         | setLine setAttribute                            {% line.cons %}
setAttribute -> "type" dataType                            {% line.setType %}
              | "type" dataType ":" "interval":? dataType  {% line.mapType %}
              | "typeof" typeof                            {% line.setTypeof %}
              | "typeof" typeof ":" "interval":? typeof    {% line.mapTypeof %}
              | "flags" flagList                           {% line.flags %}
              | "timeout" (%time | %number)                {% line.time %}
              | "gc-interval" (%time | %number)            {% line.time %}
              | "size" %number                             {% line.size %}
              | "policy" ("performance" | "memory")        {% line.setPolicy %}
              | "auto-merge"                               {% line.autoMerge %}
              | comment                                    {% id %}
              | "elements" "=" %set                        {% line.elements %}
              | "elements" "=" %variable                   {% line.elements %}
              | statefulStatement                          {% line.stateful %}

# What stands before the brace of a block inside a table.
itemHead -> declared name                                  {% line.itemHead %}
          | "meter" name                                   {% line.itemHead %}
          | "flow" "table" name                            {% line.itemHead %}

# --- commands ---------------------------------------------------------------------------------------------------------------------

command -> ("add" | "create"):? "table" tableName          {% line.tableHead %}
         | ("add" | "create"):? "table" tableName "{"      {% line.tableHead %}
         | addVerb:? declared objectName "{"               {% line.declarationHead %}
         | ("add" | "create"):? declared objectName        {% line.declarationHead %}
         | ("add" | "create"):? inlineObject               {% line.inlineObject %}
         | ("add" | "insert" | "create"):? "rule" objectName position:? rule {% line.ruleCommand %}
         | ("add" | "insert" | "create"):? objectName position:? rule {% line.bareRuleCommand %}
         | "replace" "rule" objectName position rule       {% line.ruleCommand %}
         | elementVerb:? "element" objectName (%set | %variable) {% line.elementCommand %}
         | removalVerb "ruleset" family:?                  {% line.rulesetRemoval %}
         | removalVerb "table" tableName                   {% line.tableRemoval %}
         | removalVerb "table" family:? "handle" %number   {% line.tableHandleRemoval %}
         | removalVerb removable objectName                {% line.objectRemoval %}
         | removalVerb removable tableName "handle" %number {% line.handleRemoval %}
         | removalVerb "rule" objectName "handle" %number {% line.ruleRemoval %}
         | removalVerb plural family:?                     {% line.pluralRemoval %}
         | removalVerb plural "table" tableName            {% line.pluralTableRemoval %}
         | "rename" "chain" objectName name                {% line.rename %}
         | ("define" | "redefine") name "=" initializer    {% line.define %}
         | "undefine" name                                 {% line.undefine %}
         | "include" %quoted                               {% line.include %}

declared -> ("chain" | "set" | "map" | "flowtable" | "counter" | "quota" | "limit" | "secmark" | "synproxy" | "tunnel") {% line.words %}
          | "ct" ("helper" | "timeout" | "expectation")   {% line.words %}
inlineObject -> "counter" objectName counterPart:+         {% line.inlineCounter %}
              | "quota" objectName quotaWords              {% line.inlineWords %}
              | "limit" objectName limitWords              {% line.inlineWords %}
              | "synproxy" objectName synproxyPart:+       {% line.inlineWords %}
              | "secmark" objectName %quoted               {% line.inlineWords %}
quotaWords -> ("over" | "until"):? %number quotaUnit quotaUsed:?
limitWords -> "rate" ("over" | "until"):? rate burst:?
addVerb -> ("add" | "create" | "delete" | "destroy")       {% line.word %}
elementVerb -> ("add" | "create" | "delete" | "destroy" | "get" | "reset") {% line.word %}
removalVerb -> ("flush" | "delete" | "destroy" | "reset") {% line.word %}
removable -> ("chain" | "set" | "map" | "meter" | "flowtable" | "counter" | "quota" | "limit" | "secmark" | "synproxy" | "tunnel") {% line.words %}
           | "ct" ("helper" | "timeout" | "expectation")   {% line.words %}
           | "flow" "table"                                {% line.words %}
plural -> ("counters" | "quotas" | "limits" | "tables" | "chains" | "sets" | "maps" | "meters" | "flowtables" | "rules" | "hooks") {% line.word %}
position -> ("position" | "handle" | "index") %number      {% line.position %}

tableName -> family:? name                                 {% line.tableName %}
objectName -> tableName name                               {% line.objectName %}
family -> ("ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev") {% line.word %}
name -> (%word | %quoted)                                  {% line.word %}

initializer -> rhs                                         {% id %}
             | "-" %number                                 {% line.negative %}
             | ("accept" | "drop" | "continue" | "return") {% expression.keywordValue %}
