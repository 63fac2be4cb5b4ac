/** A piece of a rule, as model parts and as text. */
import type { Match, Statement } from '../../src/model/match.js';

export interface Piece {
  readonly parts: readonly (Match | Statement)[];
  readonly text: string;
}

export const piece = (text: string, ...parts: (Match | Statement)[]): Piece => ({ text, parts });
export const bang = (negate: boolean): string => (negate ? '! ' : '');
