/** Room that is left free in the tables, so that elements can be added and removed in place (src/update). */
import type { Prefilter } from '../plan/program.js';

export interface Spare {
  /** Second since the epoch at which the tables are built: what is added expires later. */
  readonly now: number;
  /** Elements that each table of a followed field may get. */
  readonly elements: number;
  /** Elements of sets with counters that may be added in all. */
  readonly counters: number;
  /** Classes of each followed field: combinations of sets that no element is in yet. */
  readonly classes: number;
  /** Times at which added elements expire; where elements have counters, one for each. */
  readonly expiries: number;
}

const leastElements = 4096;

/** For a tenth more elements than there are, and some thousands at least. */
export function spareFor({ ip, ip6 }: Prefilter, now: number): Spare {
  let most = 0;
  let counts = false;
  for (const atom of [...ip.atoms, ...ip6.atoms]) {
    if (atom.live === undefined || atom.kind === 'values' || atom.kind === 'macs') continue;
    most = Math.max(most, atom.kind === 'tuples' ? atom.count : atom.ranges.count);
    counts ||= atom.counters !== null;
  }
  const elements = Math.max(leastElements, Math.ceil(most / 10));
  return { now, elements, counters: counts ? elements : 0, classes: 64, expiries: elements * 4 };
}
