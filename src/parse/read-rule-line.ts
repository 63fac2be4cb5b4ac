/**
 * Tokens of a rule line as the grammar reads them (grammar/iptables-save.ne): which of its rules applies is told by a token and the one behind it, so
 * no other reading is kept. A test compares with the grammar, which reads all other lines, and says what is wrong with one.
 */
import { command, countersOf, negatedOption, oldNegatedOption, option, spanAt, type List } from './iptables-nodes.js';
import type { Option, RuleLine } from './iptables-tree.js';
import type { Token } from './line-parser.js';

/** Null where they are none. */
export function readRuleLine(tokens: readonly Token[]): RuleLine | null {
  const counters = tokens[0]?.type === 'counters' ? countersOf(tokens[0]) : null;
  const options: Option[] = [];
  const before = readOptions(tokens, counters ? 1 : 0, options);
  const token = tokens[before];
  if (token?.type !== 'command') return null;
  const words = wordsFrom(tokens, before + 1);
  const end = readOptions(tokens, words.end, options);
  if (tokens[end]?.type !== 'eol') return null;
  return { kind: 'rule', span: spanAt(0), counters, command: command([token, words.list]), options };
}

/** Where the options end. */
function readOptions(tokens: readonly Token[], from: number, options: Option[]): number {
  for (let at = from; ;) {
    const [token, next, word] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    const isNegated = token?.type === 'bang' && next?.type === 'option';
    if (!isNegated && token?.type !== 'option') return at;
    const isOld = token.type === 'option' && next?.type === 'bang' && word?.type === 'word';
    const words = wordsFrom(tokens, at + (isOld ? 3 : isNegated ? 2 : 1));
    if (isOld) options.push(oldNegatedOption([token, next, word, words.list]));
    else options.push(isNegated ? negatedOption([token, next, words.list]) : option([token, words.list]));
    at = words.end;
  }
}

function wordsFrom(tokens: readonly Token[], from: number): { readonly list: List<Token>; readonly end: number } {
  let list: List<Token> = null;
  let end = from;
  for (let token = tokens[end]; token?.type === 'word'; token = tokens[++end]) list = { before: list, last: token };
  return { list, end };
}
