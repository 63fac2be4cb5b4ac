/** Builders that the actions of grammar/ipset-save.ne call. */
import type { Span } from '../diagnostic.js';
import { ipsetLexer } from './ipset-lexer.js';
import type {
  CreateLine,
  ElementLine,
  IpsetBlankLine,
  IpsetCommentLine,
  IpsetCommitLine,
  IpsetOption,
  PairLine,
  WholeLine,
} from './ipset-tree.js';
import type { Word } from './iptables-tree.js';
import type { List } from './iptables-nodes.js';
import { toArray } from './iptables-nodes.js';
import type { Token } from './line-parser.js';

export { cons, empty } from './iptables-nodes.js';

const spanAt = (offset: number): Span => ({
  file: ipsetLexer.place.file,
  line: ipsetLexer.place.line,
  column: offset + 1,
});
const word = (token: Token): Word => ({ text: token.value, span: spanAt(token.offset) });

export const blankLine = (): IpsetBlankLine => ({ kind: 'blank', span: spanAt(0) });
export const commitLine = ([token]: [Token]): IpsetCommitLine => ({ kind: 'commit', span: spanAt(token.offset) });
export const commentLine = ([token]: [Token]): IpsetCommentLine => ({
  kind: 'comment',
  span: spanAt(token.offset),
  text: token.text,
});

export const option = ([key, value]: [Token, Token | undefined]): IpsetOption => ({
  name: key.value,
  value: value ? word(value) : null,
  span: spanAt(key.offset),
});

/** `-exist` after the element. */
export const flagOption = ([flag]: [Token]): IpsetOption => ({
  name: flag.text,
  value: null,
  span: spanAt(flag.offset),
});

type Flags = List<Token>;
type Line = [Token, Flags, Token, Flags, Token, List<IpsetOption>];

const existFlags = new Set(['-exist', '--exist', '-!']);

/** Options without the flags among them, and whether one of the flags is -exist. */
function split(before: Flags, between: Flags, list: List<IpsetOption>): { options: IpsetOption[]; exist: boolean } {
  const all = toArray(list);
  const flags = [...toArray(before), ...toArray(between)].map((token) => token.text);
  const late = all.filter((one) => one.name.startsWith('-')).map((one) => one.name);
  return {
    options: all.filter((one) => !one.name.startsWith('-')),
    exist: [...flags, ...late].some((flag) => existFlags.has(flag)),
  };
}

export const createLine = ([create, before, set, between, type, list]: Line): CreateLine => ({
  kind: 'create',
  span: spanAt(create.offset),
  set: word(set),
  type: word(type),
  ...split(before, between, list),
});

export const elementLine = ([command, before, set, between, element, list]: Line): ElementLine => ({
  kind: command.type === 'del' ? 'del' : 'add',
  span: spanAt(command.offset),
  set: word(set),
  element: word(element),
  ...split(before, between, list),
});

export const pairLine = ([command, , from, to]: [Token, Flags, Token, Token]): PairLine => ({
  kind: command.type === 'swap' ? 'swap' : 'rename',
  span: spanAt(command.offset),
  from: word(from),
  to: word(to),
});

export const wholeLine = ([command, , set]: [Token, Flags, Token | null]): WholeLine => ({
  kind: command.type === 'flush' ? 'flush' : 'destroy',
  span: spanAt(command.offset),
  set: set ? word(set) : null,
});
