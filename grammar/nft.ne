# The nft language, one statement family per file. A file is not parsed as a whole: src/parse/nft/ splits it into blocks, lines and
# elements, which are the start symbols here: command, tableLine, chainLine, setLine, flowtableLine, rule, element. `%set` and `%block`
# are brace groups that were read before. Cost is linear then, and every piece has its place in the source.
@preprocessor typescript
@{%
import { anyToken as lexer } from '../nft/lexer.js';
%}
@lexer lexer
@include "nft-block.ne"
@include "nft-statement.ne"
@include "nft-set.ne"
@include "nft-expression.ne"
