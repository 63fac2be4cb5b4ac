/** Tokens of nft text. One moo lexer serves all states: what nft's scanner decides by state, the grammar decides by place. */
import moo from 'moo';
import { operatorWords, reservedWords } from './reserved-words.js';

/**
 * `number` decimal or 0x… · `address` IPv4, IPv6 (also in brackets), MAC, class id · `time` 1h30m · `word` · `keyword` reserved ·
 * `quoted` · `wildcard` eth* · `variable` $name · `raw` @th,0,16 · `op` punctuation and operators · `newline` · `eof` ·
 * `set` a brace group read as elements · `block` a brace group read as rules · `bad` a character that nft does not know.
 */
export type TokenType =
  | 'number'
  | 'address'
  | 'time'
  | 'word'
  | 'keyword'
  | 'quoted'
  | 'wildcard'
  | 'variable'
  | 'raw'
  | 'op'
  | 'newline'
  | 'eof'
  | 'set'
  | 'block'
  | 'bad';

export interface Token {
  readonly type: TokenType;
  /** What literals of the grammar are compared with: operators are spelled as signs. */
  readonly text: string;
  /** Without quotes, brackets or `$`. */
  readonly value: string;
  /** Offsets in the file. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  /** What a `set` or `block` token holds. */
  readonly node?: unknown;
}

const hex = '[0-9a-fA-F]{1,4}';
const ip4 = '(?:[0-9]{1,3}\\.){3}[0-9]{1,3}';
const ip6 = [
  `(?:${hex}:){6}${ip4}`,
  `(?:${hex}(?::${hex})*)?::(?:${hex}:)*${ip4}`,
  `(?:${hex}:){7}${hex}`,
  `(?:${hex}(?::${hex})*)?::(?:${hex}(?::${hex})*)?`,
].join('|');
const mac = '(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}';
const name = '(?:[A-Za-z_]|\\.(?=[A-Za-z0-9/_.\\-]))[A-Za-z0-9/_.\\-]*';

/** An address as a token: of these families, without brackets, or a MAC address. */
export const addressPatterns = { 4: ip4, 6: ip6, mac } as const;

const rules: moo.Rules = {
  space: { match: /(?:[ \t\r]|\\\r?\n|#[^\n]*)+/, lineBreaks: true },
  newline: { match: '\n', lineBreaks: true },
  quoted: { match: /"[^"]*"/, lineBreaks: true, value: (text) => text.slice(1, -1) },
  variable: { match: new RegExp(`\\$${name}`), value: (text) => text.slice(1) },
  raw: /@[ \t]*(?:[A-Za-z0-9_-]+)[ \t]*,[ \t]*(?:0[xX][0-9a-fA-F]+|[0-9]+)[ \t]*,[ \t]*(?:0[xX][0-9a-fA-F]+|[0-9]+)/,
  address: [
    {
      match: new RegExp(`${mac}(?![0-9a-fA-F:])|${ip6}|${ip4}`),
    },
    { match: new RegExp(`\\[(?:${ip6})\\]`), value: (text: string) => text.slice(1, -1) },
    { match: new RegExp(`${hex}:${hex}(?=[ \\t\\n:\\-},])`) },
  ],
  number: /0[xX][0-9a-fA-F]+|(?!(?:8021ad|8021q)(?![A-Za-z0-9]))[0-9]+(?![0-9]*[wdhms])/,
  time: /(?=[0-9]+[wdhms])(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m(?!s))?(?:[0-9]+s)?(?:[0-9]+ms)?/,
  wildcard: new RegExp(`(?:${name})?\\\\\\*(?:${name})?|${name}\\*`),
  word: new RegExp(`8021ad|8021q|${name}`),
  op: /==|!=|<=|>=|<<|>>|[<>,:;{}[\]()^&|!/\-*@=+.]/,
  bad: moo.error,
};

const lexer = moo.compile(rules);

/** moo's lexer with the fields that it keeps between tokens. */
interface Position {
  index: number;
  line: number;
  col: number;
}

/** Reads tokens of one file, one ahead. Blanks, comments and continuations are skipped; `handle` keeps `# handle N` of those. */
export class TokenReader {
  readonly #lexer = (lexer as unknown as { clone(): moo.Lexer }).clone();
  #ahead: Token | null = null;
  /** Handle in the comments skipped since it was last set to null. */
  handle: number | null = null;
  /** Tokens read: the measure of work. */
  count = 0;

  constructor(
    readonly text: string,
    readonly file: string,
  ) {
    this.#lexer.reset(text);
    if (text.charCodeAt(0) === 0xfeff) (this.#lexer as unknown as Position).index = 1;
  }

  peek(): Token {
    return (this.#ahead ??= this.#read());
  }

  next(): Token {
    const token = this.peek();
    this.#ahead = null;
    return token;
  }

  /** Continues at an offset ahead, `lines` newlines later, in that column. */
  skipTo(offset: number, lines: number, column: number): void {
    const position = this.#lexer as unknown as Position;
    position.line = (this.#ahead?.line ?? position.line) + lines;
    position.col = column;
    position.index = offset;
    this.#ahead = null;
  }

  #read(): Token {
    for (;;) {
      const token = this.#lexer.next();
      this.count++;
      if (!token) return this.#end();
      if (token.type === 'space') {
        const handle = token.text.includes('handle') ? /#[^\n]*\bhandle (\d+)/.exec(token.text) : null;
        if (handle) this.handle = Number(handle[1]);
        continue;
      }
      return toToken(token);
    }
  }

  #end(): Token {
    const { index, line, col } = this.#lexer as unknown as Position;
    return { type: 'eof', text: '', value: '', start: index, end: index, line, column: col };
  }
}

function toToken(token: moo.Token): Token {
  const { text, offset: start } = token;
  let type = token.type as TokenType;
  let spelled = text;
  if (type === 'word') {
    const operator = operatorWords.get(text);
    if (operator !== undefined) {
      type = 'op';
      spelled = operator;
    } else if (reservedWords.has(text)) type = 'keyword';
  }
  // In brackets or not, the address is the same value.
  return {
    type,
    text: spelled,
    value: token.value,
    start,
    end: start + text.length,
    line: token.line,
    column: token.col,
  };
}

/** What the compiled grammar asks of a lexer: `%word` in it means a token of that type. */
export const anyToken = { has: (): boolean => true };

/** Whether a text is read as one word that is not reserved. */
const plainWord = new RegExp(`^${name}$`);
export const isWord = (text: string): boolean =>
  plainWord.test(text) && !reservedWords.has(text) && !operatorWords.has(text);
