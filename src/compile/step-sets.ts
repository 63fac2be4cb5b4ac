/** Sets of steps, a bit each in the order of the steps: u32s, from the low bit up. */
import { highHalf, lowHalf } from './halves.js';

export type StepSet = Uint32Array;

export const allSteps = (count: number): StepSet => {
  const set = new Uint32Array(Math.max(1, Math.ceil(count / 32))).fill(0xffffffff);
  if (count % 32 !== 0 || count === 0) set[set.length - 1] = 2 ** (count % 32) - 1;
  return set;
};

/** Those for which `isIn` is true. */
export function stepsWhere(count: number, isIn: (step: number) => boolean): StepSet {
  const set = new Uint32Array(Math.max(1, Math.ceil(count / 32)));
  for (let step = 0; step < count; step++) if (isIn(step)) set[step >>> 5]! |= 1 << (step & 31);
  return set;
}

/** A row whose steps stand in their order. */
export function setOfRow(row: Uint32Array, words: number): StepSet {
  const set = new Uint32Array(words);
  for (let i = 0; i < words; i++) set[i] = row[(i & ~1) | ((i & 1) === 0 ? lowHalf : highHalf)]!;
  return set;
}

/** A set with the numbers of those of its words that are not 0; the others are not looked at. */
export class SparseSet {
  readonly #words: StepSet;
  readonly #filled: Uint16Array;
  #count = 0;

  constructor(length: number) {
    this.#words = new Uint32Array(length);
    this.#filled = new Uint16Array(length);
  }

  static of(set: StepSet): SparseSet {
    const sparse = new SparseSet(set.length);
    set.forEach((word, i) => {
      sparse.#put(i, word);
    });
    return sparse;
  }

  #put(i: number, word: number): void {
    if (word === 0) return;
    this.#words[i] = word;
    this.#filled[this.#count++] = i;
  }

  /** Becomes what is in both. */
  become(one: SparseSet, other: StepSet): this {
    this.#count = 0;
    for (let k = 0; k < one.#count; k++) {
      const i = one.#filled[k]!;
      this.#put(i, one.#words[i]! & other[i]!);
    }
    return this;
  }

  /** The first step from `from` on that is in all three; -1: none is. */
  firstInAll(other: StepSet, third: StepSet, from: number): number {
    const begin = from >>> 5;
    for (let k = 0; k < this.#count; k++) {
      const i = this.#filled[k]!;
      if (i < begin) continue;
      const mask = i === begin ? 0xffffffff << (from & 31) : 0xffffffff;
      const all = this.#words[i]! & other[i]! & third[i]! & mask;
      if (all !== 0) return i * 32 + 31 - Math.clz32(all & -all);
    }
    return -1;
  }
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
