# One element of a set, map or verdict map, and of `add @set { … }` and `meter name { … }`: key, what hangs on it, data.
@preprocessor typescript
@{%
import * as element from '../nft/build-element.js';
%}
@lexer lexer

element -> elementSide                                     {% element.key %}
         | elementSide ":" elementData                     {% element.mapping %}

elementSide -> elementKey elementOption:*                  {% element.side %}

elementKey -> elementConcat                                {% id %}
            | "*"                                          {% element.catchAll %}
            | %set                                         {% element.nested %}
            | "-" %number                                  {% element.negative %}
            | elementConcat "map" mapData                  {% element.map %}

elementConcat -> elementMultiton                           {% id %}
               | elementConcat "." elementMultiton         {% element.concat %}
elementMultiton -> elementOr                               {% id %}
                 | elementOr "/" %number                   {% element.prefix %}
                 | elementOr "-" elementOr                 {% element.range %}
elementOr -> or                                            {% id %}
           | selectorOr                                    {% id %}

elementOption -> "timeout" %time                           {% element.timeout %}
               | "timeout" ("never" | %number)             {% element.timeout %}
               | "expires" %time                           {% element.expires %}
               | "expires" ("never" | %number)             {% element.expires %}
               | "comment" (%quoted | %word)               {% element.comment %}
               | statefulStatement                         {% element.statement %}

elementData -> verdict                                     {% element.verdictData %}
             | elementSide                                 {% element.sideData %}
