/**
 * Long lists of drops of several kinds in turn (`-s A -j DROP`, `-s B -p tcp --dport P -j DROP`, …): where they may be sorted by kind, so that
 * those of each are a run. Drops of different kinds must not meet the same packet, for each counts its own.
 */
import type { AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';

/** Lines of one kind. */
export interface KindRows {
  /** Their numbers in the list, ascending. */
  readonly rows: Uint32Array;
  /** What each asks of the source. */
  readonly sources: AddressRanges;
}

/** Fewer changes of kind are left alone. */
export const fewestTurns = 64;

/** Ranges that may be looked at together: more overlap than it pays. */
const mostLooks = 1_000_000;

/**
 * Numbers before which the list is to be cut, ascending: in no piece do two lines of different kinds ask for one source. Null: there are too
 * many such.
 */
export function cutsBetween(kinds: readonly KindRows[]): readonly number[] | null {
  const pairs: (readonly [number, number])[] = [];
  for (const family of [4, 6] as const) {
    const found = overlapping(kinds.filter(({ sources }) => sources.family === family));
    if (found === null) return null;
    for (const pair of found) pairs.push(pair);
  }
  const cuts: number[] = [];
  let last = 0;
  for (const [before, after] of pairs.sort((a, b) => a[1] - b[1])) if (last <= before) cuts.push((last = after));
  return cuts;
}

interface Range {
  readonly kind: number;
  readonly at: number;
}

/** Pairs of lines of different kinds, the earlier one first. */
function overlapping(kinds: readonly KindRows[]): (readonly [number, number])[] | null {
  const ranges = kinds.flatMap(({ rows }, kind) => Array.from(rows, (_, at): Range => ({ kind, at })));
  ranges.sort((a, b) => compare(kinds[a.kind]!.sources.lo, a.at, kinds[b.kind]!.sources.lo, b.at, kinds[0]!.sources));
  const pairs: (readonly [number, number])[] = [];
  let open: Range[] = [];
  let looks = 0;
  for (const range of ranges) {
    const { sources, rows } = kinds[range.kind]!;
    const still: Range[] = [];
    for (const other of open) {
      if (++looks > mostLooks) return null;
      const { sources: theirs, rows: numbers } = kinds[other.kind]!;
      if (compare(theirs.hi, other.at, sources.lo, range.at, sources) < 0) continue;
      still.push(other);
      if (other.kind === range.kind) continue;
      const [one, two] = [rows[range.at]!, numbers[other.at]!];
      pairs.push(one < two ? [one, two] : [two, one]);
    }
    still.push(range);
    open = still;
  }
  return pairs;
}

function compare(a: Uint32Array, i: number, b: Uint32Array, j: number, { family }: AddressRanges): number {
  const words = wordsPerAddress(family);
  for (let w = 0; w < words; w++) {
    const difference = a[i * words + w]! - b[j * words + w]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
