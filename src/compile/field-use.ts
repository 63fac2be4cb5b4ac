/** Which fields a family's steps use, with which atoms, and where atoms count by line. */
import { lackingHolds, type Atom, type Field, type SmallField, type StepProgram } from '../plan/program.js';
import { slots } from './abi.js';
import { tupleSignature } from '../model/tuples.js';
import { CompileError, maxSteps, maxTuples } from './image.js';
import type { CountedAtom } from './labels.js';

export interface FieldUse {
  readonly slot: number;
  readonly field: Field;
  /** Indices into the program's atoms, in the order in which steps use them. */
  readonly atoms: readonly number[];
  readonly counted: readonly CountedAtom[];
  /** Some entry expires. */
  readonly timed: boolean;
  /** Some atom follows a set. */
  readonly live: boolean;
}

/** The literal whose atom counts the drop of this step by line, or null. */
export function countedAtom(program: StepProgram, step: number): number | null {
  const { when, outcome } = program.steps[step]!;
  if (outcome.kind !== 'drop' || outcome.counted === null) return null;
  const literal = when[outcome.counted];
  if (literal === undefined || literal.negate)
    throw new Error(`bug: step ${step} counts by a literal it does not have`);
  return program.atoms[literal.atom]!.counters === null ? null : literal.atom;
}

/** Fields in slot order. Tuple atoms that ask the same fields share a slot. */
export function usedFields(program: StepProgram): FieldUse[] {
  if (program.steps.length > maxSteps) {
    throw new CompileError('too-many-steps', `${program.steps.length} steps, at most ${maxSteps} fit`, program.family);
  }
  const used = new Set<number>();
  const countedSteps = new Map<number, number[]>();
  program.steps.forEach((step, number) => {
    const isGuard = lackingHolds(step.outcome);
    for (const { atom, negate } of step.when) {
      used.add(atom);
      if (isTimed(program.atoms[atom]!) && negate !== isGuard)
        throw new Error(`bug: step ${number} errs to a drop when an entry of atom ${atom} expires early`);
    }
    const counted = countedAtom(program, number);
    if (counted !== null) countedSteps.set(counted, [...(countedSteps.get(counted) ?? []), number]);
  });
  const bySlot = new Map<number, number[]>();
  const tuples = new Map<string, number[]>();
  for (const atom of used) {
    const each = program.atoms[atom]!;
    const { field } = each;
    if (field === 'tuple') {
      const signature = tupleSignature(each);
      const known = tuples.get(signature);
      if (known !== undefined) known.push(atom);
      else tuples.set(signature, [atom]);
    } else {
      const atoms = bySlot.get(slots[field]);
      if (atoms === undefined) bySlot.set(slots[field], [atom]);
      else atoms.push(atom);
    }
  }
  if (tuples.size > maxTuples) {
    throw new CompileError(
      'too-many-tuples',
      `sets ask ${tuples.size} combinations of fields, at most ${maxTuples} fit`,
      program.family,
      [...tuples.values()].slice(maxTuples).flat(),
    );
  }
  [...tuples.values()].forEach((atoms, i) => bySlot.set(slots.tuple0 + i, atoms));
  return [...bySlot]
    .sort(([a], [b]) => a - b)
    .map(([slot, atoms]) => ({
      slot,
      field: program.atoms[atoms[0]!]!.field,
      atoms,
      timed: atoms.some((atom) => isTimed(program.atoms[atom]!)),
      live: atoms.some((atom) => program.atoms[atom]!.live !== undefined),
      counted: atoms.flatMap((atom, position) => {
        const steps = countedSteps.get(atom);
        return steps === undefined ? [] : [{ atom: position, steps }];
      }),
    }));
}

const isTimed = ({ expires, live }: Atom): boolean =>
  live?.as === 'must' || (expires?.some((second) => second > 0) ?? false);

/** Expiry per entry, atom by atom; null when none expires. */
export function expiryColumn(atoms: readonly Atom[], sizes: readonly number[]): Uint32Array | null {
  if (!atoms.some(isTimed)) return null;
  const column = new Uint32Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  atoms.forEach(({ expires }, i) => {
    if (expires !== undefined) column.set(expires, at);
    at += sizes[i]!;
  });
  return column;
}

export function atomOfKind<Kind extends Atom['kind']>(
  program: StepProgram,
  index: number,
  kind: Kind,
): Extract<Atom, { readonly kind: Kind }> {
  const atom = program.atoms[index]!;
  if (atom.kind !== kind) throw new Error(`bug: atom ${index} is ${atom.kind}, field wants ${kind}`);
  return atom as Extract<Atom, { readonly kind: Kind }>;
}

export const isSmall = (field: Field): field is SmallField =>
  field !== 'saddr' && field !== 'daddr' && field !== 'smac' && field !== 'tuple';
