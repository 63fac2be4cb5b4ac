/** Blocks of sets, maps, flowtables and objects. */
import type { Expression } from './tree-expression.js';
import type { Chain, Flowtable, ObjectDeclaration, OpaqueNode, Priority, SetDeclaration } from './tree.js';
import type { Line } from './build-line.js';
import type { RuleBody } from './build-statement.js';
import { failureAt, warnAt, type Context } from './context.js';
import { parsePiece } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { attributesOf, readChain, opaqueNode, type Head } from './read-chain.js';
import { readPlainLines, type Outside } from './read-common.js';
import { closeBlock, sourceOf } from './read-line.js';

/** The block after `object name`, which begins at the next token. */
export function readDeclared(
  context: Context,
  object: string,
  head: Head,
  outside: Outside,
): Chain | SetDeclaration | Flowtable | ObjectDeclaration {
  switch (object) {
    case 'chain':
      return readChain(context, head);
    case 'set':
    case 'map':
    case 'meter':
      return readSetBlock(context, object, head, outside);
    case 'flowtable':
      return readFlowtable(context, head, outside);
    default:
      return readObject(context, object as ObjectDeclaration['object'], head, outside);
  }
}

/** Opens a block; the handle stands in a comment after the brace. */
function open(context: Context): { brace: Token; handle: number | null } {
  const brace = context.reader.next();
  context.reader.handle = null;
  context.reader.peek();
  return { brace, handle: context.reader.handle };
}

/** What a set is before any line is read. */
export function emptySet(keyword: SetDeclaration['keyword'], { name, start }: Head): SetDeclaration {
  return {
    kind: 'setDeclaration',
    keyword,
    name,
    handle: null,
    key: null,
    data: null,
    dataInterval: false,
    flags: [],
    timeout: null,
    gcInterval: null,
    size: null,
    policy: null,
    autoMerge: false,
    comment: null,
    statements: [],
    elements: null,
    opaque: [],
    extent: { start: start.start, end: start.end },
    span: spanOf(start),
  };
}

function readSetBlock(
  context: Context,
  keyword: SetDeclaration['keyword'],
  head: Head,
  outside: Outside,
): SetDeclaration {
  const { brace, handle } = open(context);
  let declaration: SetDeclaration = { ...emptySet(keyword, head), handle };
  readPlainLines(context, outside, (inner, tokens, mixed) => {
    const parsed = parsePiece('setLine', tokens);
    if ('node' in parsed && !mixed) {
      for (const line of parsed.node as Line[]) declaration = { ...declaration, ...setPart(line, declaration) };
      return;
    }
    const { why, at } =
      'failure' in parsed
        ? failureAt(inner, tokens, parsed.failure, 'line')
        : { why: 'it uses variables between definitions of this block', at: tokens[0]! };
    warnAt(inner, at, `this line of a set is not understood (${why}); rules with the set stay in netfilter`);
    declaration = { ...declaration, opaque: [...declaration.opaque, opaqueNode(inner, tokens)] };
  });
  const end = closeBlock(context, brace);
  return { ...declaration, extent: { start: head.start.start, end } };
}

function setPart(line: Line, before: SetDeclaration): Partial<SetDeclaration> {
  switch (line.name) {
    case 'type':
      return { key: line.key, data: line.data, dataInterval: line.interval };
    case 'flags':
      return { flags: line.flags };
    case 'timeout':
      return { timeout: line.milliseconds };
    case 'gc-interval':
      return { gcInterval: line.milliseconds };
    case 'size':
      return { size: line.size };
    case 'setPolicy':
      return { policy: line.policy };
    case 'auto-merge':
      return { autoMerge: true };
    case 'comment':
      return { comment: line.text };
    case 'elements':
      return { elements: line.elements };
    case 'statement':
      return { statements: [...before.statements, line.statement] };
    case 'hook':
    case 'policy':
    case 'flowtableHook':
    case 'devices':
    case 'counter':
      throw new Error(`bug: ${line.name} is no line of a set`);
  }
}

export function emptyFlowtable({ name, start }: Head): Flowtable {
  const lists = { devices: [], flags: [], counter: false, opaque: [] };
  const extent = { start: start.start, end: start.end };
  return { kind: 'flowtable', name, handle: null, hook: null, priority: null, ...lists, extent, span: spanOf(start) };
}

function readFlowtable(context: Context, head: Head, outside: Outside): Flowtable {
  const { brace, handle } = open(context);
  let hook: string | null = null;
  let priority: Priority | null = null;
  let devices: readonly Expression[] = [];
  let flags: readonly string[] = [];
  let counter = false;
  const opaque: OpaqueNode[] = [];
  readPlainLines(context, outside, (inner, tokens) => {
    const lines = attributesOf(inner, 'flowtableLine', tokens);
    if ('kind' in lines) opaque.push(lines);
    else
      for (const line of lines) {
        if (line.name === 'flowtableHook') ({ hook, priority } = line);
        else if (line.name === 'devices') ({ devices } = line);
        else if (line.name === 'flags') ({ flags } = line);
        else if (line.name === 'counter') counter = true;
      }
  });
  const extent = { start: head.start.start, end: closeBlock(context, brace) };
  return { ...emptyFlowtable(head), handle, hook, priority, devices, flags, counter, opaque, extent };
}

/** Objects that are statements, too: their lines together are written as the statement is. */
const statements: ReadonlySet<string> = new Set(['counter', 'quota', 'limit', 'synproxy']);

function readObject(
  context: Context,
  object: ObjectDeclaration['object'],
  head: Head,
  outside: Outside,
): ObjectDeclaration {
  const { brace, handle } = open(context);
  const words: Token[] = [];
  const attributes: string[] = [];
  let comment: string | null = null;
  readPlainLines(context, outside, (inner, tokens) => {
    if (tokens[0]?.text === 'comment' && tokens.length === 2) {
      comment = tokens[1]!.value;
      return;
    }
    attributes.push(sourceOf(inner, tokens).replaceAll(/\s+/g, ' '));
    words.push(...tokens);
  });
  const extent = { start: head.start.start, end: closeBlock(context, brace) };
  return objectOf(object, head, words, { attributes, handle, comment, extent });
}

/** `words` is what the object holds, as tokens. */
export function objectOf(
  object: ObjectDeclaration['object'],
  { name, start }: Head,
  words: readonly Token[],
  rest: Pick<ObjectDeclaration, 'attributes' | 'handle' | 'comment' | 'extent'>,
): ObjectDeclaration {
  const declaration: ObjectDeclaration = {
    kind: 'objectDeclaration',
    object,
    name,
    statement: null,
    ...rest,
    span: spanOf(start),
  };
  if (!statements.has(object)) return declaration;
  const keyword: Token = { ...start, type: 'keyword', text: object, value: object };
  const parsed = parsePiece('rule', [keyword, ...words]);
  if ('failure' in parsed) return declaration;
  const body = parsed.node as RuleBody;
  const [statement] = body.statements;
  return { ...declaration, statement: statement ?? null, comment: rest.comment ?? body.comment };
}
