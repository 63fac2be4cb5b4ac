/** Blocks of chains. */
import type { Expression } from './tree-expression.js';
import type { Chain, ChainHook, OpaqueNode } from './tree.js';
import type { Line } from './build-line.js';
import type { Context } from './context.js';
import { failureAt, warnAt } from './context.js';
import { parsePiece } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { isCommonLine, readCommonLine } from './read-common.js';
import { closeBlock, readLine, skipToItem, sourceOf } from './read-line.js';
import { readRuleTokens } from './read-rule.js';
import { LineShapes } from './line-shapes.js';

/** What stands before the block. */
export interface Head {
  readonly name: string;
  readonly start: Token;
}

/** Words with which a line begins that is no rule. */
const attributes: ReadonlySet<string> = new Set(['type', 'policy', 'flags', 'comment']);

/** What the lines of a chain say that are no rules. */
interface ChainLines {
  hook: ChainHook | null;
  policy: Expression | null;
  comment: string | null;
  flags: readonly string[];
}

interface ChainReading {
  readonly lines: ChainLines;
  readonly shapes: LineShapes;
}

export function readChain(context: Context, { name, start }: Head): Chain {
  const { reader } = context;
  const open = reader.next();
  reader.handle = null;
  reader.peek();
  const handle = reader.handle as number | null;
  const lines: ChainLines = { hook: null, policy: null, comment: null, flags: [] };
  const items: ChainItem[] = [];
  const reading: ChainReading = { lines, shapes: new LineShapes() };
  while (skipToItem(context)) for (const item of readChainItems(context, reading)) items.push(item);
  const end = closeBlock(context, open);
  const extent = { start: start.start, end };
  return { kind: 'chain', name, handle, ...lines, items, extent, span: spanOf(start) };
}

type ChainItem = Chain['items'][number];

function readChainItems(context: Context, reading: ChainReading): readonly ChainItem[] {
  const first = context.reader.peek();
  const { lines, shapes } = reading;
  if (isCommonLine(first)) return [readCommonLine(context, (inner) => readChainItems(inner, reading))];
  if (first.type !== 'keyword' || !attributes.has(first.text)) {
    const { rule, tokens } = readRuleTokens(context, 0);
    return [rule, ...shapes.readFollowing(context, rule, tokens)];
  }
  const line = readAttribute(context, 'chainLine');
  if ('kind' in line) return [line];
  if (line.name === 'hook') lines.hook = line.hook;
  else if (line.name === 'policy') lines.policy = line.value;
  else if (line.name === 'comment') lines.comment = line.text;
  else if (line.name === 'flags') lines.flags = line.flags;
  return [];
}

/** A line of a block: what it says, or its text when it is not understood. */
export function readAttribute(context: Context, symbol: 'tableLine' | 'chainLine'): Line | OpaqueNode {
  const { tokens } = readLine(context, 0);
  return attributesOf(context, symbol, tokens);
}

export function attributesOf<Symbol extends 'tableLine' | 'chainLine' | 'flowtableLine'>(
  context: Context,
  symbol: Symbol,
  tokens: readonly Token[],
): (Symbol extends 'flowtableLine' ? readonly Line[] : Line) | OpaqueNode {
  const parsed = parsePiece(symbol, tokens);
  if ('node' in parsed) return parsed.node as Symbol extends 'flowtableLine' ? readonly Line[] : Line;
  const { why, at } = failureAt(context, tokens, parsed.failure, 'line');
  warnAt(context, at, `this line is not understood (${why}); what it is about stays in netfilter`);
  return opaqueNode(context, tokens);
}

export function opaqueNode(context: Context, tokens: readonly Token[]): OpaqueNode {
  const first = tokens[0]!;
  const extent = { start: first.start, end: tokens.at(-1)!.end };
  return { kind: 'opaque', text: sourceOf(context, tokens), extent, span: spanOf(first) };
}
