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
export function bitVectors(program: StepProgram, use: FieldUse, classes: Classes): Uint32Array {
  const words = rowWords(program.steps.length);
  const size = rowSize(words) * 2;
  const head = size - words * 2;
  const rows = new Uint32Array(classes.count * size);
  const constrained = literalsOf(program, use);
  const simple = constrained.filter(({ literals }) => literals.length === 1 && !literals[0]!.negate);
  const others = constrained.filter(({ literals }) => literals.length > 1 || literals[0]!.negate);
  const stepsOf: number[][] = use.atoms.map(() => []);
  for (const { step, literals } of simple) stepsOf[literals[0]!.atom]!.push(step);
  const unconstrained = rowOf(program.steps.length, words, constrained);
  for (let id = 0; id < classes.count; id++) {
    const row = rows.subarray(id * size + head, (id + 1) * size);
    row.set(unconstrained);
    if (id === 0) for (const { step, lacking } of constrained) if (lacking) setBit(row, step);
    if (id > 0) {
      classes.forEachAtom(id, (atom) => {
        for (const step of stepsOf[atom]!) setBit(row, step);
      });
      for (const { step, literals } of others)
        if (literals.every(({ atom, negate }) => classes.has(id, atom) !== negate)) setBit(row, step);
    }
    if (head > 0) rows.set(spanOf(row), id * size);
  }
  return rows;
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
