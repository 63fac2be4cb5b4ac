/** Sets of steps, a bit each in the order of the steps: u32s, from the low bit up. */
import { highHalf, lowHalf } from './halves.js';

export type StepSet = Uint32Array;

export const allSteps = (count: number): StepSet => {
  const set = new Uint32Array(Math.max(1, Math.ceil(count / 32))).fill(0xffffffff);
  if (count % 32 !== 0 || count === 0) set[set.length - 1] = 2 ** (count % 32) - 1;
  return set;
};

/** A row whose steps stand in their order. */
export function setOfRow(row: Uint32Array, words: number): StepSet {
  const set = new Uint32Array(words);
  for (let i = 0; i < words; i++) set[i] = row[(i & ~1) | ((i & 1) === 0 ? lowHalf : highHalf)]!;
  return set;
}

/** Writes `one` AND `other` to `into`. */
export function intersect(one: StepSet, other: StepSet, into: StepSet): StepSet {
  for (let i = 0; i < into.length; i++) into[i] = one[i]! & other[i]!;
  return into;
}

/** The first step from `from` on that is in all three; -1: none is. */
export function firstInAll(one: StepSet, other: StepSet, third: StepSet, from: number): number {
  let mask = 0xffffffff << (from & 31);
  for (let i = from >>> 5; i < one.length; i++) {
    const all = one[i]! & other[i]! & third[i]! & mask;
    if (all !== 0) return i * 32 + 31 - Math.clz32(all & -all);
    mask = 0xffffffff;
  }
  return -1;
}

/** The set without the steps behind `last`. */
export function upTo(set: StepSet, last: number): StepSet {
  return set.map((word, i) =>
    i < last >>> 5 ? word : i > last >>> 5 ? 0 : word & (0xffffffff >>> (31 - (last & 31))),
  );
}
