/** The outermost level: table blocks and commands. */
import type { Chain, Command, Declaration, Idle, ObjectDeclaration, Rule, TableBlock, TableItem } from './tree.js';
import type { CommandLine } from './build-line.js';
import { foundText, syntaxErrorAt, type Context } from './context.js';
import { parsePiece } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { readAttribute } from './read-chain.js';
import { isCommonLine, lineError, nothingOutside, readCommonLine, type Outside } from './read-common.js';
import { emptyFlowtable, emptySet, objectOf, readDeclared } from './read-declaration.js';
import { closeBlock, readLine, skipToItem, sourceOf, type LineTokens } from './read-line.js';
import { opaqueRule, placeRule } from './read-rule.js';

/** Words after which, at the beginning of a command, a brace opens a block. */
const declared: ReadonlySet<string> = new Set(
  'table chain set map meter flowtable counter quota limit ct secmark synproxy tunnel flow'.split(' '),
);
const verbs: ReadonlySet<string> = new Set(
  'add create insert replace delete destroy get reset flush list rename'.split(' '),
);
/** Commands that only show something, whatever their words say. */
const idle: ReadonlySet<string> = new Set(['list', 'describe', 'export', 'monitor']);

function readIdle(context: Context): Idle {
  const { tokens } = readLine(context, 0);
  return { kind: 'idle', text: sourceOf(context, tokens).replaceAll(/\s+/g, ' '), span: spanOf(tokens[0]!) };
}

function opensBlock(tokens: readonly Token[]): boolean {
  const first = tokens[0]?.text ?? '';
  return declared.has(verbs.has(first) || first === 'destroy' ? (tokens[1]?.text ?? '') : first);
}

export function readCommands(context: Context): Command[] {
  const commands: Command[] = [];
  while (skipToItem(context)) commands.push(...readCommand(context));
  const stop = context.reader.peek();
  if (stop.type !== 'eof') throw syntaxErrorAt(context, stop, 'this "}" closes nothing');
  return commands;
}

function readCommand(context: Context): readonly Command[] {
  const next = context.reader.peek();
  if (isCommonLine(next)) return [readCommonLine(context, readCommand)];
  if (idle.has(next.text)) return [readIdle(context)];
  const warnings = context.diagnostics.length;
  context.reader.handle = null;
  const line = readLine(context, 0, opensBlock);
  const { tokens, stop } = line;
  const block = stop.text === '{';
  const piece = block ? [...tokens, stop] : tokens;
  const parsed = parsePiece('command', piece);
  if ('failure' in parsed) return [unknownCommand(context, line, parsed.failure, warnings)];
  const outside = nothingOutside();
  const command = finishCommand(context, parsed.node as CommandLine, line, block ? outside : null);
  return [...outside.before, command, ...outside.after];
}

/** `outside` is null when no block follows. */
function finishCommand(
  context: Context,
  command: CommandLine,
  { tokens }: LineTokens,
  outside: Outside | null,
): Command {
  const start = tokens[0]!;
  const span = spanOf(start);
  switch (command.kind) {
    case 'table':
      return readTable(context, command, start, outside !== null);
    case 'declaration': {
      const head = { name: command.name, start };
      const { verb, family, table, object } = command;
      const node = outside ? readDeclared(context, object, head, outside) : bare(object, head, tokens);
      return { kind: 'declaration', verb, family, table, declared: node, span };
    }
    case 'inlineObject': {
      const { verb, family, table, object, name } = command;
      const words = tokens.slice(tokens.findIndex((token) => token.value === name && token !== start) + 1);
      const extent = { start: start.start, end: tokens.at(-1)!.end };
      const rest = { attributes: [sourceOf(context, words)], handle: null, comment: null, extent };
      const node = objectOf(object as ObjectDeclaration['object'], { name, start }, words, rest);
      return { kind: 'declaration', verb, family, table, declared: node, span };
    }
    case 'rule': {
      const { verb, family, table, chain, position, body } = command;
      const rule = placeRule(context, tokens.slice(headLength(tokens)), body);
      const extent = { start: start.start, end: rule.extent.end };
      return { kind: 'ruleCommand', verb, family, table, chain, position, rule, extent, span };
    }
    case 'elements': {
      const { verb, family, table, set, elements } = command;
      return { kind: 'elementCommand', verb, family, table, set, elements, span };
    }
    case 'removal':
      return { ...command, span };
    case 'define':
    case 'undefine':
    case 'include':
      throw new Error(`bug: ${command.kind} is a common line`);
  }
}

/** A declaration without a block. */
function bare(object: string, head: { name: string; start: Token }, tokens: readonly Token[]): Declaration['declared'] {
  const extent = { start: head.start.start, end: tokens.at(-1)!.end };
  const { name } = head;
  if (object === 'set' || object === 'map' || object === 'meter') return { ...emptySet(object, head), extent };
  if (object === 'flowtable') return { ...emptyFlowtable(head), extent };
  const empty = { handle: null, comment: null, extent };
  if (object !== 'chain')
    return objectOf(object as ObjectDeclaration['object'], head, [], { attributes: [], ...empty });
  const chain: Omit<Chain, 'span'> = { kind: 'chain', name, hook: null, policy: null, flags: [], items: [], ...empty };
  return { ...chain, span: spanOf(head.start) };
}

/** Tokens before the rule itself: `add rule inet t c handle 5`. */
function headLength(tokens: readonly Token[]): number {
  const text = (i: number): string => tokens[i]?.text ?? '';
  let at = 0;
  if (verbs.has(text(at))) at++;
  if (text(at) === 'rule') at++;
  if (tokens[at]?.type === 'keyword') at++;
  at += 2;
  return ['position', 'handle', 'index'].includes(text(at)) ? at + 2 : at;
}

function unknownCommand(
  context: Context,
  { tokens, stop }: LineTokens,
  failure: { at: number; expected: readonly string[] },
  warnings: number,
): Command {
  const first = tokens[0]!;
  const isRule = ['add', 'insert', 'replace', 'create'].includes(first.text) && tokens[1]?.text === 'rule';
  const at = headLength(tokens);
  if (isRule && stop.text !== '{' && at < tokens.length) {
    // The head with a verdict must be a command: then it is the rule that is not understood.
    const accept: Token = { ...first, type: 'keyword', text: 'accept', value: 'accept' };
    const head = parsePiece('command', [...tokens.slice(0, at), accept]);
    if ('node' in head) {
      const command = head.node as Extract<CommandLine, { kind: 'rule' }>;
      const moved = { at: Math.max(0, failure.at - at), expected: failure.expected };
      const rule: Rule = opaqueRule(context, tokens.slice(at), warnings, moved);
      const { verb, family, table, chain, position } = command;
      const extent = { start: first.start, end: rule.extent.end };
      return { kind: 'ruleCommand', verb, family, table, chain, position, rule, extent, span: spanOf(first) };
    }
  }
  throw lineError(context, tokens, stop, failure);
}

function readTable(
  context: Context,
  { verb, family, table }: Extract<CommandLine, { kind: 'table' }>,
  start: Token,
  block: boolean,
): TableBlock {
  const { reader } = context;
  const node = { kind: 'table', verb, family, table, span: spanOf(start) } as const;
  const lines = { handle: null, flags: [], comment: null };
  if (!block) return { ...node, ...lines, items: null, extent: { start: start.start, end: reader.peek().start } };
  const open = reader.next();
  reader.handle = null;
  reader.peek();
  const handle = reader.handle as number | null;
  const about: TableLines = { flags: [], comment: null };
  const items: TableItem[] = [];
  while (skipToItem(context)) items.push(...readTableItems(context, about));
  const extent = { start: start.start, end: closeBlock(context, open) };
  return { ...node, handle, ...about, items, extent };
}

interface TableLines {
  flags: readonly string[];
  comment: string | null;
}

function readTableItems(context: Context, about: TableLines): readonly TableItem[] {
  const first = context.reader.peek();
  if (isCommonLine(first)) return [readCommonLine(context, (inner) => readTableItems(inner, about))];
  if (!declared.has(first.text)) {
    const line = readAttribute(context, 'tableLine');
    if ('kind' in line) return [line];
    if (line.name === 'flags') about.flags = line.flags;
    else if (line.name === 'comment') about.comment = line.text;
    return [];
  }
  const { tokens, stop } = readLine(context, 0, opensBlock);
  const parsed = parsePiece('itemHead', tokens);
  if ('failure' in parsed) throw lineError(context, tokens, stop, parsed.failure);
  if (stop.text !== '{') throw syntaxErrorAt(context, stop, `${foundText(stop)}; expected "{"`);
  const { object, name } = parsed.node as { object: string; name: string };
  const outside = nothingOutside();
  const item = readDeclared(context, object, { name, start: first }, outside);
  return [...outside.before, item, ...outside.after];
}
