/** What rules of a run ask for, as columns: a value each, or of ports or addresses a list. */
import type { AddressRanges } from './address.js';
import type { AddressLists } from './address-lists.js';
import type { Ranges } from './match.js';
import { complement } from './small-ranges.js';
import { pick16, pickRanges, pickRows, sliceRanges, sliceRows, type TupleColumn } from './tuples.js';

/** Ranges one rule after the other: those of rule i from `starts[i]` up to `starts[i + 1]`. */
export interface PortLists {
  readonly starts: Uint32Array;
  readonly lo: Uint16Array;
  readonly hi: Uint16Array;
}

type PortListColumn = { readonly field: 'sport' | 'dport'; readonly lists: PortLists };
type AddressListColumn = { readonly field: 'saddr' | 'daddr'; readonly lists: AddressLists };

export type RuleColumn = TupleColumn | PortListColumn | AddressListColumn;

export type SmallColumn = Extract<TupleColumn, { lo: Uint16Array }> | PortListColumn;

export type PortColumn = SmallColumn & { field: 'sport' | 'dport' };

export const isPortColumn = (column: RuleColumn): column is PortColumn =>
  column.field === 'sport' || column.field === 'dport';

export type AddressColumn = Extract<TupleColumn, { ranges: AddressRanges }> | AddressListColumn;

export const isAddressColumn = (column: RuleColumn): column is AddressColumn =>
  column.field === 'saddr' || column.field === 'daddr';

/** What all of the rules ask for, in their order. */
export const allAddresses = (column: AddressColumn): AddressRanges =>
  'ranges' in column ? column.ranges : column.lists.ranges;

/** A list of one range each is a column of ranges. */
export const addressColumn = (field: 'saddr' | 'daddr', lists: AddressLists): AddressColumn =>
  areSingle(lists) ? { field, ranges: lists.ranges } : { field, lists };

const areSingle = ({ starts }: { readonly starts: Uint32Array }): boolean => starts.every((start, i) => start === i);

/** A list of one range each is a column of ranges. */
export function portColumn(field: 'sport' | 'dport', lists: PortLists): RuleColumn {
  if (!areSingle(lists)) return { field, lists };
  const { lo, hi } = lists;
  return { field, lo, hi: lo.every((low, i) => low === hi[i]) ? lo : hi };
}

/** Lists that are made a range at a time. */
export class PortListBuilder {
  #lo = new Uint16Array(64);
  #hi = new Uint16Array(64);
  readonly #starts: Uint32Array;
  #rows = 0;
  #count = 0;

  constructor(rows: number) {
    this.#starts = new Uint32Array(rows + 1);
  }

  /** To the list that is open. */
  add(low: number, high: number): void {
    if (this.#count === this.#lo.length) {
      this.#lo = doubled(this.#lo);
      this.#hi = doubled(this.#hi);
    }
    this.#lo[this.#count] = low;
    this.#hi[this.#count++] = high;
  }

  /** The list of the next rule follows. */
  close(): void {
    this.#starts[++this.#rows] = this.#count;
  }

  column(field: 'sport' | 'dport'): RuleColumn {
    const [lo, hi] = [this.#lo.slice(0, this.#count), this.#hi.slice(0, this.#count)];
    return portColumn(field, { starts: this.#starts, lo, hi });
  }
}

function doubled(column: Uint16Array): Uint16Array<ArrayBuffer> {
  const wide = new Uint16Array(column.length * 2);
  wide.set(column);
  return wide;
}

/** Of each rule the ports that are not those. */
export function otherPorts(column: PortColumn, count: number): RuleColumn {
  const lists = new PortListBuilder(count);
  const put = (next: number, end: number): void => {
    if (next <= end) lists.add(next, end);
  };
  for (let i = 0; i < count; i++) {
    if ('lo' in column) {
      put(0, column.lo[i]! - 1);
      put(column.hi[i]! + 1, lastPort);
    } else for (const [low, high] of complement(rangesAt(column, i), lastPort)) lists.add(low, high);
    lists.close();
  }
  return lists.column(column.field);
}

const lastPort = 65535;

/** What one rule asks of a small field. */
export function rangesAt(column: SmallColumn, i: number): Ranges {
  if ('lo' in column) return [[column.lo[i]!, column.hi[i]!]];
  const { starts, lo, hi } = column.lists;
  return Array.from({ length: starts[i + 1]! - starts[i]! }, (_, r) => {
    const at = starts[i]! + r;
    return [lo[at]!, hi[at]!] as const;
  });
}

/** What all of the rules ask for, in their order. */
export function allPorts(column: PortColumn): Ranges {
  const { lo, hi } = 'lo' in column ? column : column.lists;
  return Array.from(lo, (low, i) => [low, hi[i]!] as const);
}

/** How many values, or ranges of them, rule i asks for. */
export const sizeAt = (column: RuleColumn, i: number): number =>
  'lists' in column ? column.lists.starts[i + 1]! - column.lists.starts[i]! : 1;

/** Of one of the rules. */
export const ruleRow = (columns: readonly RuleColumn[], i: number): RuleColumn[] => sliceRules(columns, i, i + 1);

/** Of the rules from one up to another. */
export const sliceRules = (columns: readonly RuleColumn[], from: number, to: number): RuleColumn[] =>
  columns.map((column): RuleColumn => {
    if (!('lists' in column)) return sliceRows([column], from, to)[0]!;
    const { starts } = column.lists;
    const [begin, end] = [starts[from]!, starts[to]!];
    const own = starts.subarray(from, to + 1).map((start) => start - begin);
    if (isAddressColumn(column))
      return addressColumn(column.field, { starts: own, ranges: sliceRanges(column.lists.ranges, begin, end) });
    const { lo, hi } = column.lists;
    return portColumn(column.field, { starts: own, lo: lo.slice(begin, end), hi: hi.slice(begin, end) });
  });

/** Of the rules of these numbers, in their order. */
export const pickRules = (columns: readonly RuleColumn[], rows: Uint32Array): RuleColumn[] =>
  columns.map((column): RuleColumn => {
    if (!('lists' in column)) return pickRows([column], rows)[0]!;
    const { starts: from } = column.lists;
    const starts = new Uint32Array(rows.length + 1);
    rows.forEach((row, i) => (starts[i + 1] = starts[i]! + sizeAt(column, row)));
    const order = new Uint32Array(starts[rows.length]!);
    rows.forEach((row, i) => {
      for (let n = 0; n < sizeAt(column, row); n++) order[starts[i]! + n] = from[row]! + n;
    });
    if (isAddressColumn(column))
      return addressColumn(column.field, { starts, ranges: pickRanges(column.lists.ranges, order) });
    const { lo, hi } = column.lists;
    return portColumn(column.field, { starts, lo: pick16(lo, order), hi: pick16(hi, order) });
  });

export interface RuleEntries {
  readonly count: number;
  readonly columns: readonly TupleColumn[];
  /** Those of rule i begin at `starts[i]`; null: each has one. */
  readonly starts: Uint32Array | null;
}

/** Each combination of the values of each rule as an entry; of a rule's, the last column's values alternate fastest. */
export function ruleEntries(columns: readonly RuleColumn[], count: number): RuleEntries {
  if (columns.every((column): column is TupleColumn => !('lists' in column))) return { count, columns, starts: null };
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) starts[i + 1] = starts[i]! + columns.reduce((n, column) => n * sizeAt(column, i), 1);
  const total = starts[count]!;
  const ruleOf = new Uint32Array(total);
  for (let i = 0; i < count; i++) ruleOf.fill(i, starts[i], starts[i + 1]);
  const expanded = columns.map((column, c): TupleColumn => {
    if (!('lists' in column)) return pickRows([column], ruleOf)[0]!;
    const behind = columns.slice(c + 1);
    const order = new Uint32Array(total);
    for (let i = 0; i < count; i++) {
      const repeat = behind.reduce((n, other) => n * sizeAt(other, i), 1);
      const size = sizeAt(column, i);
      for (let entry = starts[i]!, n = 0; entry < starts[i + 1]!; entry++, n++)
        order[entry] = column.lists.starts[i]! + (Math.floor(n / repeat) % size);
    }
    if (isAddressColumn(column)) return { field: column.field, ranges: pickRanges(column.lists.ranges, order) };
    const [lo, hi] = [pick16(column.lists.lo, order), pick16(column.lists.hi, order)];
    return { field: column.field, lo, hi: lo.every((value, i) => value === hi[i]) ? lo : hi };
  });
  return { count: total, columns: expanded, starts };
}
