/** Lines that may stand in every block: include, define, redefine, undefine. */
import type { Define, Include, IncludedFile, Undefine } from './tree.js';
import type { CommandLine } from './build-line.js';
import { enter, errorAt, expectedText, foundText, newContext, syntaxErrorAt, type Context } from './context.js';
import { parsePiece } from './grammar.js';
import { LongLists } from './long-lists.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { readLine, skipToItem, usesVariables } from './read-line.js';

const words: ReadonlySet<string> = new Set(['include', 'define', 'redefine', 'undefine']);
export const isCommonLine = (token: Token): boolean => token.type === 'keyword' && words.has(token.text);

/** As nft: includes deeper than this are a loop. */
const includeLimit = 16;

export type Definition = Define | Undefine;

/** Reads what comes next in an included file: what may stand there depends on the block. Nothing, when it is about the block itself. */
export type ReadItems = (context: Context) => readonly IncludedFile['items'][number][];

export function readCommonLine(context: Context, readItems: ReadItems): Definition | Include {
  const { tokens, stop } = readLine(context, 0);
  const parsed = parsePiece('command', tokens);
  if ('failure' in parsed) throw lineError(context, tokens, stop, parsed.failure);
  const command = parsed.node as CommandLine;
  const span = spanOf(tokens[0]!);
  const extent = { start: tokens[0]!.start, end: tokens.at(-1)!.end };
  if (command.kind === 'define' || command.kind === 'undefine') return { ...command, extent, span };
  if (command.kind !== 'include') throw new Error(`bug: ${command.kind} is no common line`);
  return { ...command, files: readIncluded(context, tokens.at(-1)!, command.pattern, readItems), extent, span };
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

function readIncluded(context: Context, token: Token, pattern: string, readItems: ReadItems): IncludedFile[] {
  if (!context.includes) {
    const message = `include "${pattern}" is not followed: no directory was given in which included files may stand`;
    throw errorAt(context, token, 'unreadable', message);
  }
  if (context.depth >= includeLimit)
    throw errorAt(context, token, 'unreadable', `includes are nested more than ${includeLimit} deep`);
  const found = context.includes.find(pattern);
  if ('error' in found) throw errorAt(context, token, 'unreadable', found.error);
  const { diagnostics, includes } = context;
  const files = found.files.map(({ file, name, text, lists }) => {
    const long = lists ? new LongLists(lists) : null;
    const inner = newContext(text, file, { diagnostics, includes, depth: context.depth + 1 }, long);
    enter(inner);
    const items: IncludedFile['items'][number][] = [];
    while (skipToItem(inner)) for (const item of readItems(inner)) items.push(item);
    const stop = inner.reader.peek();
    if (stop.type !== 'eof') throw syntaxErrorAt(inner, stop, foundText(stop));
    long?.refuseUntaken();
    return { file, name, text, items };
  });
  enter(context);
  return files;
}

/**
 * Definitions found in blocks that are no scope to nft (sets, objects, flowtables): they hold in the table from there on. `before` stand
 * before the block's own variables, `after` behind them.
 */
export interface Outside {
  readonly before: Definition[];
  readonly after: Definition[];
  usesVariables: boolean;
}
export const nothingOutside = (): Outside => ({ before: [], after: [], usesVariables: false });

/** Lines of such a block, those of included files among them. A block that uses variables before and after a definition is a `mixed` one. */
export function readPlainLines(
  context: Context,
  outside: Outside,
  read: (context: Context, tokens: readonly Token[], mixed: boolean) => void,
): void {
  while (skipToItem(context)) readPlainLine(context, outside, read);
}

function readPlainLine(context: Context, outside: Outside, read: Parameters<typeof readPlainLines>[2]): void {
  if (isCommonLine(context.reader.peek())) {
    const line = readCommonLine(context, (inner) => {
      readPlainLine(inner, outside, read);
      return [];
    });
    if (line.kind !== 'include') (outside.usesVariables ? outside.after : outside.before).push(line);
    return;
  }
  const { tokens } = readLine(context, 0);
  const uses = usesVariables(context, tokens);
  outside.usesVariables ||= uses;
  read(context, tokens, uses && outside.after.length > 0);
}
