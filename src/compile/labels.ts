/** Labels: what the lookup of a field answers (bpf/abi.h): a class, and for counted fields which line's counter. */
import { counterBits, counterMask, escapeClass, expiryClass } from './abi.js';
import type { Classes } from './classes.js';
import type { Expiries } from './expiries.js';

/** Escape records of one family: labels that do not fit into 32 bits. */
export class Escapes {
  #words = new Uint32Array(64);
  #length = 0;

  /** Index, in u32s, of a new record; `pairs` holds step, counter + 1, step, counter + 1 … in the order of the steps. */
  add(classId: number, pairs: readonly number[]): number {
    const at = this.#length;
    this.#length += 2 + pairs.length;
    while (this.#length > this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = classId;
    this.#words[at + 1] = pairs.length / 2;
    this.#words.set(pairs, at + 2);
    return at;
  }

  get length(): number {
    return this.#length;
  }

  words(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }
}

/** Steps that count by the line of an atom: position of the atom among the field's, and the step. */
export interface CountedAtom {
  readonly atom: number;
  readonly steps: readonly number[];
}

/** Makes labels of one field; `counterOf(atom)` answers counter + 1 of the winning entry where the sweep stands, or 0; it is asked of atoms that cover it. */
export class Labels {
  /** By atom; undefined: no step counts by its lines. */
  readonly #stepsOf: (readonly number[] | undefined)[] = [];

  constructor(
    private readonly classes: Classes,
    readonly escapes: Escapes,
    readonly counted: readonly CountedAtom[],
    /** Null: no entry of the field expires. */
    readonly expiries: Expiries | null,
  ) {
    for (const { atom, steps } of counted) this.#stepsOf[atom] = steps;
  }

  /** Labels have a part for a counter; where entries expire too, for the class alone would not say so. */
  get isCounted(): boolean {
    return this.counted.length > 0 || this.expiries !== null;
  }

  get isTimed(): boolean {
    return this.expiries !== null;
  }

  /** The label that is `until` before that second since the epoch, then `after`. */
  expiring(seconds: number, until: number, after: number): number {
    if (this.expiries === null) throw new Error('bug: an entry of this field expires');
    return this.expiries.label(seconds, until, after);
  }

  /** Of a label that does not expire. */
  classOf(label: number): number {
    if (!this.isCounted) return label;
    const id = label >>> counterBits;
    return id === escapeClass ? this.escapes.words()[label & counterMask]! : id;
  }

  current(counterOf: (atom: number) => number): number {
    const classId = this.classes.current();
    if (!this.isCounted) return classId;
    let common = 0;
    let same = true;
    for (let atom = this.classes.next(0); atom >= 0; atom = this.classes.next(atom + 1)) {
      const counter = this.#stepsOf[atom] ? counterOf(atom) : 0;
      if (counter === 0 || counter === common) continue;
      same &&= common === 0;
      common = counter;
    }
    if (same && classId < expiryClass && common <= counterMask) return ((classId << counterBits) | common) >>> 0;
    return this.#escape(classId, counterOf);
  }

  #escape(classId: number, counterOf: (atom: number) => number): number {
    const found: [number, number][] = [];
    for (let atom = this.classes.next(0); atom >= 0; atom = this.classes.next(atom + 1)) {
      const steps = this.#stepsOf[atom];
      const counter = steps ? counterOf(atom) : 0;
      if (steps && counter !== 0) for (const step of steps) found.push([step, counter]);
    }
    found.sort(([a], [b]) => a - b);
    const at = this.escapes.add(classId, found.flat());
    return ((escapeClass << counterBits) | (at & counterMask)) >>> 0;
  }
}
