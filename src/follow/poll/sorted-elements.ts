/** Elements of a set in the order of their keys, as columns, and what differs between two of them. */
import { sortByColumns } from '../../compile/radix-sort.js';
import { wordsPerAddress, type AddressFamily, type AddressRanges } from '../../model/address.js';
import type { NamedSet, SetId, SetPart } from '../../model/set.js';
import type { SetChange } from '../../update/set-change.js';

export interface SortedElements {
  readonly family: AddressFamily;
  readonly count: number;
  /** First and last address, a column for each word; then, with `ports`, protocol << 16 | first port, and the last port. */
  readonly columns: readonly Uint32Array[];
  readonly ports: boolean;
  /** Second since the epoch at which each element expires, or later; 0: it stays. Null: all stay. */
  readonly expires: Uint32Array | null;
  /** Seconds by which `expires` may be early. */
  readonly early: number;
}

type Ports = Extract<SetPart, { readonly kind: 'port' }>;

/** `asOf`: second since the epoch at which elements had what they have left, or more. Null: columns do not say what is in the set. */
export function sortedElements(set: NamedSet, asOf: number, early: number): SortedElements | null {
  const parts = partsOf(set);
  if (parts === null || set.kind === 'opaque' || set.kind === 'list' || set.nomatch !== null) return null;
  const { ranges, ports } = parts;
  const { family, count } = ranges;
  const unsorted = columnsOf(ranges, ports);
  const order = sortByColumns(unsorted, count);
  const gather = (column: Uint32Array): Uint32Array => {
    const sorted = new Uint32Array(count);
    for (let i = 0; i < count; i++) sorted[i] = column[order[i]!]!;
    return sorted;
  };
  const { timeout } = set;
  let expires: Uint32Array | null = null;
  if (timeout !== null) {
    expires = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const left = timeout[order[i]!]!;
      expires[i] = left === 0 ? 0 : Math.min(0xffffffff, asOf + left);
    }
  }
  return { family, count, columns: unsorted.map(gather), ports: ports !== null, expires, early };
}

/** Sets of addresses, and of pairs of address and port. */
function partsOf(set: NamedSet): { readonly ranges: AddressRanges; readonly ports: Ports | null } | null {
  if (set.kind === 'addresses') return { ranges: set.ranges, ports: null };
  if (set.kind !== 'tuples' || set.parts.length !== 2) return null;
  const [first, second] = set.parts;
  return first?.kind === 'address' && second?.kind === 'port' ? { ranges: first.ranges, ports: second } : null;
}

function columnsOf({ family, count, lo, hi }: AddressRanges, ports: Ports | null): Uint32Array[] {
  const words = wordsPerAddress(family);
  const word = (from: Uint32Array, w: number): Uint32Array => {
    const column = new Uint32Array(count);
    for (let i = 0; i < count; i++) column[i] = from[i * words + w]!;
    return column;
  };
  const columns = [lo, hi].flatMap((bound) => Array.from({ length: words }, (_, w) => word(bound, w)));
  if (ports === null) return columns;
  const { protocol, portLo, portHi } = ports;
  return [
    ...columns,
    Uint32Array.from({ length: count }, (_, i) => protocol[i]! * 65536 + portLo[i]!),
    Uint32Array.from(portHi.subarray(0, count)),
  ];
}

export interface ElementDifference {
  /** Positions among the earlier ones. */
  readonly removed: readonly number[];
  /** Positions among the later ones; of those that have another timeout, too. */
  readonly added: readonly number[];
  /** What `expires` of the later ones may be taken for: of an element that has not changed, the later one of both. */
  readonly expires: Uint32Array | null;
}

/** Both of one set: of one family, with ports or without. */
export function differenceOf(before: SortedElements, after: SortedElements): ElementDifference {
  const removed: number[] = [];
  const added: number[] = [];
  const expires = after.expires?.slice() ?? null;
  let [i, j] = [0, 0];
  while (i < before.count || j < after.count) {
    const order = compare(before, i, after, j);
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
  return { removed, added, expires };
}

/** What has ended is behind everything. */
function compare(before: SortedElements, i: number, after: SortedElements, j: number): number {
  if (i >= before.count) return 1;
  if (j >= after.count) return -1;
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
  { family, columns, ports, expires }: SortedElements,
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
