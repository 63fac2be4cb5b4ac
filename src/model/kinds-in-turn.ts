/**
 * Long lists of drops of several kinds in turn (`-s A -j DROP`, `-s B -p tcp --dport P -j DROP`, …): where they may be sorted by kind, so that
 * those of each are a run. Drops of different kinds must not meet the same packet, for each counts its own.
 */
import { compareAt, wordsPerAddress, type AddressFamily, type AddressRanges } from './address.js';
import type { Match, Ranges } from './match.js';

/** Lines of one kind. */
export interface KindRows {
  /** Numbers in the list, ascending: of each source the line that asks for it. */
  readonly rows: Uint32Array;
  /** What they ask of the source. */
  readonly sources: AddressRanges;
  /** What all ask of the protocol; null: nothing. */
  readonly protocols: Ranges | null;
}

/** Fewer changes of kind are left alone. */
export const fewestTurns = 64;

/** It may answer otherwise for each packet, or change something: what asks it keeps its place. */
export const isChanging = ({ kind }: Match): boolean => kind === 'unknown' || kind === 'set';

/** Ranges that may be looked at together: more overlap than it pays. */
const mostLooks = 1_000_000;

/**
 * Numbers before which the list is to be cut, ascending: in no piece do two lines of different kinds ask for one source and one protocol. Null: there are too
 * many such, or so many cuts that little is left between them.
 */
export function cutsBetween(kinds: readonly KindRows[]): readonly number[] | null {
  const pairs: Pair[] = [];
  for (const family of [4, 6] as const) {
    const ofFamily = kinds.filter(({ sources }) => sources.family === family);
    const found = overlapping(ofFamily, family);
    if (found === null) return null;
    for (const pair of found) pairs.push(pair);
  }
  const cuts = cutsFor(pairs);
  return cuts.length * fewestTurns > kinds.reduce((sum, { rows }) => sum + rows.length, 0) ? null : cuts;
}

/** Numbers of two in a list that must keep their order. */
export type Pair = readonly [before: number, after: number];

/** Where to cut the list so that the two of no pair stand in one piece. */
export function cutsFor(pairs: readonly Pair[]): number[] {
  const cuts: number[] = [];
  let last = 0;
  for (const [before, after] of pairs.toSorted((a, b) => a[1] - b[1])) if (last <= before) cuts.push((last = after));
  return cuts;
}

interface Range {
  readonly kind: number;
  readonly at: number;
}

/** Pairs of lines of different kinds, the earlier one first. */
function overlapping(kinds: readonly KindRows[], family: AddressFamily): Pair[] | null {
  const words = wordsPerAddress(family);
  const ranges = kinds.flatMap(({ rows }, kind) => Array.from(rows, (_, at): Range => ({ kind, at })));
  const areApart = ({ kind }: Range, other: Range): boolean =>
    kind === other.kind || areDisjoint(kinds[kind]!.protocols, kinds[other.kind]!.protocols);
  const lowOf = ({ kind }: Range): Uint32Array => kinds[kind]!.sources.lo;
  ranges.sort((a, b) => compareAt(lowOf(a), a.at * words, lowOf(b), b.at * words, words));
  const pairs: Pair[] = [];
  let open: Range[] = [];
  let looks = 0;
  for (const range of ranges) {
    const { sources, rows } = kinds[range.kind]!;
    const still: Range[] = [];
    for (const other of open) {
      if (++looks > mostLooks) return null;
      const { sources: theirs, rows: numbers } = kinds[other.kind]!;
      if (compareAt(theirs.hi, other.at * words, sources.lo, range.at * words, words) < 0) continue;
      still.push(other);
      if (areApart(range, other)) continue;
      const [one, two] = [rows[range.at]!, numbers[other.at]!];
      pairs.push(one < two ? [one, two] : [two, one]);
    }
    still.push(range);
    open = still;
  }
  return pairs;
}

/** No packet is of two of these protocols; null: of any. */
export const areApart = (protocols: readonly (Ranges | null)[]): boolean =>
  protocols.every((one, i) => protocols.slice(i + 1).every((other) => areDisjoint(one, other)));

const areDisjoint = (one: Ranges | null, other: Ranges | null): boolean =>
  one !== null && other !== null && one.every(([low, high]) => other.every(([from, to]) => high < from || to < low));
