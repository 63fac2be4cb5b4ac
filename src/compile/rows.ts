/** Bit vectors: for each class of a field, the steps that a packet of that class may still match. */
import { lackingHolds, type StepProgram } from '../plan/program.js';
import type { Classes } from './classes.js';
import type { FieldUse } from './field-use.js';
import { highHalf, lowHalf } from './halves.js';

/** 64-bit words per row; a family without steps has one. */
export const rowWords = (steps: number): number => Math.max(1, Math.ceil(steps / 64));

/**
 * Whether the verifier gets through a loop over all words of that many fields. It forgets states inside of loops, and then walks again what
 * follows each of a word's branches, one per field: Linux 6.18 needs 1 M instructions, its limit, at 13 fields of 16 words. A call of
 * a function for each word is verified once, whatever their number, and costs a packet some nanoseconds.
 */
export const walkedByVerifier = (words: number, fields: number): boolean => words * fields ** 2 <= 1500;

/** u64s that a row takes: one of several words begins with its span. */
const rowSize = (words: number): number => (words === 1 ? 1 : words + 1);

/** Bytes of all rows of a field. */
export const rowBytes = (steps: number, classes: number): number => rowSize(rowWords(steps)) * 8 * classes;

/** Literals of one field within one step: all of them must hold. */
interface StepLiterals {
  readonly step: number;
  /** Value for packets that lack the field: a guard errs to true, a drop or skip to false. */
  readonly lacking: boolean;
  readonly literals: readonly { readonly atom: number; readonly negate: boolean }[];
}

function literalsOf(program: StepProgram, use: FieldUse): StepLiterals[] {
  const position = new Map(use.atoms.map((atom, i) => [atom, i]));
  return program.steps.flatMap(({ when, outcome }, step) => {
    const literals = when.flatMap(({ atom, negate }) => {
      const at = position.get(atom);
      return at === undefined ? [] : [{ atom: at, negate }];
    });
    return literals.length === 0 ? [] : [{ step, lacking: lackingHolds(outcome), literals }];
  });
}

/**
 * u32 halves of rows[classes][words]. Bits beyond the last step are 0. With more than one word a row begins with its span, u32 first word
 * that is not 0 and u32 the one behind the last: most classes of addresses occur in few steps.
 */
export class RowBuilder {
  /** u32s of a row. */
  readonly size: number;
  readonly #constrained: readonly StepLiterals[];
  readonly #others: readonly StepLiterals[];
  /** By position of the atom. */
  readonly #stepsOf: readonly number[][];
  readonly #unconstrained: Uint32Array;

  constructor(
    program: StepProgram,
    use: FieldUse,
    private readonly classes: Classes,
  ) {
    const words = rowWords(program.steps.length);
    this.size = rowSize(words) * 2;
    this.#constrained = literalsOf(program, use);
    this.#others = this.#constrained.filter(({ literals }) => literals.length > 1 || literals[0]!.negate);
    this.#stepsOf = use.atoms.map(() => []);
    for (const { step, literals } of this.#constrained)
      if (literals.length === 1 && !literals[0]!.negate) this.#stepsOf[literals[0]!.atom]!.push(step);
    this.#unconstrained = rowOf(program.steps.length, words, this.#constrained);
  }

  /** Rows of all classes there are, and zeros for `spare` more. */
  rows(spare: number): Uint32Array {
    const rows = new Uint32Array((this.classes.count + spare) * this.size);
    for (let id = 0; id < this.classes.count; id++)
      this.#write(id, rows.subarray(id * this.size, (id + 1) * this.size));
    return rows;
  }

  row(id: number): Uint32Array {
    const row = new Uint32Array(this.size);
    this.#write(id, row);
    return row;
  }

  #write(id: number, out: Uint32Array): void {
    const head = this.size - this.#unconstrained.length;
    const row = out.subarray(head);
    row.set(this.#unconstrained);
    if (id === 0) for (const { step, lacking } of this.#constrained) if (lacking) setBit(row, step);
    if (id > 0) {
      this.classes.forEachAtom(id, (atom) => {
        for (const step of this.#stepsOf[atom]!) setBit(row, step);
      });
      for (const { step, literals } of this.#others)
        if (literals.every(({ atom, negate }) => this.classes.has(id, atom) !== negate)) setBit(row, step);
    }
    if (head > 0) out.set(spanOf(row));
  }
}

/** A bit for every step but those. */
function rowOf(steps: number, words: number, without: readonly StepLiterals[]): Uint32Array {
  const row = new Uint32Array(words * 2);
  for (let step = 0; step < steps; step++) setBit(row, step);
  for (const { step } of without) row[half(step)]! &= ~(1 << (step & 31));
  return row;
}

function spanOf(row: Uint32Array): [number, number] {
  const first = row.findIndex((word) => word !== 0);
  return first < 0 ? [0, 0] : [first >> 1, (row.findLastIndex((word) => word !== 0) >> 1) + 1];
}

function setBit(row: Uint32Array, step: number): void {
  row[half(step)]! |= 1 << (step & 31);
}

const half = (step: number): number => ((step >>> 6) << 1) | ((step & 32) === 0 ? lowHalf : highHalf);
