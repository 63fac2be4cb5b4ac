/** Builders that the actions of grammar/iptables-save.ne call. Lists are cons cells until their line is complete: appending copies nothing. */
import type { Span } from '../diagnostic.js';
import { iptablesLexer } from './iptables-lexer.js';
import type {
  BlankLine,
  ChainLine,
  Command,
  CommandName,
  CommentLine,
  CommitLine,
  Counters,
  Option,
  RuleLine,
  TableLine,
  Word,
} from './iptables-tree.js';
import type { Token } from './line-parser.js';

/** The last element and what stands before it. */
export type List<T> = { readonly before: List<T>; readonly last: T } | null;

export const empty = (): null => null;

export function cons<T>([before, last]: [List<T>, T]): List<T> {
  return { before, last };
}

export function toArray<T>(list: List<T>): T[] {
  const out: T[] = [];
  for (let cell = list; cell; cell = cell.before) out.push(cell.last);
  return out.reverse();
}

export const spanAt = (offset: number): Span => ({
  file: iptablesLexer.place.file,
  line: iptablesLexer.place.line,
  column: offset + 1,
});

export const word = (token: Token): Word => ({ text: token.value, span: spanAt(token.offset) });
const words = (tokens: List<Token>): Word[] => toArray(tokens).map(word);

export const countersOf = (token: Token): Counters => {
  const [packets = '', bytes = ''] = token.text.slice(1, -1).split(':');
  return { packets, bytes };
};

export const blankLine = (): BlankLine => ({ kind: 'blank', span: spanAt(0) });
export const commitLine = ([token]: [Token]): CommitLine => ({ kind: 'commit', span: spanAt(token.offset) });
export const commentLine = ([token]: [Token]): CommentLine => ({
  kind: 'comment',
  span: spanAt(token.offset),
  text: token.text,
});
export const tableLine = ([star, name]: [Token, Token]): TableLine => ({
  kind: 'table',
  span: spanAt(star.offset),
  name: word(name),
});

export function chainLine([colon, name, ...rest]: Token[]): ChainLine {
  const policy = rest.find((token) => token.type === 'word');
  const counters = rest.find((token) => token.type === 'counters');
  return {
    kind: 'chain',
    span: spanAt(colon!.offset),
    name: word(name!),
    policy: policy ? word(policy) : null,
    counters: counters ? countersOf(counters) : null,
  };
}
export const chainLineWithoutPolicy = chainLine;

/** What stands before the command. */
interface RuleStart {
  readonly counters: Counters | null;
  readonly options: List<Option>;
}

export const noCounters = (): RuleStart => ({ counters: null, options: null });
export const leadingCounters = ([token]: [Token]): RuleStart => ({ counters: countersOf(token), options: null });
export const leadingOption = ([start, option]: [RuleStart, Option]): RuleStart => ({
  counters: start.counters,
  options: { before: start.options, last: option },
});

const commandNames: Readonly<Record<string, CommandName>> = {
  '-A': 'append',
  '--append': 'append',
  '-I': 'insert',
  '--insert': 'insert',
  '-D': 'delete',
  '--delete': 'delete',
  '-R': 'replace',
  '--replace': 'replace',
  '-F': 'flush',
  '--flush': 'flush',
  '-N': 'new-chain',
  '--new': 'new-chain',
  '--new-chain': 'new-chain',
  '-X': 'delete-chain',
  '--delete-chain': 'delete-chain',
  '-P': 'policy',
  '--policy': 'policy',
  '-E': 'rename-chain',
  '--rename-chain': 'rename-chain',
  '-Z': 'zero',
  '--zero': 'zero',
};

export function command([token, values]: [Token, List<Token>]): Command {
  const name = commandNames[token.value];
  if (!name) throw new Error(`bug: ${token.value} is no command`);
  return { name, values: words(values), span: spanAt(token.offset) };
}

export const option = ([token, values]: [Token, List<Token>]): Option => ({
  name: token.value,
  negated: false,
  values: words(values),
  span: spanAt(token.offset),
});

export const negatedOption = ([bang, token, values]: [Token, Token, List<Token>]): Option => ({
  name: token.value,
  negated: true,
  values: words(values),
  span: spanAt(bang.offset),
});

export const oldNegatedOption = ([token, , first, values]: [Token, Token, Token, List<Token>]): Option => ({
  name: token.value,
  negated: true,
  values: [word(first), ...words(values)],
  span: spanAt(token.offset),
});

export function ruleLine([start, made, options]: [RuleStart, Command, List<Option>]): RuleLine {
  return {
    kind: 'rule',
    span: spanAt(0),
    counters: start.counters,
    command: made,
    options: [...toArray(start.options), ...toArray(options)],
  };
}
