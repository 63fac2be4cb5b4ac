/** From overlapping entries of several atoms to disjoint ranges with one label each, by a sweep over 32-bit positions. */
import type { Classes } from './classes.js';
import type { Labels } from './labels.js';
import { OpenEntries } from './open-entries.js';
import { sortByColumns } from '../model/radix-sort.js';

/** Entries of all atoms of a field, atom by atom and in each atom's order: of overlapping entries the first one counts. */
export interface Entries {
  readonly count: number;
  /** Inclusive bounds. */
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  /** Position of the atom among the field's. */
  readonly atom: Uint32Array;
  /** Counter + 1 of each entry, 0 for none; null when no atom of the field is counted by line. */
  readonly counter: Uint32Array | null;
  /** When each entry expires, seconds since the epoch, 0 for never; null when none does. */
  readonly expires: Uint32Array | null;
}

/** Range i reaches from starts[i] to the next start; the first start is 0. Neighbours have different labels. */
export interface LabelledRanges {
  readonly count: number;
  readonly starts: Uint32Array;
  readonly labels: Uint32Array;
}

/** Where range i ends: the address behind it. */
export const endOf = ({ count, starts }: LabelledRanges, i: number): number =>
  i + 1 < count ? starts[i + 1]! : 2 ** 32;

/** Entries that cover the position, per counted atom: a heap of entry numbers, ended ones removed when they come to the top. */
class Winners {
  readonly #heaps: number[][] = [];
  readonly #ended: Uint8Array;
  /** First entry that expires and has not, by atom, at the moment that is looked at. */
  readonly #borrowed = new Map<number, number>();

  constructor(private readonly entries: Entries) {
    this.#ended = new Uint8Array(entries.count);
  }

  start(entry: number): void {
    const heap = (this.#heaps[this.entries.atom[entry]!] ??= []);
    let at = heap.length;
    while (at > 0 && heap[(at - 1) >>> 1]! > entry) {
      heap[at] = heap[(at - 1) >>> 1]!;
      at = (at - 1) >>> 1;
    }
    heap[at] = entry;
  }

  end(entry: number): void {
    this.#ended[entry] = 1;
  }

  /** Takes an entry that expires into account, until `forget`. */
  borrow(entry: number): void {
    const atom = this.entries.atom[entry]!;
    this.#borrowed.set(atom, Math.min(entry, this.#borrowed.get(atom) ?? entry));
  }

  forget(): void {
    this.#borrowed.clear();
  }

  /** Counter + 1 of the first entry that covers the position, or 0. */
  counterOf = (atom: number): number => {
    const heap = this.#heaps[atom] ?? [];
    while (heap.length > 0 && this.#ended[heap[0]!] === 1) removeTop(heap);
    const borrowed = this.#borrowed.get(atom);
    const first = borrowed !== undefined && !(heap[0]! < borrowed) ? borrowed : heap[0];
    return first === undefined ? 0 : this.entries.counter![first]!;
  };
}

function removeTop(heap: number[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}

export function sweep(entries: Entries, classes: Classes, labels: Labels): LabelledRanges {
  const { count, lo, hi, atom, expires } = entries;
  const byStart = sortByColumns([lo], count);
  const byEnd = sortByColumns([hi], count);
  const covering = new Uint32Array(classes.atoms);
  const winners = new Winners(entries);
  const open = expires === null ? null : new OpenEntries(expires);
  const starts = new Uint32Array(count * 2 + 1);
  const labelOf = new Uint32Array(count * 2 + 1);
  let ranges = 0;
  const emit = (position: number): void => {
    const label = open === null || open.isEmpty ? labels.current(winners.counterOf) : expiringLabel(open);
    if (ranges > 0 && labelOf[ranges - 1] === label) return;
    starts[ranges] = position;
    labelOf[ranges++] = label;
  };
  const counted = labels.isCounted && entries.counter !== null;
  let s = 0;
  let e = 0;
  if (count === 0 || lo[byStart[0]!]! > 0) emit(0);
  while (s < count) {
    const nextStart = lo[byStart[s]!]!;
    const nextEnd = hi[byEnd[e]!]! + 1;
    const position = Math.min(nextStart, nextEnd);
    for (; e < count && hi[byEnd[e]!]! + 1 === position; e++) leave(byEnd[e]!);
    for (; s < count && lo[byStart[s]!]! === position; s++) enter(byStart[s]!);
    emit(position);
  }
  while (e < count) {
    const position = hi[byEnd[e]!]! + 1;
    if (position > 0xffffffff) break;
    for (; e < count && hi[byEnd[e]!]! + 1 === position; e++) leave(byEnd[e]!);
    emit(position);
  }
  return { count: ranges, starts: starts.subarray(0, ranges), labels: labelOf.subarray(0, ranges) };

  /** From the last moment to the first: what holds when all have expired, then what holds before. */
  function expiringLabel(entriesThatEnd: OpenEntries): number {
    let label = labels.current(winners.counterOf);
    const stages = entriesThatEnd.stages();
    for (const { end, entries: together } of stages.reverse()) {
      for (const entry of together) {
        cover(entry);
        if (counted) winners.borrow(entry);
      }
      label = labels.expiring(end, labels.current(winners.counterOf), label);
    }
    for (const { entries: together } of stages) together.forEach(uncover);
    winners.forget();
    return label;
  }
  function cover(entry: number): void {
    if (covering[atom[entry]!]!++ === 0) classes.toggle(atom[entry]!);
  }
  function uncover(entry: number): void {
    if (--covering[atom[entry]!]! === 0) classes.toggle(atom[entry]!);
  }
  function enter(entry: number): void {
    if (open !== null && expires![entry]! > 0) open.start(entry);
    else {
      cover(entry);
      if (counted) winners.start(entry);
    }
  }
  function leave(entry: number): void {
    if (open !== null && expires![entry]! > 0) open.end(entry);
    else {
      uncover(entry);
      if (counted) winners.end(entry);
    }
  }
}
