/** `meta mark set …`: a number, or bit operations on the mark itself; everything else is a mark that nobody knows. */
import type { Expression } from '../../parse/nft/tree.js';
import { allBits, thenChange } from '../lower-mark.js';
import type { Statement } from '../match.js';
import { plainNumber } from './constants.js';

type Change = Pick<Statement & { kind: 'setMark' }, 'keep' | 'flip'>;

export function markStatement(value: Expression, text: string): Statement {
  const change = changeOf(value);
  return change ? { kind: 'setMark', ...change, text } : { kind: 'annotate', name: 'mark', text };
}

function changeOf(value: Expression): Change | null {
  if (value.kind === 'meta') return value.key === 'mark' ? { keep: allBits, flip: 0 } : null;
  const number = constant(value);
  if (number !== null) return { keep: 0, flip: number };
  if (value.kind !== 'binary') return null;
  const [left, operand] = [changeOf(value.left), constant(value.right)];
  if (!left || operand === null) return null;
  switch (value.operator) {
    case '&':
      return thenChange(left, { keep: operand, flip: 0 });
    case '|':
      return thenChange(left, { keep: ~operand >>> 0, flip: operand });
    case '^':
      return thenChange(left, { keep: allBits, flip: operand });
    case '<<':
    case '>>':
      return null;
  }
}

function constant(value: Expression): number | null {
  if (value.kind !== 'value') return null;
  const number = plainNumber(value.text);
  return number !== null && number <= allBits ? number : null;
}
