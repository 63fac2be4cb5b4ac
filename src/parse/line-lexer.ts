/** nearley's lexer interface over the tokens of one line, which a dialect cuts and names in one go. */
import type { LineLexer, Place, Token } from './line-parser.js';

type NearleyLexer = LineLexer & Record<'next' | 'save' | 'formatError' | 'has', unknown>;

export function lineLexer(classify: (line: string) => Token[]): NearleyLexer {
  const place: Place = { file: '', line: 0 };
  let position = 0;
  return {
    place,
    tokens: [],
    reset(line: string): void {
      this.tokens = classify(line);
      position = 0;
    },
    next(): Token | undefined {
      return this.tokens[position++];
    },
    save: () => ({}),
    formatError: () => 'syntax',
    has: () => true,
  };
}
