/**
 * The packet's mark as part of a state (view.ts): the bits above the changed fields number a mark value. Walks go both ways where a rule may
 * match, so one value a state is enough; a mark that nobody can know has a number of its own.
 */
import type { MarkMatch, Statement } from '../model/match.js';
import { known, Maybe, negateIf, type Answer } from './answer.js';

const SHIFT = 9;
const BELOW = (1 << SHIFT) - 1;
const ANY = 1;

/** Marks by number. A packet arrives with mark 0. */
const values: (number | null)[] = [0, null];
const numbers = new Map<number, number>([[0, 0]]);
/** Beyond so many the mark counts as unknown. */
const MOST = 1 << 16;

function numberOf(value: number): number {
  const found = numbers.get(value);
  if (found !== undefined) return found;
  if (values.length >= MOST) return ANY;
  const number = values.push(value) - 1;
  numbers.set(value, number);
  return number;
}

const valueIn = (state: number): number | null => values[state >>> SHIFT] ?? null;
const withMark = (state: number, number: number): number => (state & BELOW) | (number << SHIFT);

export const forgetMark = (state: number): number => withMark(state, ANY);

export function applyMark(state: number, { keep, flip }: Statement & { kind: 'setMark' }): number {
  const before = valueIn(state);
  if (before !== null) return withMark(state, numberOf(((before & keep) ^ flip) >>> 0));
  return keep === 0 ? withMark(state, numberOf(flip)) : state;
}

export function matchMark({ mask, ranges, negate }: MarkMatch, state: number): Answer {
  const mark = valueIn(state);
  if (mark === null) return Maybe;
  const masked = (mark & mask) >>> 0;
  return negateIf(negate, known(ranges.some(([low, high]) => masked >= low && masked <= high)));
}
