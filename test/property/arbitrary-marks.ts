/** Matches and targets about marks, of two bits. */
import fc from 'fast-check';
import { bang, piece, type Piece } from './piece.js';

export const markMatch: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(0, 1, 2, 3), fc.constantFrom(1, 2, 3, 0xffffffff), fc.boolean())
  .map(([value, mask, negate]) =>
    piece(`-m mark ${bang(negate)}--mark ${String(value)}/${String(mask)}`, {
      kind: 'mark',
      mask,
      ranges: [[value, value]],
      negate,
    }),
  );

const changes = {
  'set-xmark': (value: number, mask: number) => ({ keep: ~mask >>> 0, flip: value }),
  'set-mark': (value: number, mask: number) => ({ keep: ~(value | mask) >>> 0, flip: value }),
} as const;

export const markTarget: fc.Arbitrary<Piece> = fc
  .tuple(
    fc.constantFrom('set-xmark' as const, 'set-mark' as const),
    fc.constantFrom(0, 1, 2, 3),
    fc.constantFrom(1, 2, 3, 0xffffffff),
  )
  .map(([option, value, mask]) => {
    const text = `-j MARK --${option} ${String(value)}/${String(mask)}`;
    return piece(text, { kind: 'setMark', text, ...changes[option](value, mask) });
  });
