/** Combinations of the classes of several fields, numbered so that those that leave the same steps have the same number. */
import { intersect, type StepSet } from './step-sets.js';

export interface Combinations {
  /** By place, the sum of each class times its field's stride. */
  readonly numbers: Uint16Array;
  /** Steps that are left, by number. */
  readonly sets: readonly StepSet[];
}

/** Numbers have 15 bits (bpf/abi.h). */
const maxNumbers = 2 ** 15 - 1;

/** Steps that each class of a field leaves. */
export interface ClassSteps {
  readonly capacity: number;
  readonly at: (id: number) => StepSet;
}

/**
 * `rows`: field by field; the first field's classes stand side by side. Fields are joined one after the other, so that a set is made for
 * each pair of what differs, not for each place. Null: there are more than `most`, or than have numbers.
 */
export function combinationsOf(all: StepSet, rows: readonly ClassSteps[], most: number): Combinations | null {
  let numbers = new Uint16Array(1);
  let sets: readonly StepSet[] = [all];
  const left = new Uint32Array(all.length);
  for (const [field, { capacity, at }] of rows.entries()) {
    const numbering = new Numbering();
    const allowed = field === rows.length - 1 ? Math.min(most, maxNumbers) : maxNumbers;
    const joined = new Uint16Array(numbers.length * capacity);
    for (let id = 0; id < capacity; id++) {
      const row = at(id);
      const of = sets.map((set) => numbering.numberOf(intersect(set, row, left)));
      if (numbering.sets.length > allowed) return null;
      numbers.forEach((number, i) => (joined[id * numbers.length + i] = of[number]!));
    }
    [numbers, sets] = [joined, numbering.sets];
  }
  return { numbers, sets };
}

/** The same places, with what `change` makes of their sets. Null: there are more than `most`. */
export function renumbered(
  { numbers, sets }: Combinations,
  change: (set: StepSet) => StepSet,
  most: number,
): Combinations | null {
  const numbering = new Numbering();
  const of: number[] = [];
  for (const set of sets) {
    of.push(numbering.numberOf(change(set)));
    if (numbering.sets.length > most) return null;
  }
  return { numbers: numbers.map((number) => of[number]!), sets: numbering.sets };
}

/** Sets in the order in which they came. */
class Numbering {
  readonly sets: StepSet[] = [];
  /** Number of the last set by its hash; sets of equal hash are chained. */
  readonly #byHash = new Map<number, number>();
  readonly #before: number[] = [];

  /** Keeps a copy of a set that is new. */
  numberOf(set: StepSet): number {
    const hash = hashOf(set);
    const last = this.#byHash.get(hash) ?? -1;
    for (let number = last; number !== -1; number = this.#before[number]!)
      if (areEqual(this.sets[number]!, set)) return number;
    const number = this.sets.push(set.slice()) - 1;
    this.#byHash.set(hash, number);
    this.#before.push(last);
    return number;
  }
}

function hashOf(set: StepSet): number {
  let hash = 0;
  for (let i = 0; i < set.length; i++) {
    hash = Math.imul(hash ^ set[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function areEqual(one: StepSet, other: StepSet): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
