/**
 * Runs the nft grammar over the tokens of one piece: a line, a rule, an element. Pieces of one shape (the same kinds of tokens, with
 * the same words where the grammar asks for words) have the same derivation, so each shape is parsed once, and the derivation is
 * run again over the tokens of the next piece. A test compares with parsing anew.
 */
import nearley from 'nearley';
import compiled from '../generated/nft.js';
import type { Token } from './lexer.js';

export type StartSymbol =
  'command' | 'tableLine' | 'itemHead' | 'chainLine' | 'setLine' | 'flowtableLine' | 'rule' | 'element';

type Action = (parts: unknown[]) => unknown;

/** A step of a derivation: an action of the grammar that is not run yet. */
class Step {
  constructor(
    readonly action: Action,
    readonly parts: readonly unknown[],
  ) {}
}

/** A token in a derivation: its place in the piece. */
class Slot {
  constructor(
    readonly index: number,
    readonly type: string,
    readonly text: string,
  ) {}
}

interface RawRule {
  readonly name: string;
  readonly symbols: readonly (string | { readonly literal?: string; readonly type?: string })[];
  readonly postprocess?: Action;
}

const rawRules = (compiled as unknown as { readonly ParserRules: readonly RawRule[] }).ParserRules;

/** Rules without alternatives for the parser to wait for: actions become steps. */
const deferred = rawRules.map(({ name, symbols, postprocess }) => ({
  name,
  symbols,
  postprocess: (parts: unknown[]): unknown => (postprocess ? new Step(postprocess, parts) : parts),
}));

const grammars = new Map<StartSymbol, nearley.Grammar>();

function grammarOf(start: StartSymbol): nearley.Grammar {
  let grammar = grammars.get(start);
  if (!grammar) {
    grammar = nearley.Grammar.fromCompiled({
      Lexer: undefined,
      ParserRules: deferred,
      ParserStart: start,
    } as unknown as nearley.CompiledRules);
    grammars.set(start, grammar);
  }
  return grammar;
}

/** Words that the grammar tells apart, by number; all other words of a type are alike. */
const codes = new Map<string, number>();
for (const rule of rawRules) {
  for (const symbol of rule.symbols) {
    if (typeof symbol === 'object' && symbol.literal !== undefined && !codes.has(symbol.literal)) {
      codes.set(symbol.literal, codes.size + 64);
    }
  }
}
const typeCodes = new Map<string, number>();
function codeOf(token: Token): number {
  const type = token.type;
  if (type === 'word' || type === 'keyword' || type === 'op') {
    const code = codes.get(token.text);
    if (code !== undefined) return type === 'keyword' ? code + 4096 : code;
  }
  let code = typeCodes.get(type);
  if (code === undefined) typeCodes.set(type, (code = typeCodes.size + 1));
  return code;
}

const shapes = new Map<string, unknown>();
/** Beyond this number shapes are not kept: hostile input must not fill memory. */
const shapeLimit = 20_000;

/** Counts for tests: cost must grow with the input, not with its square. */
export const work = { parses: 0, steps: 0, tokens: 0 };

export interface SyntaxFailure {
  /** Index of the token that does not fit; the number of tokens when the piece ends too early. */
  readonly at: number;
  readonly expected: readonly string[];
}

export type Parsed = { readonly node: unknown } | { readonly failure: SyntaxFailure };

export function parsePiece(start: StartSymbol, tokens: readonly Token[], remember = true): Parsed {
  work.tokens += tokens.length;
  let key = start as string;
  for (const token of tokens) key += String.fromCharCode(codeOf(token));
  let derivation = remember ? shapes.get(key) : undefined;
  if (derivation === undefined) {
    const result = derive(start, tokens);
    if ('failure' in result) return result;
    derivation = result.derivation;
    if (remember && shapes.size < shapeLimit) shapes.set(key, derivation);
  }
  return { node: run(derivation, tokens) };
}

function run(derivation: unknown, tokens: readonly Token[]): unknown {
  work.steps++;
  if (derivation instanceof Step) return derivation.action(derivation.parts.map((part) => run(part, tokens)));
  if (derivation instanceof Slot) return tokens[derivation.index];
  return Array.isArray(derivation) ? derivation.map((part) => run(part, tokens)) : derivation;
}

/** Feeds nearley with tokens that exist already. */
class SlotLexer {
  #slots: readonly Slot[] = [];
  #at = 0;
  reset(slots: readonly Slot[]): void {
    this.#slots = slots;
    this.#at = 0;
  }
  next(): Slot | undefined {
    return this.#slots[this.#at++];
  }
  save(): undefined {
    return undefined;
  }
  formatError(): string {
    return 'syntax';
  }
}

/** What nearley keeps of a failed parse, as far as we look at it. */
interface Table {
  readonly current: number;
  readonly table: readonly { readonly scannable: readonly State[] }[];
}
interface State {
  readonly dot: number;
  readonly rule: { readonly symbols: readonly { readonly type?: string; readonly literal?: string }[] };
}

function derive(start: StartSymbol, tokens: readonly Token[]): { derivation: unknown } | { failure: SyntaxFailure } {
  work.parses++;
  const parser = new nearley.Parser(grammarOf(start), { lexer: new SlotLexer() as unknown as nearley.Lexer });
  // nearley's own report walks its whole state graph; ours is made from the column that failed.
  Object.assign(parser, { reportError: () => 'syntax' });
  const slots = tokens.map((token, i) => new Slot(i, token.type, token.text));
  try {
    parser.feed(slots as unknown as string);
  } catch (error) {
    if (!(error instanceof Error && 'token' in error)) throw error;
    return { failure: failureOf(parser as unknown as Table) };
  }
  const results = parser.results as unknown[];
  if (results.length === 0) return { failure: failureOf(parser as unknown as Table) };
  if (results.length > 1)
    throw new Error(`bug: ${results.length} readings of "${tokens.map((t) => t.text).join(' ')}"`);
  return { derivation: results[0] };
}

function failureOf(parser: Table): SyntaxFailure {
  const last = parser.table.length - 1;
  const at = parser.table[parser.current] ? parser.current : last;
  const column = parser.table[at] ?? parser.table[last];
  const expected = new Set<string>();
  for (const state of column?.scannable ?? []) {
    const symbol = state.rule.symbols[state.dot];
    if (symbol?.literal !== undefined) expected.add(`"${symbol.literal}"`);
    else if (symbol?.type !== undefined) expected.add(symbol.type);
  }
  return { at, expected: [...expected] };
}
