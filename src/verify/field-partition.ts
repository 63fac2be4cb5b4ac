/** The values of one field in classes: values that lie in the same atoms are of one class. By a sweep over the bounds of all entries. */

/** Entries of all atoms of a field. Bounds are inclusive, `words` words each, most significant first. */
export interface FieldEntries {
  readonly words: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  /** Position of each entry's atom among the field's. */
  readonly atom: Uint32Array;
  readonly atoms: number;
}

export interface FieldPartition {
  readonly classes: number;
  /** Class of a value, from 0. */
  readonly classOf: (value: Uint32Array) => number;
}

export function compareAt(a: Uint32Array, at: number, b: Uint32Array, bt: number, words: number): number {
  for (let i = 0; i < words; i++) {
    const difference = a[at + i]! - b[bt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Sets of atoms as numbers; two of some thousand sets get the same one with a chance of about 2^-30. */
class AtomSets {
  readonly #classes = new Map<number, number>();
  readonly #covering: Uint32Array;
  #high = 0;
  #low = 0;

  constructor(atoms: number) {
    this.#covering = new Uint32Array(atoms);
  }

  get count(): number {
    return this.#classes.size;
  }

  enter(atom: number): void {
    if (this.#covering[atom]!++ === 0) this.#toggle(atom);
  }

  leave(atom: number): void {
    if (--this.#covering[atom]! === 0) this.#toggle(atom);
  }

  current(): number {
    const key = (this.#high >>> 0) * 2 ** 21 + (this.#low >>> 11);
    let id = this.#classes.get(key);
    if (id === undefined) this.#classes.set(key, (id = this.#classes.size));
    return id;
  }

  #toggle(atom: number): void {
    this.#high ^= scramble(2 * atom + 1);
    this.#low ^= scramble(2 * atom + 2);
  }
}

function scramble(n: number): number {
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b) + Math.imul(n, 0x9e3779b1);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return n ^ (n >>> 16);
}

/** @param last The field's largest value; null: all bits of its words. */
export function partition({ words, lo, hi, atom, atoms }: FieldEntries, last: number | null): FieldPartition {
  const count = atom.length;
  const order = (bounds: Uint32Array): Uint32Array =>
    Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) =>
      compareAt(bounds, a * words, bounds, b * words, words),
    );
  const [byLo, byHi] = [order(lo), order(hi)];
  const sets = new AtomSets(atoms);
  const starts = new Uint32Array((2 * count + 1) * words);
  const classes = new Uint32Array(2 * count + 1);
  const position = new Uint32Array(words);
  let ranges = 0;
  const close = (): void => {
    classes[ranges] = sets.current();
    starts.set(position, ranges++ * words);
  };
  for (let s = 0, e = 0; e < count;) {
    const starting = s < count && compareAt(lo, byLo[s]! * words, hi, byHi[e]! * words, words) <= 0;
    const next = starting
      ? lo.slice(byLo[s]! * words, (byLo[s]! + 1) * words)
      : following(hi.subarray(byHi[e]! * words, (byHi[e]! + 1) * words));
    if (next === null || (last !== null && next[0]! > last)) break;
    if (compareAt(next, 0, position, 0, words) > 0) close();
    position.set(next);
    if (starting) sets.enter(atom[byLo[s++]!]!);
    else sets.leave(atom[byHi[e++]!]!);
  }
  close();
  const classOf = (value: Uint32Array): number => {
    let low = 0;
    let high = ranges;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (compareAt(starts, middle * words, value, 0, words) <= 0) low = middle;
      else high = middle;
    }
    return classes[low]!;
  };
  return { classes: sets.count, classOf };
}

/** The next value; null: there is none. */
function following(value: Uint32Array): Uint32Array | null {
  const next = value.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i]!++;
    if (next[i] !== 0) return next;
  }
  return null;
}
