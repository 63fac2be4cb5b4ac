/** Classes of one field: values that lie in the same atoms are of one class. Class 0 is kept for "the packet lacks the field". */

/** The set of atoms that cover the value where a sweep stands, and the classes met so far. */
export class Classes {
  readonly #words: number;
  readonly #current: Uint32Array;
  #hash = 0;
  /** Class id per hash; classes of equal hash are chained. */
  readonly #byHash = new Map<number, number>();
  readonly #next: number[] = [0];
  #members: Uint32Array;
  #count = 1;
  #known = 0;

  constructor(readonly atoms: number) {
    this.#words = Math.max(1, Math.ceil(atoms / 32));
    this.#current = new Uint32Array(this.#words);
    this.#members = new Uint32Array(this.#words * 16);
  }

  /** Number of classes, class 0 included. */
  get count(): number {
    return this.#count;
  }

  toggle(atom: number): void {
    this.#current[atom >>> 5]! ^= 1 << (atom & 31);
    this.#hash ^= Math.imul(atom + 1, 0x9e3779b1) ^ (Math.imul(atom + 7, 0x85ebca6b) << 13);
    this.#known = 0;
  }

  /** Class of the current set. */
  current(): number {
    if (this.#known !== 0) return this.#known;
    let id = this.#byHash.get(this.#hash) ?? 0;
    while (id !== 0 && !this.#equals(id)) id = this.#next[id]!;
    this.#known = id === 0 ? this.#append() : id;
    return this.#known;
  }

  /** Does the class lie in the atom? Class 0 must not be asked. */
  has(id: number, atom: number): boolean {
    return ((this.#members[id * this.#words + (atom >>> 5)]! >>> (atom & 31)) & 1) === 1;
  }

  /** Calls `each` with every atom that the class lies in. */
  forEachAtom(id: number, each: (atom: number) => void): void {
    const at = id * this.#words;
    for (let w = 0; w < this.#words; w++) {
      for (let bits = this.#members[at + w]!; bits !== 0; bits &= bits - 1)
        each(w * 32 + 31 - Math.clz32(bits & -bits));
    }
  }

  /** Calls `each` with every atom that one of the classes lies in and the other does not; class 0 lies in none. */
  forEachDiffering(id: number, other: number, each: (atom: number, isIn: boolean) => void): void {
    const [at, from] = [id * this.#words, other * this.#words];
    for (let w = 0; w < this.#words; w++) {
      const own = this.#members[at + w]!;
      for (let bits = own ^ this.#members[from + w]!; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        each(w * 32 + 31 - Math.clz32(bit), (own & bit) !== 0);
      }
    }
  }

  /** Makes the current set that of a class; the sweep is over then. */
  become(id: number): void {
    for (let w = 0; w < this.#words; w++) {
      const differs = this.#current[w]! ^ this.#members[id * this.#words + w]!;
      for (let bits = differs; bits !== 0; bits &= bits - 1) this.toggle(w * 32 + 31 - Math.clz32(bits & -bits));
    }
  }

  /** Is the atom in the current set? */
  isIn(atom: number): boolean {
    return ((this.#current[atom >>> 5]! >>> (atom & 31)) & 1) === 1;
  }

  /** The first atom of the current set from that one on; -1: there is none. */
  next(from: number): number {
    let mask = 0xffffffff << (from & 31);
    for (let w = from >>> 5; w < this.#words; w++) {
      const bits = this.#current[w]! & mask;
      if (bits !== 0) return w * 32 + 31 - Math.clz32(bits & -bits);
      mask = 0xffffffff;
    }
    return -1;
  }

  #equals(id: number): boolean {
    const at = id * this.#words;
    for (let w = 0; w < this.#words; w++) if (this.#members[at + w] !== this.#current[w]) return false;
    return true;
  }

  #append(): number {
    const id = this.#count++;
    if ((id + 1) * this.#words > this.#members.length) {
      const grown = new Uint32Array(this.#members.length * 2);
      grown.set(this.#members);
      this.#members = grown;
    }
    this.#members.set(this.#current, id * this.#words);
    this.#next[id] = this.#byHash.get(this.#hash) ?? 0;
    this.#byHash.set(this.#hash, id);
    return id;
  }
}
