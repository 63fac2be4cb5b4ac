/**
 * Groups of a prefix table, and the entries that searching their lengths by halving needs: the prefixes themselves, and markers, which
 * send the search on to longer lengths and have the label of the longest prefix around them.
 */
import { GrowingColumns } from './growing-columns.js';
import { highHalf, lowHalf } from './halves.js';
import type { PrefixEntries } from './prefix-buckets.js';
import type { Prefixes } from './prefix-split.js';
import type { KeyLayout } from './prefix-table.js';
import type { LabelledRanges } from './sweep.js';

export const lengthWordCount = 6;

/** Lengths that occur together, shortest first. */
interface LengthList {
  readonly id: number;
  readonly lengths: readonly number[];
  /** By position of a length: positions of the markers that lead there. */
  readonly markers: readonly (readonly number[])[];
}

export class PrefixGroups {
  readonly key: readonly Uint32Array[];
  /** Rows: label of the group, list, counted from 1. */
  readonly #groups = new GrowingColumns(2, 16);
  readonly #groupIds = new Map<number, number>();
  readonly #lists: LengthList[] = [];
  readonly #listIds = new Map<string, LengthList>();
  readonly #entries: GrowingColumns;

  constructor(
    readonly prefixes: Prefixes,
    readonly kept: Uint32Array,
    readonly labelOf: Uint32Array,
    readonly layout: KeyLayout,
    /** Length that every group with longer prefixes has, so that such ones can come to it; null: none will come. */
    readonly unit: number | null,
  ) {
    this.#entries = new GrowingColumns(6, kept.length);
    const { words, top } = prefixes;
    const zeros = words.length === 1 ? new Uint32Array(prefixes.count) : null;
    this.key = zeros === null ? words : [top, words[0]!, zeros, zeros];
    this.#list([]);
    if (unit !== null) this.#list([unit]);
  }

  get count(): number {
    return this.#groups.count;
  }

  /** Halvings that search the longest list. */
  get depth(): number {
    return Math.max(...this.#lists.map(({ lengths }) => 32 - Math.clz32(lengths.length)));
  }

  /** Number + 1 of the group of `kept[from..to)`, outside of whose prefixes `label` holds. `grows`: others may come to it. */
  group(label: number, from: number, to: number, grows = to > from): number {
    const list = this.#list(this.#lengthsOf(from, to, grows));
    this.#addEntries(label, from, to, list);
    const id = label * 2 ** 20 + list.id;
    let group = this.#groupIds.get(id);
    if (group === undefined) {
      const at = this.#groups.add();
      this.#groups.columns[0]![at] = label;
      this.#groups.columns[1]![at] = list.id;
      group = at + 1;
      this.#groupIds.set(id, group);
    }
    return group;
  }

  entries(): PrefixEntries {
    const cut = (column: number): Uint32Array => this.#entries.cut(column);
    return { count: this.#entries.count, word: [0, 1, 2, 3].map(cut), tag: cut(4), label: cut(5) };
  }

  lengthWords(): Uint32Array {
    const all = this.#lists.flatMap(({ lengths }) => lengths);
    const words = new Uint32Array(all.length * lengthWordCount);
    all.forEach((length, i) => {
      const mask = (k: number): number => this.#mask(length, k);
      words[i * lengthWordCount + highHalf] = mask(0);
      words[i * lengthWordCount + lowHalf] = mask(1);
      words[i * lengthWordCount + 2 + highHalf] = mask(2);
      words[i * lengthWordCount + 2 + lowHalf] = mask(3);
      words[i * lengthWordCount + 4 + lowHalf] = length + 1;
    });
    return words;
  }

  /** `spare`: groups that may come. */
  words(lengthsOffset: number, spare: number): Uint32Array {
    const starts: number[] = [];
    let at = lengthsOffset;
    for (const { lengths } of this.#lists) {
      starts.push(at);
      at += lengths.length * lengthWordCount * 4;
    }
    const words = new Uint32Array((this.count + spare) * 4);
    for (let i = 0; i < this.count; i++) {
      const list = this.#groups.columns[1]![i]!;
      words.set([this.#groups.columns[0]![i]!, starts[list]!, this.#lists[list]!.lengths.length, 0], i * 4);
    }
    return words;
  }

  #lengthsOf(from: number, to: number, grows: boolean): number[] {
    const seen = new Set<number>(this.unit !== null && grows ? [this.unit] : []);
    for (let n = from; n < to; n++) seen.add(this.prefixes.length[this.kept[n]!]!);
    return [...seen].sort((a, b) => a - b);
  }

  #list(lengths: readonly number[]): LengthList {
    const name = lengths.join();
    let list = this.#listIds.get(name);
    if (list === undefined) {
      list = { id: this.#lists.length, lengths, markers: lengths.map((_, at) => markersBefore(lengths.length, at)) };
      this.#lists.push(list);
      this.#listIds.set(name, list);
    }
    return list;
  }

  /** `kept` is in nested order: all prefixes with the same first bits stand together, so a marker repeats only right behind itself. */
  #addEntries(label: number, from: number, to: number, list: LengthList): void {
    if (list.lengths.length === 1) {
      for (const i of this.kept.subarray(from, to)) this.#add(i, list.lengths[0]!, this.labelOf[i]!);
      return;
    }
    const around: number[] = [];
    const marked = new Int32Array(list.lengths.length).fill(-1);
    for (let n = from; n < to; n++) {
      const i = this.kept[n]!;
      const length = this.prefixes.length[i]!;
      while (around.length > 0 && !this.#contains(around.at(-1)!, this.prefixes.length[around.at(-1)!]!, i))
        around.pop();
      for (const position of list.markers[list.lengths.indexOf(length)]!) {
        const short = list.lengths[position]!;
        if (marked[position]! >= 0 && this.#contains(marked[position]!, short, i)) continue;
        marked[position] = i;
        const outer = around.findLast((each) => this.prefixes.length[each]! <= short);
        if (outer === undefined || this.prefixes.length[outer]! < short)
          this.#add(i, short, outer === undefined ? label : this.labelOf[outer]!);
      }
      this.#add(i, length, this.labelOf[i]!);
      around.push(i);
    }
  }

  #add(i: number, length: number, label: number): void {
    const at = this.#entries.add();
    const columns = this.#entries.columns;
    for (let k = 0; k < 4; k++) columns[k]![at] = this.key[k]![i]! & this.#mask(length, k);
    columns[4]![at] = length + 1;
    columns[5]![at] = label;
  }

  /** Does `inner` lie in the first `length` bits of `outer`? */
  #contains(outer: number, length: number, inner: number): boolean {
    const { top } = this.prefixes;
    if (top[outer] !== top[inner]) return false;
    for (let k = 0; k < 4; k++)
      if (((this.key[k]![outer]! ^ this.key[k]![inner]!) & this.#mask(length, k)) !== 0) return false;
    return true;
  }

  #mask(length: number, k: number): number {
    return keyMask(this.layout, length, k);
  }
}

/** First bits of a key that count: all of a top, which differs in length from nobody. */
export const keyBits = (layout: KeyLayout, length: number): number => length + (layout === 'top-and-word' ? 32 : 0);

/** Word `k` of a key's mask. */
export function keyMask(layout: KeyLayout, length: number, k: number): number {
  const bits = keyBits(layout, length) - k * 32;
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : 2 ** 32 - 2 ** (32 - bits);
}

/** Positions below `target` that a search by halving meets before it. */
export function markersBefore(count: number, target: number): number[] {
  const met: number[] = [];
  let low = 0;
  let left = count;
  for (;;) {
    const half = left >> 1;
    if (low + half === target) return met;
    if (low + half > target) left = half;
    else {
      met.push(low + half);
      low += half + 1;
      left -= half + 1;
    }
  }
}

export function groupAll(groups: PrefixGroups, fallback: number): void {
  groups.group(fallback, 0, groups.kept.length, true);
}

/**
 * IPv6 addresses by their first 32 bits: prefixes up to that length are ranges of groups without longer ones; the longer prefixes
 * that share these bits are a group.
 */
export function groupAddresses(groups: PrefixGroups, fallback: number): LabelledRanges {
  const { kept, labelOf } = groups;
  const { length } = groups.prefixes;
  const first = groups.key[0]!;
  const ranges = new GrowingColumns(2, kept.length + 1);
  const open: { behind: number; label: number }[] = [{ behind: Infinity, label: fallback }];
  const emit = (start: number, group: number): void => {
    if (start > 0xffffffff) return;
    const last = ranges.count - 1;
    const at = last >= 0 && ranges.columns[0]![last] === start ? last : ranges.add();
    ranges.columns[0]![at] = start;
    ranges.columns[1]![at] = group;
  };
  const closeUntil = (position: number): void => {
    while (open.at(-1)!.behind <= position) emit(open.pop()!.behind, groups.group(open.at(-1)!.label, 0, 0));
  };
  emit(0, groups.group(fallback, 0, 0));
  for (let n = 0; n < kept.length;) {
    const i = kept[n]!;
    const start = first[i]!;
    closeUntil(start);
    if (length[i]! <= 32) {
      const label = labelOf[i]!;
      open.push({ behind: start + 2 ** (32 - length[i]!), label });
      emit(start, groups.group(label, 0, 0));
      n++;
      continue;
    }
    let end = n + 1;
    while (end < kept.length && first[kept[end]!] === start) end++;
    const { label } = open.at(-1)!;
    emit(start, groups.group(label, n, end));
    emit(start + 1, groups.group(label, 0, 0));
    n = end;
  }
  closeUntil(2 ** 32);
  return withoutRepeats(ranges.cut(0), ranges.cut(1));
}

function withoutRepeats(starts: Uint32Array, labels: Uint32Array): LabelledRanges {
  let count = 0;
  for (let i = 0; i < starts.length; i++) {
    if (count > 0 && labels[count - 1] === labels[i]) continue;
    starts[count] = starts[i]!;
    labels[count++] = labels[i]!;
  }
  return { count, starts: starts.subarray(0, count), labels: labels.subarray(0, count) };
}
