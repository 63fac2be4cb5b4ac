/**
 * Elements of a set in the order of their keys, and what differs between two of them. They stand in shares, by a hash of the key: each share is sorted
 * and compared for itself, in a few milliseconds.
 */
import { sortByColumns } from '../../model/radix-sort.js';
import { wordsPerAddress } from '../../model/address.js';
import type { SetId } from '../../model/set.js';
import type { SetChange } from '../../update/set-change.js';
import type { SetElements } from './set-elements.js';
import type { Slices } from './slices.js';

export interface SortedElements extends SetElements {
  /** Position at which each share begins, and behind the last one their end. */
  readonly starts: Uint32Array;
}

/** Elements of a share, about. */
const shareSize = 1 << 14;
const mostShares = 1 << 12;

/** Of sets of so many elements; a power of two. */
export function sharesFor(count: number): number {
  let shares = 1;
  while (shares < mostShares && count / shares > shareSize) shares *= 2;
  return shares;
}

export async function sortedElements(elements: SetElements, shares: number, slices: Slices): Promise<SortedElements> {
  const { count } = elements;
  const { order, starts } = byShare(elements, shares);
  await slices.pause();
  const columns: Uint32Array[] = [];
  for (const column of elements.columns) {
    columns.push(gathered(column, order));
    await slices.pause();
  }
  const expires = elements.expires === null ? null : gathered(elements.expires, order);
  for (let share = 0; share < shares; share++) {
    const [from, to] = [starts[share]!, starts[share + 1]!];
    const own = columns.map((column) => column.subarray(from, to));
    const sorted = sortByColumns(own, to - from);
    for (const column of own) column.set(gathered(column, sorted));
    const seconds = expires?.subarray(from, to);
    seconds?.set(gathered(seconds, sorted));
    await slices.pause();
  }
  return { ...elements, count, columns, expires, starts };
}

function gathered(column: Uint32Array, order: Uint32Array): Uint32Array {
  const all = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) all[i] = column[order[i]!]!;
  return all;
}

/** Equal elements are of one share. */
function byShare({ columns, count }: SetElements, shares: number): { readonly order: Uint32Array; readonly starts: Uint32Array } {
  const keys = new Uint32Array(count);
  for (const column of columns) for (let i = 0; i < count; i++) keys[i] = Math.imul(keys[i]! ^ column[i]!, 0x9e3779b1);
  const starts = new Uint32Array(shares + 1);
  // The lowest bits are those of the addresses as they stand.
  for (let i = 0; i < count; i++) starts[((keys[i]! >>> 16) & (shares - 1)) + 1]!++;
  for (let share = 0; share < shares; share++) starts[share + 1]! += starts[share]!;
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[next[(keys[i]! >>> 16) & (shares - 1)]!++] = i;
  return { order, starts };
} // prettier-ignore

export interface ElementDifference {
  /** Positions among the earlier ones. */
  readonly removed: readonly number[];
  /** Positions among the later ones; of those that have another timeout, too. */
  readonly added: readonly number[];
  /** What `expires` of the later ones may be taken for: of an element that has not changed, the later one of both. */
  readonly expires: Uint32Array | null;
}

/** Both of one set: of one family, with ports or without, in as many shares. */
export async function differenceOf(
  before: SortedElements,
  after: SortedElements,
  slices: Slices,
): Promise<ElementDifference> {
  const difference = { removed: [], added: [], expires: after.expires?.slice() ?? null };
  for (let share = 0; share + 1 < after.starts.length; share++) {
    differenceInShare(before, after, share, difference);
    await slices.pause();
  }
  return difference;
}

interface Growing {
  readonly removed: number[];
  readonly added: number[];
  readonly expires: Uint32Array | null;
}

function differenceInShare(
  before: SortedElements,
  after: SortedElements,
  share: number,
  { removed, added, expires }: Growing,
): void {
  let [i, j] = [before.starts[share]!, after.starts[share]!];
  const [oldEnd, newEnd] = [before.starts[share + 1]!, after.starts[share + 1]!];
  while (i < oldEnd || j < newEnd) {
    // What has ended is behind everything.
    const order = i >= oldEnd ? 1 : j >= newEnd ? -1 : compare(before, i, after, j);
    if (order < 0) removed.push(i++);
    else if (order > 0) added.push(j++);
    else {
      const [old, now] = [before.expires?.[i] ?? 0, after.expires?.[j] ?? 0];
      // It cannot have expired between these two seconds both times.
      const isOther = now > old + before.early || old > now + after.early;
      if ((old === 0) !== (now === 0) || isOther) added.push(j);
      else if (expires !== null) expires[j] = Math.max(old, now);
      i++;
      j++;
    }
  }
}

function compare(before: SortedElements, i: number, after: SortedElements, j: number): number {
  for (let c = 0; c < before.columns.length; c++) {
    const difference = before.columns[c]![i]! - after.columns[c]![j]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Elements at `positions`, as they come or go. */
export function changeOf(
  set: SetId,
  op: SetChange['op'],
  { family, columns, ports, expires }: SetElements,
  positions: readonly number[],
): SetChange {
  const words = wordsPerAddress(family);
  const count = positions.length;
  const bound = (first: number): Uint32Array => {
    const all = new Uint32Array(count * words);
    for (let i = 0; i < count; i++)
      for (let w = 0; w < words; w++) all[i * words + w] = columns[first + w]![positions[i]!]!;
    return all;
  };
  const [pair, last] = columns.slice(words * 2);
  const seconds = op === 'add' && expires !== null ? Uint32Array.from(positions, (at) => expires[at]!) : null;
  return {
    set,
    op,
    ranges: { family, count, lo: bound(0), hi: bound(words) },
    ...(ports && {
      ports: {
        protocol: Uint8Array.from(positions, (at) => pair![at]! >>> 16),
        portLo: Uint16Array.from(positions, (at) => pair![at]! & 0xffff),
        portHi: Uint16Array.from(positions, (at) => last![at]!),
      },
    }),
    ...(seconds?.some((second) => second > 0) && { expires: seconds }),
  };
}
