/** Where the piece being read stands: the builders make spans of it. Pieces are read one after the other, never at the same time. */
import type { Span } from '../../diagnostic.js';
import type { Token } from './lexer.js';

/** The file that is being read. */
export const place = { file: '' };

export function spanOf(token: Token): Span {
  return { file: place.file, line: token.line, column: token.column };
}

/** The token in what the grammar made of `("a" | "b")`: arrays of one, nested. */
export function tokenOf(part: unknown): Token {
  let inner = part;
  while (Array.isArray(inner)) inner = inner[0];
  return inner as Token;
}

export const textOf = (part: unknown): string => tokenOf(part).value;

/** A number as written, decimal or 0x…. Throws on what is beyond 2^53: those are read as bigint where they can occur. */
export const numberOf = (part: unknown): number => Number(textOf(part));
export const bigintOf = (part: unknown): bigint => BigInt(textOf(part));
