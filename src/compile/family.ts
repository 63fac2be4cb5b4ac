/** One family's steps as tables, and the numbers that its part of the configuration needs. */
import type { Field, SmallField, StepProgram } from '../plan/program.js';
import { expiryBytes, fieldSlots, outcomes, prefixTables, smallFieldValues, slots, stepBytes } from './abi.js';
import { addressEntries, addressTable, allInOneGroup, withTrie, type AddressTable } from './address-table.js';
import type { Arena } from './arena.js';
import { Classes } from './classes.js';
import type { CounterRow } from './counter-row.js';
import type { ClassedField } from './decisions.js';
import { atomOfKind, countedAtom, isSmall, usedFields, type FieldUse } from './field-use.js';
import { CompileError, type Structure } from './image.js';
import { Expiries } from './expiries.js';
import { Escapes, Labels } from './labels.js';
import type { ListWalk } from './list-walk.js';
import { address6Prefixes, macPrefixes } from './prefix-entries.js';
import { lengthWordCount } from './prefix-groups.js';
import { prefixTable, type KeyLayout, type PrefixTable } from './prefix-table.js';
import { placeSteps, searchesOn, type Placement } from './placement.js';
import type { Spare } from './spare.js';
import { searchTables, type SearchTables, type Store } from './search-tables.js';
import { labelNumbering } from './numbered-labels.js';
import { labelAt, labelWidth, smallEntries, smallTable } from './small-table.js';
import { sweep, type LabelledRanges } from './sweep.js';
import { addressNumbers, fewLengthsNumbers, prefixNumbers, type Numbers } from './table-numbers.js';
import { mappedFields } from './tuple-boxes.js';
import { tupleTable, type TupleTable } from './tuple-table.js';

const nowhere: Pick<FieldLayout, 'address' | 'prefix' | 'tuple'> = { address: null, prefix: null, tuple: null };

/** Groups of IPv6 addresses that may come: one for each label outside of the longer prefixes. */
const spareGroups = 64;

export interface FieldImage {
  readonly slot: number;
  readonly numbers: Numbers;
  /** The device only: labels of its values; which one holds is known when a program is loaded for a device. */
  readonly device: LabelledRanges | null;
}

export interface FamilyImage {
  readonly numbers: Numbers;
  readonly fields: readonly FieldImage[];
  /** Source and destination, at 0 and 1; of IPv6 the first 32 bits. */
  readonly address: readonly { readonly side: number; readonly numbers: Numbers }[];
  readonly prefixes: readonly { readonly table: number; readonly numbers: Numbers }[];
  readonly tuples: readonly { readonly table: number; readonly numbers: Numbers }[];
  readonly structures: readonly Structure[];
  readonly used: readonly Field[];
  readonly walk: ListWalk | null;
  readonly layout: FamilyLayout;
}

/** Where the parts of a followed field stand in `tables`, and what its labels mean: for changes in place (src/update). */
export interface FieldLayout {
  readonly use: FieldUse;
  readonly classes: Classes;
  readonly labels: Labels;
  /** Classes that there is room for. */
  readonly capacity: number;
  /** What must be written for a class that is new, before a label has it. */
  readonly storesOf: (id: number) => readonly Store[];
  readonly address: Numbers | null;
  readonly prefix: PrefixLayout | null;
  readonly tuple: TupleLayout | null;
}

export interface TupleLayout {
  readonly numbers: Numbers;
  readonly table: TupleTable;
}

export interface PrefixLayout {
  readonly numbers: Numbers;
  readonly layout: KeyLayout;
  readonly unit: number;
  /** Groups in use; `group_count` has the spare ones too. */
  readonly groups: number;
  readonly lengths: Place;
}

/** Offset of a table, and how many of its things fit. */
export interface Place {
  readonly offset: number;
  readonly capacity: number;
}

export interface FamilyLayout {
  readonly program: StepProgram;
  /** Followed ones only. */
  readonly fields: readonly FieldLayout[];
  readonly escapes: Place;
  readonly expiries: Place;
  /** Offset of the steps, and where they stand there. */
  readonly steps: number;
  readonly placement: Placement;
  /** What must be written besides where steps that decided nothing now pass. */
  readonly suspend: SearchTables['suspend'];
}

export interface FamilyOptions {
  /** Second since the epoch that expiries are counted from. */
  readonly start: number;
  readonly spare: Spare | null;
  readonly counters: CounterRow;
  /** False: rows decide. */
  readonly decisions: boolean;
}

export const familyImage = (program: StepProgram, arena: Arena, options: FamilyOptions): FamilyImage =>
  new FamilyBuilder(program, arena, options).build();

/** A field whose values have labels. */
interface BuiltField extends ClassedField, Pick<FieldLayout, 'labels' | 'address' | 'prefix' | 'tuple'> {
  /** Of a small field that has a table, which is made if the search asks for it. */
  readonly ranges: LabelledRanges | null;
  readonly device: LabelledRanges | null;
}

const imageOf = ({ use, labels, device }: BuiltField, table: Numbers, search: Numbers): FieldImage => ({
  slot: use.slot,
  numbers: { ...table, ...search, counted: labels.isCounted ? 1 : 0, timed: labels.isTimed ? 1 : 0 },
  device,
});

const layoutOf = (
  { use, classes, labels, capacity, address, prefix, tuple }: BuiltField,
  position: number,
  search: SearchTables,
): FieldLayout => ({
  use,
  classes,
  labels,
  capacity,
  storesOf: (id) => search.storesOf(position, id),
  address,
  prefix,
  tuple,
});

class FamilyBuilder {
  readonly #escapes = new Escapes();
  readonly #expiries: Expiries;
  readonly #fields: BuiltField[] = [];
  readonly #address: { side: number; numbers: Numbers }[] = [];
  readonly #prefixes: { table: number; numbers: Numbers }[] = [];
  readonly #tuples: { table: number; numbers: Numbers }[] = [];
  readonly #structures: Structure[] = [];
  readonly #uses: readonly FieldUse[];

  constructor(
    private readonly program: StepProgram,
    private readonly arena: Arena,
    private readonly options: FamilyOptions,
  ) {
    this.#expiries = new Expiries(options.start);
    this.#uses = usedFields(program);
  }

  build(): FamilyImage {
    for (const use of this.#uses) this.#field(use);
    const { decisions } = this.options;
    const search = searchTables(this.program, placeSteps(this.program), this.#fields, this.arena, decisions);
    const tables = this.#fields.map((field) => this.#labelTable(field, search.used));
    for (const { name, structure, entries, bytes } of search.structures) this.#list(name, structure, entries, bytes);
    const escapes = this.#padded(this.#escapes.words(), this.#room('escapes'), 1);
    if (escapes.length >= 2 ** 22) {
      const message = 'too many elements whose packets count differently in several steps';
      throw new CompileError('too-large', message, this.program.family);
    }
    const expiries = this.#padded(this.#expiries.words(), this.#room('expiries'), expiryBytes / 4);
    if (expiries.length > (2 ** 22 * expiryBytes) / 4) {
      const message = 'too many elements that expire at different times';
      throw new CompileError('too-large', message, this.program.family);
    }
    if (expiries.length > 0) this.#list('expiries', 'direct', this.#expiries.count, expiries.byteLength);
    const steps = this.arena.add(this.#stepTable(search.placement));
    const at = { steps, escapes: this.arena.add(escapes), expiries: this.arena.add(expiries) };
    return {
      numbers: { ...this.#familyNumbers(search), ...at, ...search.numbers },
      layout: {
        program: this.program,
        fields: this.#fields.flatMap((field, i) => (field.use.live ? [layoutOf(field, i, search)] : [])),
        escapes: { offset: at.escapes, capacity: escapes.length },
        expiries: { offset: at.expiries, capacity: expiries.length / (expiryBytes / 4) },
        steps,
        placement: search.placement,
        suspend: search.suspend,
      },
      fields: this.#fields.map((field, i) => imageOf(field, tables[i]!, search.fields[i]!)),
      address: this.#address,
      prefixes: this.#prefixes,
      tuples: this.#tuples,
      structures: this.#structures,
      used: [...new Set(this.#uses.map(({ field }) => field))],
      walk: search.walk,
    };
  }

  /** u32s of escape records, or expiry records, to leave free. */
  #room(of: 'escapes' | 'expiries'): number {
    const live = this.#uses.filter((use) => use.live);
    if (this.options.spare === null || live.length === 0) return 0;
    // A record of an element that counts in two steps has six words.
    if (of === 'escapes') return live.some(({ counted }) => counted.length > 0) ? this.options.spare.counters * 6 : 0;
    return live.some(({ timed }) => timed) ? this.options.spare.expiries : 0;
  }

  #padded(words: Uint32Array, more: number, size: number): Uint32Array {
    if (more === 0) return words;
    const padded = new Uint32Array(words.length + more * size);
    padded.set(words);
    return padded;
  }

  #familyNumbers({ placement, used, rowed }: SearchTables): Numbers {
    const { steps } = this.program;
    const { words, groupShift, clusters } = placement;
    return {
      enabled: steps.length > 0 ? 1 : 0,
      parsed: this.#uses.reduce((sum, { slot }) => sum | (1 << slot), 0),
      used,
      rowed,
      words,
      group_shift: groupShift,
      clustered: clusters === null ? 0 : 1,
      step_count: this.#stepPlaces(placement),
      skips: steps.filter((step) => searchesOn(this.program, step)).length,
    };
  }

  /** Clusters of steps leave places free. */
  #stepPlaces({ clusters, positions, words }: Placement): number {
    if (clusters === null) return this.program.steps.length;
    return positions.reduce((most, position) => Math.max(most, position + 1), words * 64);
  }

  #stepTable(placement: Placement): Uint8Array {
    const { steps } = this.program;
    const { positions, clusters } = placement;
    const bytes = new Uint8Array(this.#stepPlaces(placement) * stepBytes);
    const shorts = new Uint16Array(bytes.buffer);
    const words = new Uint32Array(bytes.buffer);
    steps.forEach((each, step) => {
      const { outcome } = each;
      const number = positions[step]!;
      const counted = countedAtom(this.program, step);
      const use = counted === null ? undefined : this.#uses.find(({ atoms }) => atoms.includes(counted));
      bytes[number * stepBytes] =
        outcomes[outcome.kind === 'skip' && !searchesOn(this.program, each) ? 'pass' : outcome.kind];
      bytes[number * stepBytes + 1] = use?.slot ?? fieldSlots;
      if (outcome.kind === 'skip') {
        if (outcome.to <= step || outcome.to > steps.length)
          throw new Error(`bug: step ${step} skips to ${outcome.to}`);
        shorts[number * 4 + 1] = outcome.to;
      }
      if (clusters !== null) shorts[number * 4 + 1] = step;
      if (outcome.kind === 'drop') words[number * 2 + 1] = outcome.counter;
      if (outcome.kind === 'mark') words[number * 2 + 1] = outcome.state;
    });
    return bytes;
  }

  #field(use: FieldUse): void {
    const classes = new Classes(use.atoms.length);
    const labels = new Labels(classes, this.#escapes, use.counted, use.timed ? this.#expiries : null);
    const { family } = this.program;
    let ranges: LabelledRanges | null = null;
    let device: LabelledRanges | null = null;
    let number: ClassedField['number'] = null;
    const spare = use.live ? this.options.spare : null;
    let place = nowhere;
    let valueLabel = (value: number): number => {
      throw new Error(`bug: ${use.field} has no value ${value}`);
    };
    const more = spare?.elements ?? 0;
    const counters = use.counted.length > 0 ? this.options.counters : null;
    if (isSmall(use.field)) {
      const swept = sweep(smallEntries(this.program, use), classes, labels);
      valueLabel = (value) => labelAt(swept, value);
      if (use.field === 'device') device = swept;
      else ranges = swept;
      if (ranges !== null) this.#listTable(use.field, labelWidth(labels.isCounted, classes.count));
    } else if (use.field === 'smac') {
      const layout = prefixTable(macPrefixes(this.program, use), classes, labels, 'top-and-word', 0, counters);
      this.#prefix('smac', prefixTables.smac, layout, more);
    } else if (use.field === 'tuple') {
      place = { ...nowhere, tuple: this.#tuple(use, classes, labels, more) };
    } else if (family === 6) {
      const built = prefixTable(address6Prefixes(this.program, use), classes, labels, 'address6', more, counters);
      place = { ...nowhere, ...this.#prefix(use.field, prefixTables[use.field], built, more) };
    } else {
      const swept = sweep(addressEntries(this.program, use), classes, labels);
      valueLabel = (value) => labelAt(swept, value);
      const table = addressTable(swept, more, counters);
      // What changes in place is looked up in ranges.
      const found = use.live ? table : withTrie(table, swept);
      const numbers = this.#addresses(use.field, found);
      place = { ...nowhere, address: numbers };
      number = labelNumbering(found, numbers, labels, this.arena);
    }
    const capacity = classes.count + (spare?.classes ?? 0);
    const classOf = (value: number): number => labels.classOf(valueLabel(value));
    this.#fields.push({ use, classes, labels, capacity, classOf, number, ranges, device, ...place });
  }

  #listTable(field: SmallField, width: number): void {
    this.#list(field, 'direct', smallFieldValues[field], smallFieldValues[field] * width);
  }

  #labelTable({ use: { field, slot }, classes, labels, ranges }: BuiltField, used: number): Numbers {
    if (ranges === null || !isSmall(field)) return {};
    if ((used & (1 << slot)) === 0) {
      this.#unlist(field);
      return {};
    }
    const width = labelWidth(labels.isCounted, classes.count);
    return { labels: this.arena.add(smallTable(field, ranges, width)), width };
  }

  #addresses(field: 'saddr' | 'daddr', table: AddressTable): Record<string, number> {
    const numbers = addressNumbers(table, this.arena, (...what) => {
      this.#list(this.program.family === 4 ? field : `${field} groups`, ...what);
    });
    this.#address.push({ side: field === 'saddr' ? 0 : 1, numbers });
    return numbers;
  }

  /** `more`: entries that may come to the table. */
  #prefix(name: string, table: number, built: PrefixTable, more: number): Pick<FieldLayout, 'address' | 'prefix'> {
    if (built.kind === 'few') {
      this.#prefixes.push({ table, numbers: fewLengthsNumbers(built, this.arena) });
      this.#list(name, 'prefix-buckets', built.elements, built.store.words.byteLength + built.filter.byteLength);
      return nowhere;
    }
    const { top, buckets, unit, layout } = built;
    const address =
      name === 'saddr' || name === 'daddr'
        ? this.#addresses(name, top === null ? allInOneGroup : addressTable(top, more, null))
        : null;
    const lengths = this.arena.add(built.lengths);
    const groups = top === null || more === 0 ? 0 : spareGroups;
    const numbers = prefixNumbers(built, lengths, groups, this.arena);
    if (buckets !== null)
      this.#list(name, 'prefix-buckets', built.elements, buckets.store.words.byteLength + buckets.bloom.byteLength);
    this.#prefixes.push({ table, numbers });
    const prefix = {
      numbers,
      layout,
      groups: built.groupCount,
      lengths: { offset: lengths, capacity: built.lengths.length / lengthWordCount },
    };
    return { address, prefix: unit === null ? null : { ...prefix, unit } };
  }

  /** `more`: entries that may come to the table. */
  #tuple(use: FieldUse, classes: Classes, labels: Labels, more: number): TupleLayout {
    const { family } = this.program;
    const atoms = use.atoms.map((index) => atomOfKind(this.program, index, 'tuples'));
    const built = tupleTable(atoms, family, use.atoms, classes, labels, more);
    const numbers: Record<string, number> = {
      words: built.words,
      slots: built.slots,
      size: built.used.length,
      known_up_to: atoms[0]?.availableUpTo ?? 0,
      shapes: this.arena.add(built.shapes),
      shape_count: built.shapeCount,
      buckets: this.arena.add(built.buckets),
      bucket_count: built.bucketCount,
      seed: built.seed,
      bloom: built.bloom.length === 0 ? 0 : this.arena.add(built.bloom),
      bloom_words: built.bloom.length / 2,
      fallback: built.fallback,
    };
    for (const field of mappedFields) {
      const map = built.maps[field];
      if (map !== null) numbers[`map_${field}`] = this.arena.add(map);
    }
    const index = use.slot - slots.tuple0;
    this.#tuples.push({ table: index, numbers });
    this.#list(`tuple${index}`, 'tuple-buckets', built.entries, built.buckets.byteLength + built.bloom.byteLength);
    return { numbers, table: built };
  }

  #unlist(field: SmallField): void {
    const at = this.#structures.findIndex(({ name }) => name === this.#nameOf(field));
    this.#structures.splice(at, 1);
  }

  #nameOf = (what: string): string => `${this.program.family === 4 ? 'ip' : 'ip6'} ${what}`;

  #list(name: string, structure: Structure['structure'], entries: number, bytes: number): void {
    this.#structures.push({ name: this.#nameOf(name), structure, entries, bytes });
  }
}
