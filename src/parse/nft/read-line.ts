/** Collects the tokens of one line of a block (up to newline or `;`), with brace groups read as elements or rules. */
import type { Context } from './context.js';
import { foundText, syntaxErrorAt, textBetween } from './context.js';
import type { Token } from './lexer.js';
import { readSet } from './read-set.js';
import { readChainBlock } from './read-rule.js';

export interface LineTokens {
  readonly tokens: readonly Token[];
  /** The token after the line, not consumed: newline, `;`, `}`, `{` or the end. */
  readonly stop: Token;
}

/** Whether a `{` after these tokens begins a block that the caller reads. */
export type BlockTest = (tokens: readonly Token[]) => boolean;

const never: BlockTest = () => false;

export function readLine(context: Context, nesting: number, isBlock: BlockTest = never): LineTokens {
  const { reader } = context;
  const tokens: Token[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.type === 'newline' || token.type === 'eof') return { tokens, stop: token };
    if (token.type === 'bad') throw syntaxErrorAt(context, token, foundText(token));
    if (token.type === 'op') {
      if (token.text === ';' || token.text === '}') return { tokens, stop: token };
      if (token.text === '{') {
        if (isBlock(tokens)) return { tokens, stop: token };
        tokens.push(readGroup(context, tokens.at(-1), nesting));
        continue;
      }
    }
    tokens.push(reader.next());
  }
}

/** nft nests sets in sets and chains in rules; nobody nests deeper than this, and the reader recurses. */
const nestingLimit = 32;

export function readGroup(context: Context, before: Token | undefined, nesting: number): Token {
  const open = context.reader.peek();
  if (nesting >= nestingLimit) throw syntaxErrorAt(context, open, `more than ${nestingLimit} braces inside each other`);
  const isChain = before?.type === 'keyword' && (before.text === 'jump' || before.text === 'goto');
  const node = isChain ? readChainBlock(context, nesting + 1) : readSet(context, nesting + 1);
  return { ...open, type: isChain ? 'block' : 'set', node: node.node, end: node.end };
}

/** Steps over newlines and semicolons; false at `}` or at the end of the file. */
export function skipToItem(context: Context): boolean {
  const { reader } = context;
  for (;;) {
    const token = reader.peek();
    if (token.type === 'eof' || token.text === '}') return false;
    if (token.type !== 'newline' && token.text !== ';') return true;
    reader.next();
  }
}

/** Consumes the `}` of a block that `open` began; returns its end. */
export function closeBlock(context: Context, open: Token): number {
  const token = context.reader.next();
  if (token.text !== '}') throw syntaxErrorAt(context, open, 'this "{" is never closed');
  return token.end;
}

/** The source from the first to the last of the tokens. */
export function sourceOf(context: Context, tokens: readonly Token[]): string {
  const first = tokens[0];
  const last = tokens.at(-1);
  return first && last ? textBetween(context, first.start, last.end) : '';
}

/** Whether a variable is named there. */
export function usesVariables({ text }: Context, tokens: readonly Token[]): boolean {
  return text.slice(tokens[0]?.start, tokens.at(-1)?.end).includes('$');
}
