/** Where lines that could differ in several values differ in one address only, be it a MAC address, they are runs of their own: a table of addresses answers sooner. Lines without addresses differ in ports. */
import { wordsPerAddress, type AddressRanges } from './address.js';
import type { AddressLists } from './address-lists.js';
import { isAddressColumn, type PortLists, type RuleColumn } from './rule-columns.js';

export interface Stretch {
  /** From one up to another. */
  readonly rows: readonly [from: number, to: number];
  /** Columns in which they differ, one of addresses among them if there is any. */
  readonly varying: readonly number[];
}

/** Among lines that differ in more, fewer are no run. */
const shortest = 64;

/** In order; all rows from `from` up to `to`. */
export function stretches(columns: readonly RuleColumn[], from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  let pending = from;
  const all = [...columns.keys()];
  if (!columns.some(isAddress)) return [{ rows: [from, to], varying: differing(columns, all, from, to) }];
  const putPending = (end: number): void => {
    if (end > pending) found.push({ rows: [pending, end], varying: differing(columns, all, pending, end) });
  };
  for (let at = from; at < to;) {
    let longest = at;
    let best = 0;
    let shortestEnd = to;
    for (const i of all) {
      if (!isAddress(columns[i]!)) continue;
      const end = endOfStretch(columns, i, at, to);
      if (end > longest) {
        longest = end;
        best = i;
      }
      shortestEnd = Math.min(shortestEnd, end);
    }
    if (longest - at < shortest && (at > from || longest < to)) {
      at = shortestEnd;
      continue;
    }
    putPending(at);
    found.push({ rows: [at, longest], varying: [best] });
    at = pending = longest;
  }
  putPending(to);
  return found;
}

/** Up to which row nothing but that column changes. */
function endOfStretch(columns: readonly RuleColumn[], varying: number, at: number, to: number): number {
  let end = at + 1;
  while (end < to && columns.every((column, i) => i === varying || isSame(column, at, end))) end++;
  return end;
}

/** What changes; at least one column, of addresses if there is any. */
function differing(columns: readonly RuleColumn[], all: readonly number[], from: number, to: number): number[] {
  const changing = all.filter((i) => {
    for (let row = from + 1; row < to; row++) if (!isSame(columns[i]!, from, row)) return true;
    return false;
  });
  const holdsAddress = (i: number): boolean => isAddress(columns[i]!);
  if (changing.some(holdsAddress)) return changing;
  const address = all.find(holdsAddress);
  if (address !== undefined) return [address, ...changing];
  return changing.length > 0 ? changing : all.slice(0, 1);
}

const isAddress = (column: RuleColumn): boolean => isAddressColumn(column) || 'addresses' in column;

function isSame(column: RuleColumn, row: number, other: number): boolean {
  if ('addresses' in column) return column.addresses[row] === column.addresses[other];
  if ('lo' in column) return column.lo[row] === column.lo[other] && column.hi[row] === column.hi[other];
  if ('lists' in column) return isSameList(column.lists, row, other);
  return isSameRange(column.ranges, row, other);
}

function isSameRange({ family, lo, hi }: AddressRanges, row: number, other: number): boolean {
  const words = wordsPerAddress(family);
  for (let w = 0; w < words; w++)
    if (lo[row * words + w] !== lo[other * words + w] || hi[row * words + w] !== hi[other * words + w]) return false;
  return true;
}

function isSameList(lists: PortLists | AddressLists, row: number, other: number): boolean {
  const { starts } = lists;
  const [one, two] = [starts[row]!, starts[other]!];
  const size = starts[row + 1]! - one;
  if (starts[other + 1]! - two !== size) return false;
  for (let i = 0; i < size; i++) {
    const isEqual =
      'ranges' in lists
        ? isSameRange(lists.ranges, one + i, two + i)
        : lists.lo[one + i] === lists.lo[two + i] && lists.hi[one + i] === lists.hi[two + i];
    if (!isEqual) return false;
  }
  return true;
}
