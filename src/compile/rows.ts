/** Bit vectors: for each class of a field, the steps that a packet of that class may still match. */
import { lackingHolds, type StepProgram } from '../plan/program.js';
import { hasRow, type Placement } from './placement.js';
import type { Classes } from './classes.js';
import type { FieldUse } from './field-use.js';
import { highHalf, lowHalf } from './halves.js';

/** 64-bit words per row; a family without steps has one. */
export const rowWords = (steps: number): number => Math.max(1, Math.ceil(steps / 64));

/** Words that a bit of a row's summary stands for, as a power of two: there are 64 bits. */
export const groupShift = (words: number): number => Math.max(0, Math.ceil(Math.log2(words / 64)));

/** Bytes of all rows of a field, with their summaries. */
export const rowBytes = (words: number, classes: number): number => (words === 1 ? 1 : words + 1) * 8 * classes;

/** u32 halves of u64s. */
export interface Rows {
  readonly rows: Uint32Array;
  /** Null: a row is one word. */
  readonly summaries: Uint32Array | null;
}

/** Literals of one field within one step: all of them must hold. */
interface StepLiterals {
  readonly step: number;
  /** Value for packets that lack the field: a guard errs to true, a drop or skip to false. */
  readonly lacking: boolean;
  readonly literals: readonly { readonly atom: number; readonly negate: boolean }[];
}

function literalsOf(program: StepProgram, use: FieldUse, placement: Placement): StepLiterals[] {
  const position = new Int32Array(program.atoms.length).fill(-1);
  use.atoms.forEach((atom, i) => (position[atom] = i));
  const found: StepLiterals[] = [];
  program.steps.forEach(({ when, outcome }, step) => {
    if (!hasRow(placement, step)) return;
    const literals: { readonly atom: number; readonly negate: boolean }[] = [];
    for (const { atom, negate } of when) if (position[atom]! >= 0) literals.push({ atom: position[atom]!, negate });
    if (literals.length > 0) found.push({ step, lacking: lackingHolds(outcome), literals });
  });
  return found;
}

/**
 * u32 halves of rows[classes][words]. Bits beyond the last step are 0. A row of more than one word has a summary, a bit per group of words
 * that is not 0: most classes of addresses occur in few steps, and the AND of the summaries tells which words need a look. Summaries stand
 * side by side, apart from the rows: all of them fit in a cache that the rows do not fit in.
 */
export class RowBuilder {
  /** u32s of a row. */
  readonly size: number;
  readonly #constrained: readonly StepLiterals[];
  readonly #others: readonly StepLiterals[];
  /** By position of the atom: those that ask for it, and those that ask for what is not in it. */
  readonly #stepsOf: readonly number[][];
  readonly #stepsWithout: readonly number[][];
  readonly #unconstrained: Uint32Array;
  /** Of a value in no atom. */
  readonly #outside: Uint32Array;

  constructor(
    program: StepProgram,
    use: FieldUse,
    private readonly classes: Classes,
    private readonly placement: Placement,
  ) {
    this.size = placement.words * 2;
    this.#constrained = literalsOf(program, use, placement);
    this.#others = this.#constrained.filter(({ literals }) => literals.length > 1);
    this.#stepsOf = use.atoms.map(() => []);
    this.#stepsWithout = use.atoms.map(() => []);
    this.#unconstrained = rowOf(placement, this.#constrained);
    this.#outside = this.#unconstrained.slice();
    for (const { step, literals } of this.#constrained) {
      if (literals.length > 1) continue;
      const { atom, negate } = literals[0]!;
      (negate ? this.#stepsWithout : this.#stepsOf)[atom]!.push(step);
      if (negate) setBit(this.#outside, placement.positions[step]!);
    }
  }

  /** Rows of all classes there are, and zeros for `spare` more. */
  rows(spare: number): Rows {
    return this.#of(0, this.classes.count, spare);
  }

  /** Of one class. */
  row(id: number): Rows {
    return this.#of(id, id + 1, 0);
  }

  #of(from: number, to: number, spare: number): Rows {
    const classes = to - from + spare;
    const rows = new Uint32Array(classes * this.size);
    const summaries = this.placement.words === 1 ? null : new Uint32Array(classes * 2);
    for (let id = from, at = 0; id < to; id++, at++) {
      const row = rows.subarray(at * this.size, (at + 1) * this.size);
      if (id === 0) this.#writeLacking(row);
      else this.#write(id, row, id > 1 && at > 0 ? rows.subarray((at - 1) * this.size, at * this.size) : null);
      if (summaries !== null) this.#summarize(row, summaries.subarray(at * 2, at * 2 + 2));
    }
    return { rows, summaries };
  }

  #summarize(row: Uint32Array, summary: Uint32Array): void {
    const shift = 1 + this.placement.groupShift;
    for (let i = 0; i < row.length; i++) if (row[i] !== 0) setBit(summary, i >> shift);
  }

  #writeLacking(row: Uint32Array): void {
    row.set(this.#unconstrained);
    for (const { step, lacking } of this.#constrained) if (lacking) setBit(row, this.placement.positions[step]!);
  }

  /** `before`: the row of the class before; of wide ranges, neighbours lie in nearly the same. */
  #write(id: number, row: Uint32Array, before: Uint32Array | null): void {
    const { positions } = this.placement;
    row.set(before ?? this.#outside);
    this.classes.forEachDiffering(id, before === null ? 0 : id - 1, (atom, isIn) => {
      const [holding, failing] = isIn ? [this.#stepsOf, this.#stepsWithout] : [this.#stepsWithout, this.#stepsOf];
      for (const step of holding[atom]!) setBit(row, positions[step]!);
      for (const step of failing[atom]!) clearBit(row, positions[step]!);
    });
    for (const { step, literals } of this.#others)
      if (literals.every(({ atom, negate }) => this.classes.has(id, atom) !== negate)) setBit(row, positions[step]!);
      else clearBit(row, positions[step]!);
  }
}

/** A bit for every step but those. */
function rowOf({ positions, words }: Placement, without: readonly StepLiterals[]): Uint32Array {
  const row = new Uint32Array(words * 2);
  for (const bit of positions) if (bit < words * 64) setBit(row, bit);
  for (const { step } of without) clearBit(row, positions[step]!);
  return row;
}

function setBit(row: Uint32Array, bit: number): void {
  row[half(bit)]! |= 1 << (bit & 31);
}

function clearBit(row: Uint32Array, bit: number): void {
  row[half(bit)]! &= ~(1 << (bit & 31));
}

const half = (bit: number): number => ((bit >>> 6) << 1) | ((bit & 32) === 0 ? lowHalf : highHalf);
