/**
 * Which bit of the rows is a step's. Where no step sends the search elsewhere, steps need not stand in their order: those that name narrow
 * sources and destinations stand apart from those that leave one of them open. A row of a source then has bits nearly everywhere only where
 * the rows of destinations have few, and the other way round, so that few words are left to look at. Each cluster keeps the order of its
 * steps, and of what is found in the clusters the step with the lowest number decides (bpf/search.h).
 */
import type { AddressRanges } from '../model/address.js';
import type { Atom, Step, StepProgram } from '../plan/program.js';
import { clusterBounds } from './abi.js';
import { groupShift, rowWords } from './rows.js';

export interface Placement {
  /** Bit of each step. */
  readonly positions: Uint16Array;
  /** u64s of a row. */
  readonly words: number;
  /** A bit of a row's summary stands for 1 << groupShift words. */
  readonly groupShift: number;
  /** First group of each cluster but the first; null: steps stand in their order. */
  readonly clusters: readonly number[] | null;
}

/** What asks conntrack, then what is narrow in both addresses, in one of them, in neither. */
const clusterCount = clusterBounds + 1;

export function placeSteps(program: StepProgram): Placement {
  const { steps } = program;
  const words = rowWords(steps.length);
  if (words === 1 || steps.some((step) => searchesOn(program, step) && step.outcome.kind !== 'ask'))
    return { positions: Uint16Array.from(steps.keys()), words, groupShift: groupShift(words), clusters: null };
  return placeInClusters(program, new Set());
}

/** Those steps have no rows: they stand in their order, behind what has rows. */
export function placeInClusters({ steps, atoms }: StepProgram, listed: ReadonlySet<number>): Placement {
  const narrow = atoms.map(isNarrow);
  const clusters = steps.map((step, number) => (listed.has(number) ? null : clusterOf(step, atoms, narrow)));
  const sizes = new Array<number>(clusterCount).fill(0);
  for (const cluster of clusters) if (cluster !== null) sizes[cluster]!++;
  for (let shift = 0; ; shift++) {
    const groups = sizes.map((size) => Math.ceil(size / (64 << shift)));
    const starts = groups.map((_, k) => groups.slice(0, k).reduce((sum, size) => sum + size, 0));
    const total = starts[clusterCount - 1]! + groups[clusterCount - 1]!;
    if (total > 64) continue;
    // Rows of one word have no summaries, by which clusters are searched.
    const words = total === 1 ? 2 : total << shift;
    const next = starts.map((group) => (group << shift) * 64);
    const positions = Uint16Array.from(clusters, (cluster, number) =>
      cluster === null ? words * 64 + number : next[cluster]!++,
    );
    return { positions, words, groupShift: shift, clusters: starts.slice(1) };
  }
}

/** Whether rows have a bit for the step. */
export const hasRow = ({ positions, words }: Placement, step: number): boolean => positions[step]! < words * 64;

/** Whether the step does not decide: the search goes on behind it. A skip to the end decides. */
export const searchesOn = ({ steps }: StepProgram, { outcome }: Step): boolean =>
  outcome.kind !== 'drop' && outcome.kind !== 'pass' && !(outcome.kind === 'skip' && outcome.to === steps.length);

function clusterOf({ when, outcome }: Step, atoms: readonly Atom[], narrow: readonly boolean[]): number {
  if (outcome.kind === 'ask') return 0;
  const isNarrowIn = (side: 'saddr' | 'daddr'): boolean =>
    when.some(({ atom, negate }) => !negate && narrow[atom]! && atoms[atom]!.field === side);
  return 1 + (isNarrowIn('saddr') ? 0 : 2) + (isNarrowIn('daddr') ? 0 : 1);
}

/** Less than a /8 in all. */
function isNarrow(atom: Atom): boolean {
  return atom.kind === 'addresses' && shareOf(atom.ranges) < 1 / 256;
}

/** Share of all addresses, by their first 32 bits. */
function shareOf({ family, count, lo, hi }: AddressRanges): number {
  const words = family === 4 ? 1 : 4;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += hi[i * words]! - lo[i * words]! + 1;
  return sum / 2 ** 32;
}
