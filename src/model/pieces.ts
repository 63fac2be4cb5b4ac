/** Lists of several kinds of lines in turn, as runs: between places where it is cut, the lines of each kind stand together. */
import { areApart, cutsBetween, isChanging, type KindRows } from './kinds-in-turn.js';
import type { Part, Ranges } from './match.js';
import { stretches } from './stretches.js';
import { allAddresses, type RuleColumn } from './rule-columns.js';

/** Fewer lines are as well taken one by one. */
export const fewest = 16;

/** What lines of a kind have in common. */
export interface KindShape {
  /** Of the first of them. */
  readonly parts: readonly Part[];
  /** Parts in which they may differ. */
  readonly holding: readonly number[];
}

/** Lines of one kind among others. */
export interface Kind extends KindShape {
  /** Their numbers in the list, ascending. */
  readonly rows: Uint32Array;
  /** What each asks for in the fields that differ. */
  readonly values: readonly RuleColumn[];
  /** Those to be taken by themselves. */
  readonly odd: readonly number[];
}

export interface Takers<K> {
  /** Lines of a kind from one up to another, and columns in which they differ. */
  readonly run: (kind: K, from: number, to: number, varying: readonly number[]) => void;
  /** A line by its number in the list. */
  readonly single: (row: number) => void;
}

/** Lines before `to`, by kind between cuts and those to be taken by themselves. */
export function putPieces<K extends Kind>(
  kinds: readonly K[],
  to: number,
  cuts: readonly number[],
  takers: Takers<K>,
): void {
  const ends = new Set(cuts);
  for (const { rows, odd } of kinds) for (const i of odd) ends.add(rows[i]!).add(rows[i]! + 1);
  const next = kinds.map(() => 0);
  for (const end of [...ends.add(to)].sort((a, b) => a - b)) {
    const single: number[] = [];
    kinds.forEach((kind, k) => {
      const begin = next[k]!;
      let stop = begin;
      while (stop < kind.rows.length && kind.rows[stop]! < end) stop++;
      next[k] = stop;
      for (const row of putRuns(kind, begin, stop, takers)) single.push(row);
    });
    for (const row of single.sort((a, b) => a - b)) takers.single(row);
  }
}

/** Lines from one up to another around those to be taken by themselves. False, and nothing is done, where there are none of these. */
export function putAroundOdd(
  kinds: readonly Kind[],
  [from, to]: readonly [number, number],
  { between, single }: { readonly between: (from: number, to: number) => void } & Pick<Takers<Kind>, 'single'>,
): boolean {
  const odd = kinds.flatMap((kind) => kind.odd.map((i) => kind.rows[i]!)).sort((a, b) => a - b);
  let begin = from;
  for (const row of odd) {
    between(begin, row);
    single(row);
    begin = row + 1;
  }
  if (odd.length > 0) between(begin, to);
  return odd.length > 0;
}

/** Which lines are too few for a run. */
function putRuns<K extends Kind>(kind: K, begin: number, end: number, { run }: Takers<K>): number[] {
  const { rows, values } = kind;
  if (end - begin < fewest) return [...rows.subarray(begin, end)];
  const single: number[] = [];
  for (const { rows: own, varying } of stretches(values, begin, end))
    if (own[1] - own[0] < fewest) single.push(...rows.subarray(...own));
    else run(kind, ...own, varying);
  return single;
}

/** By what they ask of it drops of several kinds may be told apart, so that no packet meets two of different kinds; null: by nothing, or they keep their place. */
export type Told = 'source' | 'protocol' | null;

export function toldBy(shape: KindShape): Told {
  if (shape.parts.some((part) => 'match' in part && isChanging(part.match))) return null;
  if (shape.holding.some((at) => namesSources(shape.parts[at]!))) return 'source';
  return protocolsOf(shape) === null ? null : 'protocol';
}

/** Where a list is to be cut to be sorted by kind; null: it keeps its order. */
export function cutsOf(
  told: Told,
  shapes: readonly KindShape[],
  kinds: () => readonly Kind[],
): readonly number[] | null {
  if (told === 'protocol') return areApart(shapes.map(protocolsOf)) ? [] : null;
  return told === 'source' ? cutsBetween(kinds().map(kindRows)) : null;
}

function kindRows(kind: Kind): KindRows {
  for (const column of kind.values)
    if (column.field === 'saddr')
      return { rows: rowsOf(kind, column), sources: allAddresses(column), protocols: protocolsOf(kind) };
  throw new Error('bug: lines of a kind that names no sources');
}

/** The line of each range. */
function rowsOf({ rows }: Kind, column: RuleColumn): Uint32Array {
  if (!('lists' in column)) return rows;
  const { starts } = column.lists;
  const own = new Uint32Array(starts[rows.length]!);
  rows.forEach((row, i) => own.fill(row, starts[i], starts[i + 1]));
  return own;
}

const namesSources = (part: Part): boolean =>
  'match' in part && part.match.kind === 'address' && part.match.field === 'saddr' && !part.match.negate;

const eitherProtocol: Ranges = [6, 17].map((protocol) => [protocol, protocol]);

function protocolsOf({ parts, holding }: KindShape): Ranges | null {
  for (const [at, part] of parts.entries())
    if ('match' in part && part.match.kind === 'protocol' && !part.match.negate)
      return holding.includes(at) ? eitherProtocol : part.match.protocols;
  return null;
}
