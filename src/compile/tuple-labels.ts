/** What each key of a tuple table says: the label of the packets that lie in exactly the entries that the key lies in. */
import { expiryColumn } from './field-use.js';
import type { Classes } from './classes.js';
import type { Labels } from './labels.js';
import { OpenEntries } from './open-entries.js';
import type { Boxes, TupleAtom } from './tuple-boxes.js';
import type { Space } from './tuple-space.js';

/** Entries of all atoms are numbered one after the other, so that a lower number comes first within its atom. */
export function tupleLabels(
  atoms: readonly TupleAtom[],
  boxes: Boxes,
  space: Space,
  classes: Classes,
  labels: Labels,
): { readonly byKey: Uint32Array; readonly fallback: number } {
  const deciding = new Deciding(atoms, classes, labels);
  const fallback = deciding.label([]);
  const { keys, shapes, around, first, next } = space;
  const width = keys.width - 1;
  const own = boxes.used.length;
  const [shapeColumn, atomColumn, entryColumn, gapColumn] = [0, 1, 2, 3].map((i) => boxes.rows.columns[own + i]!);
  if (!shapeColumn || !atomColumn || !entryColumn || !gapColumn) throw new Error('bug: a box without an entry');
  const probe = new Uint32Array(width + 1);
  const found: number[] = [];
  const left: number[] = [];
  const byKey = new Uint32Array(keys.count);
  for (let number = 0; number < keys.count; number++) {
    found.length = left.length = 0;
    const itself = keys.word(number, width);
    for (const shape of around[itself]!) {
      let outer = number;
      if (shape !== itself) {
        const mask = shapes[shape]!;
        for (let w = 0; w < width; w++) probe[w] = keys.word(number, w) & mask[w]!;
        probe[width] = shape;
        outer = keys.find(probe);
        if (outer < 0) continue;
      }
      for (let row = first[outer]!; row !== 0; row = next[row - 1]!)
        (gapColumn[row - 1] === 1 ? left : found).push(deciding.number(atomColumn[row - 1]!, entryColumn[row - 1]!));
    }
    const entries = left.length === 0 ? found : found.filter((entry) => !left.includes(entry));
    byKey[number] = entries.length === 0 ? fallback : deciding.label(entries);
  }
  return { byKey, fallback };
}

class Deciding {
  readonly #starts: readonly number[];
  readonly #expires: Uint32Array | null;

  constructor(
    private readonly atoms: readonly TupleAtom[],
    private readonly classes: Classes,
    private readonly labels: Labels,
  ) {
    let at = 0;
    this.#starts = atoms.map(({ count }) => (at += count) - count);
    this.#expires = expiryColumn(
      atoms,
      atoms.map(({ count }) => count),
    );
  }

  number(atom: number, entry: number): number {
    return this.#starts[atom]! + entry;
  }

  /** Of packets that lie in exactly these entries. */
  label(entries: readonly number[]): number {
    const expires = this.#expires;
    if (!expires || !entries.some((entry) => expires[entry]! > 0)) return this.#at(entries);
    const open = new OpenEntries(expires);
    for (const entry of entries) if (expires[entry]! > 0) open.start(entry);
    // From the last moment to the first: what holds when all have expired, then what holds before.
    const alive = entries.filter((entry) => expires[entry] === 0);
    let label = this.#at(alive);
    for (const { end, entries: together } of open.stages().reverse()) {
      alive.push(...together);
      label = this.labels.expiring(end, this.#at(alive), label);
    }
    return label;
  }

  /** Of those that live, the first one of each atom says whether the packet is in it. */
  #at(entries: readonly number[]): number {
    const [only, more] = entries;
    if (only !== undefined && more === undefined) return this.#ofOne(only);
    const deciding = new Map<number, number>();
    for (const entry of entries) {
      const atom = this.#atomOf(entry);
      const known = deciding.get(atom);
      if (known === undefined || entry < known) deciding.set(atom, entry);
    }
    const members = [...deciding].filter(
      ([atom, entry]) => this.atoms[atom]!.except?.[entry - this.#starts[atom]!] !== 1,
    );
    for (const [atom] of members) this.classes.toggle(atom);
    const label = this.labels.current((atom) => {
      const entry = members.find(([one]) => one === atom)?.[1];
      const counters = this.atoms[atom]!.counters;
      return entry === undefined || !counters ? 0 : counters[entry - this.#starts[atom]!]! + 1;
    });
    for (const [atom] of members) this.classes.toggle(atom);
    return label;
  }

  #ofOne(entry: number): number {
    const atom = this.#atomOf(entry);
    const { counters, except } = this.atoms[atom]!;
    const at = entry - this.#starts[atom]!;
    const isMember = except?.[at] !== 1;
    if (isMember) this.classes.toggle(atom);
    const label = this.labels.current((one) => (one === atom && isMember && counters ? counters[at]! + 1 : 0));
    if (isMember) this.classes.toggle(atom);
    return label;
  }

  #atomOf(entry: number): number {
    let atom = this.#starts.length - 1;
    while (atom > 0 && this.#starts[atom]! > entry) atom--;
    return atom;
  }
}
