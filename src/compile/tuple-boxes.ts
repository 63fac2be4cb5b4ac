/** Entries of tuple atoms as boxes: keys of which each field's first bits count. A range becomes the prefixes that make it up. */
import type { AddressFamily } from '../model/address.js';
import { smallTupleMax, type SmallTupleField, type TupleColumn } from '../model/tuples.js';
import type { Atom } from '../plan/program.js';
import { GrowingColumns } from './growing-columns.js';
import { CompileError, maxPrefixes } from './image.js';
import { forEachPrefix } from './prefix-split.js';
import { KeyBuilder, placeOf } from './tuple-key.js';

export type TupleAtom = Extract<Atom, { kind: 'tuples' }>;

/** Fields whose values are looked up as numbers of the ranges that elements tell apart: ranges then are few numbers. */
export type MappedField = 'sport' | 'dport' | 'icmp';
export const mappedFields: readonly MappedField[] = ['sport', 'dport', 'icmp'];

/** Numbers of ranges by value; ascending. Null: elements name single values only, which stand for themselves. */
export type FieldMap = Uint16Array | null;

export interface Boxes {
  readonly maps: Readonly<Record<MappedField, FieldMap>>;
  /** Masks of all words, one a shape. */
  readonly shapes: readonly Uint32Array[];
  /** Rows: the used words of the key, shape, atom, entry. */
  readonly rows: GrowingColumns;
  /** Positions of the used words in a key. */
  readonly used: readonly number[];
}

/** Numbers in a row that are enumerated; more are cut into prefixes, each length of which costs packets a lookup. */
const maxEnumerated = 16;

export function boxesOf(
  atoms: readonly TupleAtom[],
  family: AddressFamily,
  words: number,
  indices: readonly number[],
): Boxes {
  const used = Array.from({ length: 32 }, (_, w) => w).filter((w) => (words >>> w) & 1);
  const maps = { sport: mapOf(atoms, 'sport'), dport: mapOf(atoms, 'dport'), icmp: mapOf(atoms, 'icmp') };
  const capacity = atoms.reduce((sum, { count }) => sum + count, 0);
  const rows = new GrowingColumns(used.length + 3, capacity);
  const builder = new BoxBuilder(family, used, maps, rows);
  atoms.forEach((atom, position) => {
    // In one order, so that equal shapes get equal digits.
    const columns = [...atom.columns].sort((a, b) => (a.field < b.field ? -1 : 1));
    for (let entry = 0; entry < atom.count; entry++) {
      builder.add(columns, position, entry);
      if (rows.count > maxPrefixes) {
        const message = `more than ${maxPrefixes} elements after ranges of ports and addresses have been split`;
        throw new CompileError('too-large', message, family, [indices[position]!]);
      }
    }
  });
  return { maps, shapes: builder.shapes, rows, used };
}

/** Values between the bounds of all elements have one number. */
function mapOf(atoms: readonly TupleAtom[], field: MappedField): FieldMap {
  const starts = new Uint8Array(65537);
  let hasRanges = false as boolean;
  for (const { columns } of atoms)
    for (const column of columns) {
      if (column.field !== field || !('lo' in column)) continue;
      column.lo.forEach((low, i) => {
        const high = column.hi[i]!;
        if (low > high) return;
        starts[low] = 1;
        starts[high + 1] = 1;
        hasRanges ||= low !== high && (low !== 0 || high !== 65535);
      });
    }
  if (!hasRanges) return null;
  const map = new Uint16Array(65536);
  for (let value = 1, number = 0; value < 65536; value++) map[value] = number += starts[value]!;
  return map;
}

class BoxBuilder {
  readonly shapes: Uint32Array[] = [];
  readonly #shapeIds = new Map<number, number>();
  readonly #builder = new KeyBuilder();
  #columns: readonly TupleColumn[] = [];
  #atom = 0;
  #entry = 0;

  constructor(
    private readonly family: AddressFamily,
    private readonly used: readonly number[],
    private readonly maps: Boxes['maps'],
    private readonly rows: GrowingColumns,
  ) {}

  add(columns: readonly TupleColumn[], atom: number, entry: number): void {
    this.#columns = columns;
    this.#atom = atom;
    this.#entry = entry;
    this.#expand(0, 0);
  }

  /** `shape`: the lengths so far, as digits. */
  #expand(at: number, shape: number): void {
    const column = this.#columns[at];
    if (!column) {
      this.#emit(shape);
      return;
    }
    const place = placeOf(column.field, this.family);
    const entry = this.#entry;
    if ('addresses' in column) {
      const mac = column.addresses[entry]!;
      if (mac < 0) return;
      this.#builder.setMac(place, mac);
      this.#expand(at + 1, shape);
    } else if ('ranges' in column) {
      const { lo, hi } = column.ranges;
      forEachPrefix(lo, hi, entry * place.words, place.words, (address, length) => {
        this.#builder.setAddress(place, address, 0, length);
        this.#expand(at + 1, shape * 129 + length);
      });
    } else {
      forEachSmall(column.field, column.lo[entry]!, column.hi[entry]!, this.#map(column.field), (value, length) => {
        this.#builder.setSmall(place, value, length);
        this.#expand(at + 1, shape * 17 + length);
      });
    }
  }

  #map(field: SmallTupleField): FieldMap {
    return field === 'sport' || field === 'dport' || field === 'icmp' ? this.maps[field] : null;
  }

  #emit(shape: number): void {
    const { key, mask } = this.#builder;
    let id = this.#shapeIds.get(shape);
    if (id === undefined) {
      id = this.shapes.length;
      this.shapes.push(mask.slice());
      this.#shapeIds.set(shape, id);
    }
    const at = this.rows.add();
    const { columns } = this.rows;
    this.used.forEach((w, i) => (columns[i]![at] = key[w]!));
    const own = this.used.length;
    columns[own]![at] = id;
    columns[own + 1]![at] = this.#atom;
    columns[own + 2]![at] = this.#entry;
  }
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
  if (to - from < maxEnumerated) {
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
