/** Entries of tuple atoms as boxes: keys of which each field's first bits count. A range becomes the prefixes that make it up. */
import type { AddressFamily } from '../model/address.js';
import {
  absorbed,
  gapsAt,
  gapsOf,
  mostNumbers,
  type Gaps,
  type NumberedField,
  type SmallColumn,
} from '../model/tuple-gaps.js';
import { smallTupleMax, type SmallTupleField, type TupleColumn } from '../model/tuples.js';
import type { Atom } from '../plan/program.js';
import { GrowingColumns } from './growing-columns.js';
import { CompileError, maxPrefixes } from './image.js';
import { Leftovers } from './leftovers.js';
import { forEachPrefix } from './prefix-split.js';
import { KeyBuilder, placeOf } from './tuple-key.js';

export type TupleAtom = Extract<Atom, { kind: 'tuples' }>;

/** Fields whose values are looked up as numbers of the ranges that elements tell apart: ranges then are few numbers. */
export type MappedField = NumberedField;
export const mappedFields: readonly MappedField[] = ['sport', 'dport', 'icmp'];

/** Numbers of ranges by value; ascending. Null: elements name single values only, which stand for themselves. */
export type FieldMap = Uint16Array | null;

export interface Boxes {
  readonly maps: Readonly<Record<MappedField, FieldMap>>;
  /** Masks of all words, one a shape. */
  readonly shapes: readonly Uint32Array[];
  /** Rows: the used words of the key, shape, atom, entry, and 1 where the row is of a gap: what lies in it is not of the entry. */
  readonly rows: GrowingColumns;
  readonly haveGaps: boolean;
  /** Positions of the used words in a key. */
  readonly used: readonly number[];
}

export function boxesOf(
  atoms: readonly TupleAtom[],
  family: AddressFamily,
  words: number,
  indices: readonly number[],
): Boxes {
  const used = Array.from({ length: 32 }, (_, w) => w).filter((w) => (words >>> w) & 1);
  // In one order, so that equal shapes get equal digits.
  const sorted = atoms.map(({ columns }) => columns.toSorted((a, b) => (a.field < b.field ? -1 : 1)));
  const numbers = numberedBy((field) => numbersOf(sorted, field));
  const gaps = atoms.map((atom, position) => gapsIn(atom, sorted[position]!, numbers));
  const maps = numberedBy((field) => (hasRanges(sorted, gaps, field) ? numbers[field] : null));
  const capacity = atoms.reduce((sum, { count }) => sum + count, 0);
  const rows = new GrowingColumns(used.length + 4, capacity);
  const builder = new BoxBuilder(family, used, maps, rows);
  atoms.forEach((atom, position) => {
    const columns = sorted[position]!;
    builder.begin(position, columns, gaps[position]!);
    for (let entry = 0; entry < atom.count; entry++) {
      builder.add(entry);
      if (rows.count > maxPrefixes) {
        const message = `more than ${maxPrefixes} elements after ranges of ports and addresses have been split`;
        throw new CompileError('too-large', message, family, [indices[position]!]);
      }
    }
  });
  return { maps, shapes: builder.shapes, rows, used, haveGaps: gaps.some((one) => one !== null) };
}

const numberedBy = (make: (field: MappedField) => FieldMap): Readonly<Record<MappedField, FieldMap>> => ({
  sport: make('sport'),
  dport: make('dport'),
  icmp: make('icmp'),
});

type Columns = readonly TupleColumn[];

const smallOf = (columns: Columns, field: MappedField): SmallColumn | null => {
  const column = columns.find((one) => one.field === field);
  return column && 'lo' in column ? column : null;
};

/** Values between the bounds of all elements have one number; null: there are no ranges. */
function numbersOf(atoms: readonly Columns[], field: MappedField): FieldMap {
  const starts = new Uint8Array(65537);
  let hasRanges = false as boolean;
  for (const columns of atoms) {
    const column = smallOf(columns, field);
    column?.lo.forEach((low, i) => {
      const high = column.hi[i]!;
      if (low > high) return;
      starts[low] = 1;
      starts[high + 1] = 1;
      hasRanges ||= isRange(low, high);
    });
  }
  if (!hasRanges) return null;
  const map = new Uint16Array(65536);
  for (let value = 1, number = 0; value < 65536; value++) map[value] = number += starts[value]!;
  return map;
}

const isRange = (low: number, high: number): boolean => low < high && (low !== 0 || high !== 65535);

/** Of entries that the table holds for good. */
function gapsIn(
  { count, except, counters, expires, live }: TupleAtom,
  columns: Columns,
  numbers: Boxes['maps'],
): Gaps | null {
  if (expires || live) return null;
  const width = ({ field }: SmallColumn, low: number, high: number): number => {
    const map = numbers[field as MappedField];
    return map ? map[high]! - map[low]! : high - low;
  };
  return gapsOf({ count, columns, except }, counters, width);
}

/** What is a key, or several, is a range of values. */
function hasRanges(atoms: readonly Columns[], gaps: readonly (Gaps | null)[], field: MappedField): boolean {
  return atoms.some((columns, position) => {
    const column = smallOf(columns, field);
    if (!column) return false;
    const own = gaps[position] ?? null;
    const c = columns.indexOf(column) + 1;
    let isOfGaps = false;
    return column.lo.some((low, i) => {
      if (own?.[i] !== absorbed) isOfGaps = own?.[i] === c;
      else if (isOfGaps) return false;
      return isOfGaps ? gapsAt(column, own!, i).some((gap) => isRange(...gap)) : isRange(low, column.hi[i]!);
    });
  });
}

class BoxBuilder {
  readonly shapes: Uint32Array[] = [];
  readonly #shapeIds = new Map<number, number>();
  readonly #builder = new KeyBuilder();
  #columns: Columns = [];
  #gaps: Gaps | null = null;
  /** By column: what a digit of the shape counts. */
  #weights: readonly number[] = [];
  #atom = 0;
  #entry = 0;
  #gap: SmallColumn | null = null;
  #left: Leftovers | null = null;
  readonly #scratch: Uint32Array;

  constructor(
    private readonly family: AddressFamily,
    private readonly used: readonly number[],
    private readonly maps: Boxes['maps'],
    private readonly rows: GrowingColumns,
  ) {
    this.#scratch = new Uint32Array(used.length + 2);
  }

  begin(atom: number, columns: Columns, gaps: Gaps | null): void {
    this.#atom = atom;
    this.#columns = columns;
    this.#gaps = gaps;
    this.#left = gaps && new Leftovers(this.used.length + 2);
    let weight = 1;
    this.#weights = columns
      .toReversed()
      .map((column) => (weight *= digits(column)) / digits(column))
      .reverse();
  }

  add(entry: number): void {
    const gap = this.#gaps?.[entry] ?? 0;
    if (gap === absorbed) return;
    this.#entry = entry;
    this.#gap = gap === 0 ? null : (this.#columns[gap - 1] as SmallColumn);
    this.#expand(0, 0);
  }

  /** `shape`: the lengths so far, as digits. */
  #expand(at: number, shape: number): void {
    const column = this.#columns[at];
    if (!column) {
      if (this.#gap) this.#emitAround(this.#gap, shape);
      else this.#emit(shape, 0);
      return;
    }
    const place = placeOf(column.field, this.family);
    const entry = this.#entry;
    const weight = this.#weights[at]!;
    if ('addresses' in column) {
      const mac = column.addresses[entry]!;
      if (mac < 0) return;
      this.#builder.setMac(place, mac);
      this.#expand(at + 1, shape);
    } else if ('ranges' in column) {
      const { lo, hi } = column.ranges;
      forEachPrefix(lo, hi, entry * place.words, place.words, (address, length) => {
        this.#builder.setAddress(place, address, 0, length);
        this.#expand(at + 1, shape + length * weight);
      });
    } else if (column === this.#gap) {
      this.#builder.setSmall(place, 0, 0);
      this.#expand(at + 1, shape);
    } else {
      forEachSmall(column.field, column.lo[entry]!, column.hi[entry]!, this.#map(column.field), (value, length) => {
        this.#builder.setSmall(place, value, length);
        this.#expand(at + 1, shape + length * weight);
      });
    }
  }

  /** All values of the column but those of the gaps. */
  #emitAround(column: SmallColumn, shape: number): void {
    const gaps = gapsAt(column, this.#gaps!, this.#entry);
    const c = this.#columns.indexOf(column);
    if (!this.#left!.take(this.#keyWith(this.#shapeOf(shape), c), gaps)) return;
    this.#emit(shape, 0);
    const place = placeOf(column.field, this.family);
    const weight = this.#weights[c]!;
    for (const [low, high] of gaps)
      forEachSmall(column.field, low, high, this.#map(column.field), (value, length) => {
        this.#builder.setSmall(place, value, length);
        this.#emit(shape + length * weight, 1);
      });
    this.#builder.setSmall(place, 0, 0);
  }

  #map(field: SmallTupleField): FieldMap {
    return field === 'sport' || field === 'dport' || field === 'icmp' ? this.maps[field] : null;
  }

  /** Its number. */
  #shapeOf(shape: number): number {
    let id = this.#shapeIds.get(shape);
    if (id === undefined) {
      id = this.shapes.length;
      this.shapes.push(this.#builder.mask.slice());
      this.#shapeIds.set(shape, id);
    }
    return id;
  }

  /** The used words, and two more; valid until the next one. */
  #keyWith(shape: number, column: number): Uint32Array {
    const { key } = this.#builder;
    const own = this.used.length;
    for (let i = 0; i < own; i++) this.#scratch[i] = key[this.used[i]!]!;
    this.#scratch[own] = shape;
    this.#scratch[own + 1] = column;
    return this.#scratch;
  }

  #emit(shape: number, ofGap: 0 | 1): void {
    const { key } = this.#builder;
    const id = this.#shapeOf(shape);
    const at = this.rows.add();
    const { columns } = this.rows;
    this.used.forEach((w, i) => (columns[i]![at] = key[w]!));
    const own = this.used.length;
    columns[own]![at] = id;
    columns[own + 1]![at] = this.#atom;
    columns[own + 2]![at] = this.#entry;
    columns[own + 3]![at] = ofGap;
  }
}

/** Lengths that a prefix of the column's values may have. */
function digits(column: TupleColumn): number {
  if ('addresses' in column) return 1;
  return 'ranges' in column ? 129 : 17;
}

function forEachSmall(
  field: SmallTupleField,
  low: number,
  high: number,
  map: FieldMap,
  each: (value: number, length: number) => void,
): void {
  if (low > high) return;
  const max = smallTupleMax[field];
  const width = max === 255 ? 8 : 16;
  if (low === 0 && high === max) {
    each(0, 0);
    return;
  }
  const [from, to] = map ? [map[low]!, map[high]!] : [low, high];
  if (to - from < mostNumbers) {
    for (let value = from; value <= to; value++) each(value, width);
    return;
  }
  for (let value = from; value <= to;) {
    let host = 0;
    while (host < width && value % 2 ** (host + 1) === 0 && value + 2 ** (host + 1) - 1 <= to) host++;
    each(value, width - host);
    value += 2 ** host;
  }
}
