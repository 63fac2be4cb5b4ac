/** Bit vectors: for each class of a field, the steps that a packet of that class may still match. */
import { lackingHolds, type StepProgram } from '../plan/program.js';
import type { Classes } from './classes.js';
import type { FieldUse } from './field-use.js';
import { highHalf, lowHalf } from './halves.js';

/** 64-bit words per row; a family without steps has one. */
export const rowWords = (steps: number): number => Math.max(1, Math.ceil(steps / 64));

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

/** u32 halves of rows[classes][words], low half first on a little-endian host. Bits beyond the last step are 0. */
export function bitVectors(program: StepProgram, use: FieldUse, classes: Classes): Uint32Array {
  const words = rowWords(program.steps.length);
  const rows = new Uint32Array(classes.count * words * 2);
  const constrained = literalsOf(program, use);
  for (let id = 0; id < classes.count; id++) {
    const row = rows.subarray(id * words * 2, (id + 1) * words * 2);
    for (let step = 0; step < program.steps.length; step++) row[half(step)]! |= 1 << (step & 31);
    for (const { step, lacking, literals } of constrained) {
      const holds = id === 0 ? lacking : literals.every(({ atom, negate }) => classes.has(id, atom) !== negate);
      if (!holds) row[half(step)]! &= ~(1 << (step & 31));
    }
  }
  return rows;
}

const half = (step: number): number => ((step >>> 6) << 1) | ((step & 32) === 0 ? lowHalf : highHalf);
