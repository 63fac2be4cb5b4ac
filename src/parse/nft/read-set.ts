/** Reads `{ … }` as elements: plain addresses and numbers by a fast lane into columns, everything else element by element. */
import type { Element, SetExpression } from './tree-expression.js';
import type { Context } from './context.js';
import { foundText, expectedText, syntaxErrorAt, textBetween, warnAt } from './context.js';
import { columnsOf } from './element-columns.js';
import { readFastElements } from './fast-elements.js';
import { parsePiece } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { closeBlock, readGroup, sourceOf } from './read-line.js';

/** Tests read the same text with and without it. */
export const fastLane = { enabled: true };

/** Tokens of one element; longer ones are kept as text. */
const elementLimit = 1000;

export interface Group {
  readonly node: unknown;
  readonly end: number;
}

export function readSet(context: Context, nesting: number): Group {
  const { reader } = context;
  const open = reader.next();
  const span = spanOf(open);
  const known = context.lists?.take(open.end) ?? null;
  const read = known?.elements ?? (fastLane.enabled ? readFastElements(context.text, open.end) : null);
  if (read) {
    const { columns, length, newlines, lastNewline } = read;
    const end = open.end + (known?.mark.length ?? length) + 1;
    reader.skipTo(end, newlines, newlines > 0 ? length + 1 - lastNewline : open.column + length + 2);
    const set: SetExpression = { kind: 'set', elements: [], columns, span };
    return { node: set, end };
  }
  const elements: Element[] = [];
  for (;;) {
    const { tokens, stop } = readElementTokens(context, nesting);
    if (tokens.length > 0) elements.push(readElement(context, tokens));
    if (stop.text === ',') reader.next();
    else if (stop.text === ';') return opaqueGroup(context, open);
    else break;
  }
  const end = closeBlock(context, open);
  const columns = columnsOf(elements);
  const set: SetExpression = { kind: 'set', elements: columns ? [] : elements, columns, span };
  return { node: set, end };
}

function readElementTokens(context: Context, nesting: number): { tokens: Token[]; stop: Token } {
  const { reader } = context;
  const tokens: Token[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.type === 'eof') return { tokens, stop: token };
    if (token.type === 'bad') throw syntaxErrorAt(context, token, foundText(token));
    if (token.type === 'newline') reader.next();
    else if (token.text === ',' || token.text === '}' || token.text === ';') return { tokens, stop: token };
    else if (token.text === '{') tokens.push(readGroup(context, tokens.at(-1), nesting));
    else tokens.push(reader.next());
  }
}

function readElement(context: Context, tokens: readonly Token[]): Element {
  const first = tokens[0]!;
  const parsed = tokens.length > elementLimit ? null : parsePiece('element', tokens);
  if (parsed && 'node' in parsed) return parsed.node as Element;
  const at = parsed ? (tokens[parsed.failure.at] ?? tokens.at(-1)!) : first;
  const why = parsed ? `; expected ${expectedText(parsed.failure)}` : '';
  warnAt(context, at, `this element is not understood${why}; what uses it stays in netfilter`);
  return opaqueElement(sourceOf(context, tokens), first);
}

function opaqueElement(text: string, token: Token): Element {
  const span = spanOf(token);
  const key = { kind: 'opaque', text, span } as const;
  return { key, data: null, timeout: null, expires: null, comment: null, statements: [], span };
}

/** Braces that hold no elements (there is a `;` in them): kept as text up to the brace that closes them. */
function opaqueGroup(context: Context, open: Token): Group {
  const { reader } = context;
  let depth = 1;
  for (;;) {
    const token = reader.next();
    if (token.type === 'bad') throw syntaxErrorAt(context, token, foundText(token));
    if (token.type === 'eof') throw syntaxErrorAt(context, open, 'this "{" is never closed');
    if (token.text === '{') depth++;
    if (token.text !== '}' || --depth > 0) continue;
    const text = textBetween(context, open.end, token.start).trim();
    const set: SetExpression = {
      kind: 'set',
      elements: [opaqueElement(text, open)],
      columns: null,
      span: spanOf(open),
    };
    warnAt(context, open, 'what stands in these braces is not understood; what uses it stays in netfilter');
    return { node: set, end: token.end };
  }
}
