/** Blocks of chains. */
import type { Expression } from './tree-expression.js';
import type { Chain, ChainHook, OpaqueNode } from './tree.js';
import type { Line } from './build-line.js';
import type { Context } from './context.js';
import { expectedText, foundText, warnAt } from './context.js';
import { parsePiece, type StartSymbol } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { isCommonLine, readCommonLine } from './read-common.js';
import { closeBlock, readLine, skipToItem, sourceOf } from './read-line.js';
import { readRule } from './read-rule.js';

/** What stands before the block. */
export interface Head {
  readonly name: string;
  readonly start: Token;
}

/** Words with which a line begins that is no rule. */
const attributes: ReadonlySet<string> = new Set(['type', 'policy', 'flags', 'comment']);

export function readChain(context: Context, { name, start }: Head): Chain {
  const { reader } = context;
  const open = reader.next();
  reader.handle = null;
  reader.peek();
  const handle = reader.handle as number | null;
  let hook: ChainHook | null = null;
  let policy: Expression | null = null;
  let comment: string | null = null;
  let flags: readonly string[] = [];
  const items: Chain['items'][number][] = [];
  while (skipToItem(context)) {
    const first = reader.peek();
    if (isCommonLine(first)) items.push(readCommonLine(context, (inner) => readRule(inner, 0)));
    else if (first.type === 'keyword' && attributes.has(first.text)) {
      const line = readAttribute(context, 'chainLine');
      if ('kind' in line) items.push(line);
      else if (line.name === 'hook') hook = line.hook;
      else if (line.name === 'policy') policy = line.value;
      else if (line.name === 'comment') comment = line.text;
      else if (line.name === 'flags') flags = line.flags;
    } else items.push(readRule(context, 0));
  }
  const end = closeBlock(context, open);
  const extent = { start: start.start, end };
  return { kind: 'chain', name, handle, hook, policy, flags, comment, items, extent, span: spanOf(start) };
}

/** A line of a block: what it says, or its text when it is not understood. */
export function readAttribute(context: Context, symbol: StartSymbol): Line | OpaqueNode {
  const warnings = context.diagnostics.length;
  const { tokens } = readLine(context, 0);
  const parsed = parsePiece(symbol, tokens);
  if ('node' in parsed) return parsed.node as Line;
  context.diagnostics.length = warnings;
  const first = tokens[0]!;
  const found = tokens[parsed.failure.at];
  const why = `${found ? foundText(found) : 'the line ends here'}; expected ${expectedText(parsed.failure)}`;
  warnAt(context, found ?? first, `this line is not understood (${why}); what it is about stays in netfilter`);
  return opaqueNode(context, tokens);
}

export function opaqueNode(context: Context, tokens: readonly Token[]): OpaqueNode {
  const first = tokens[0]!;
  const extent = { start: first.start, end: tokens.at(-1)!.end };
  return { kind: 'opaque', text: sourceOf(context, tokens), extent, span: spanOf(first) };
}
