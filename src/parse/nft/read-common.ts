/** Lines that may stand in every block: include, define, redefine, undefine. */
import type { Define, Include, IncludedFile, Undefine } from './tree.js';
import type { CommandLine } from './build-line.js';
import { enter, errorAt, expectedText, foundText, newContext, syntaxErrorAt, type Context } from './context.js';
import { parsePiece } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { readLine, skipToItem } from './read-line.js';

const words: ReadonlySet<string> = new Set(['include', 'define', 'redefine', 'undefine']);
export const isCommonLine = (token: Token): boolean => token.type === 'keyword' && words.has(token.text);

/** As nft: includes deeper than this are a loop. */
const includeLimit = 16;

/** `readItem` reads one item of an included file: what may stand there depends on the block. */
export function readCommonLine(
  context: Context,
  readItem: (context: Context) => IncludedFile['items'][number],
): Define | Undefine | Include {
  const { tokens, stop } = readLine(context, 0);
  const parsed = parsePiece('command', tokens);
  if ('failure' in parsed) throw lineError(context, tokens, stop, parsed.failure);
  const command = parsed.node as CommandLine;
  const span = spanOf(tokens[0]!);
  const extent = { start: tokens[0]!.start, end: tokens.at(-1)!.end };
  if (command.kind === 'define' || command.kind === 'undefine') return { ...command, extent, span };
  if (command.kind !== 'include') throw new Error(`bug: ${command.kind} is no common line`);
  return { ...command, files: readIncluded(context, tokens.at(-1)!, command.pattern, readItem), extent, span };
}

export function lineError(
  context: Context,
  tokens: readonly Token[],
  stop: Token,
  failure: { at: number; expected: readonly string[] },
): Error {
  const found = tokens[failure.at] ?? stop;
  return syntaxErrorAt(context, found, `${foundText(found)}; expected ${expectedText(failure)}`);
}

function readIncluded(
  context: Context,
  token: Token,
  pattern: string,
  readItem: (context: Context) => IncludedFile['items'][number],
): IncludedFile[] {
  if (!context.includes) {
    const message = `include "${pattern}" is not followed: no directory was given in which included files may stand`;
    throw errorAt(context, token, 'unreadable', message);
  }
  if (context.depth >= includeLimit)
    throw errorAt(context, token, 'unreadable', `includes are nested more than ${includeLimit} deep`);
  const found = context.includes.find(pattern);
  if ('error' in found) throw errorAt(context, token, 'unreadable', found.error);
  const { diagnostics, includes } = context;
  const files = found.files.map(({ file, name, text }) => {
    const inner = newContext(text, file, { diagnostics, includes, depth: context.depth + 1 });
    enter(inner);
    const items: IncludedFile['items'][number][] = [];
    while (skipToItem(inner)) items.push(readItem(inner));
    const stop = inner.reader.peek();
    if (stop.type !== 'eof') throw syntaxErrorAt(inner, stop, foundText(stop));
    return { file, name, text, items };
  });
  enter(context);
  return files;
}
