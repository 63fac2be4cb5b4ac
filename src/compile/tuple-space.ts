/**
 * The keys that a packet is looked up by, shape by shape, and what they say. A shape is a mask; the first hit decides, shapes with most
 * bits first. For that to be right whatever entries overlap, intersections of entries that do not contain each other are keys too: then
 * the key with most bits that holds for a packet lies in exactly the entries that the packet lies in.
 */
import type { AddressFamily } from '../model/address.js';
import { CompileError } from './image.js';
import { KeyTable } from './key-table.js';
import type { Boxes } from './tuple-boxes.js';

/** Pairs that intersecting may look at. */
const maxPairs = 8_000_000;

export interface Space {
  /** Keys: the used words, then the number of the shape. */
  readonly keys: KeyTable;
  /** Masks of the used words, by number of the shape. */
  readonly shapes: readonly Uint32Array[];
  /** By key: number + 1 of the first row of `Boxes` that is exactly this key, 0: none (an intersection). */
  readonly first: Uint32Array;
  /** By row: number + 1 of the next one of the same key. */
  readonly next: Uint32Array;
  /** Shapes that rows have, of those shape by shape that are no more special. */
  readonly around: readonly (readonly number[])[];
}

const bitsOf = (mask: Uint32Array): number =>
  mask.reduce((sum, word) => {
    let bits = 0;
    for (let v = word; v !== 0; v &= v - 1) bits++;
    return sum + bits;
  }, 0);

/** Every bit of `inner` is one of `outer`. */
const isWithin = (inner: Uint32Array, outer: Uint32Array): boolean =>
  inner.every((word, w) => (word & ~outer[w]!) === 0);

class SpaceBuilder {
  readonly keys: KeyTable;
  readonly shapes: Uint32Array[];
  readonly #shapeIds = new Map<string, number>();
  /** Keys by shape. */
  readonly members: number[][];
  readonly first: number[] = [];
  readonly next: Uint32Array;
  readonly #key: number[];
  #pairs = 0;

  constructor(
    { rows, shapes, used }: Boxes,
    whole: Uint32Array | null,
    private readonly family: AddressFamily,
    private readonly indices: readonly number[],
  ) {
    const width = used.length;
    this.keys = new KeyTable(width + 1, rows.count);
    this.shapes = shapes.map((mask) => Uint32Array.from(used, (w) => mask[w]!));
    this.shapes.forEach((mask, id) => this.#shapeIds.set(mask.join(), id));
    if (whole && !this.#shapeIds.has(whole.join())) this.#shapeIds.set(whole.join(), this.shapes.push(whole) - 1);
    this.members = this.shapes.map(() => []);
    this.next = new Uint32Array(rows.count);
    this.#key = Array<number>(width + 1).fill(0);
    for (let row = 0; row < rows.count; row++) {
      for (let w = 0; w <= width; w++) this.#key[w] = rows.columns[w]![row]!;
      const number = this.#insert();
      this.next[row] = this.first[number]!;
      this.first[number] = row + 1;
    }
  }

  /** Number of the key in `#key`, new or not. */
  #insert(): number {
    const before = this.keys.count;
    const number = this.keys.add(this.#key);
    if (number === before) {
      this.members[this.#key[this.#key.length - 1]!]!.push(number);
      this.first.push(0);
    }
    return number;
  }

  /** Until nothing new comes of it. */
  close(): void {
    const done = new Map<string, string>();
    for (let grown = true; grown;) {
      grown = false;
      const before = this.keys.count;
      for (let a = 0; a < this.shapes.length; a++)
        for (let b = a + 1; b < this.shapes.length; b++) {
          const [one, other] = [this.shapes[a]!, this.shapes[b]!];
          if (isWithin(one, other) || isWithin(other, one)) continue;
          const sizes = `${this.members[a]!.length} ${this.members[b]!.length}`;
          if (done.get(`${a} ${b}`) === sizes) continue;
          done.set(`${a} ${b}`, sizes);
          this.#intersect(a, b);
        }
      grown = this.keys.count > before;
    }
  }

  #intersect(a: number, b: number): void {
    const width = this.#key.length - 1;
    const [one, other] = [this.shapes[a]!, this.shapes[b]!];
    const shared = one.map((word, w) => word & other[w]!);
    const groups = new KeyTable(width, this.members[a]!.length);
    const heads: number[] = [];
    const nexts: number[] = [];
    const masked = new Uint32Array(width);
    const mask = (number: number): Uint32Array => {
      for (let w = 0; w < width; w++) masked[w] = this.keys.word(number, w) & shared[w]!;
      return masked;
    };
    // The lists grow while they are walked, if the intersection has one of these shapes.
    for (const number of this.members[a]!.slice()) {
      const group = groups.add(mask(number));
      nexts.push(number, heads[group] ?? -1);
      heads[group] = nexts.length - 2;
    }
    let joint = -1;
    for (const number of this.members[b]!.slice()) {
      const group = groups.find(mask(number));
      if (group < 0) continue;
      if (joint < 0) joint = this.#shape(one.map((word, w) => word | other[w]!));
      for (let at = heads[group]!; at >= 0; at = nexts[at + 1]!) {
        if (++this.#pairs > maxPairs) throw this.#tooMany('overlap too much');
        for (let w = 0; w < width; w++)
          this.#key[w] = (this.keys.word(number, w) | this.keys.word(nexts[at]!, w)) >>> 0;
        this.#key[width] = joint;
        this.#insert();
      }
    }
  }

  #shape(mask: Uint32Array): number {
    const name = mask.join();
    let id = this.#shapeIds.get(name);
    if (id === undefined) {
      id = this.shapes.push(mask) - 1;
      this.members.push([]);
      this.#shapeIds.set(name, id);
    }
    return id;
  }

  #tooMany(what: string): CompileError {
    return new CompileError('too-large', `elements of several fields ${what}`, this.family, this.indices);
  }
}

/** `whole`: a shape that there is in any case. `alike`: whatever rows a key lies in, it says the same, so that intersections tell nothing new. */
export function tupleSpace(
  boxes: Boxes,
  alike: boolean,
  whole: Uint32Array | null,
  family: AddressFamily,
  indices: readonly number[],
): Space {
  const builder = new SpaceBuilder(boxes, whole, family, indices);
  if (!alike) builder.close();
  const { shapes, keys, next } = builder;
  const own = boxes.shapes.length;
  const around = shapes.map((mask) =>
    Array.from({ length: own }, (_, id) => id).filter((id) => isWithin(shapes[id]!, mask)),
  );
  return { keys, shapes, first: Uint32Array.from(builder.first), next, around };
}

/** Numbers of shapes, those with most bits first. */
export const shapeOrder = (shapes: readonly Uint32Array[]): number[] => {
  const bits = shapes.map(bitsOf);
  return [...shapes.keys()].sort((a, b) => bits[b]! - bits[a]!);
};
