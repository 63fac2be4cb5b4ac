/** Set algebra on inclusive ranges of small numbers (fields of at most 16 bits). */
import type { Ranges } from './match.js';

/** Sorted, disjoint, not adjacent. */
export function normalise(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [lo, hi] of sorted) {
    const last = merged[merged.length - 1];
    if (last && lo <= last[1] + 1) last[1] = Math.max(last[1], hi);
    else merged.push([lo, hi]);
  }
  return merged;
}

/** Everything in 0..max that is not in `ranges`. */
export function complement(ranges: Ranges, max: number): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [lo, hi] of normalise(ranges)) {
    if (lo > next) gaps.push([next, lo - 1]);
    next = hi + 1;
  }
  if (next <= max) gaps.push([next, max]);
  return gaps;
}

/** What lies in both of two ascending lists. */
export const intersection = (some: Ranges, others: Ranges): Ranges =>
  some.flatMap(([low, high]) =>
    others.flatMap(([from, to]): Ranges => {
      const [first, last] = [Math.max(low, from), Math.min(high, to)];
      return first <= last ? [[first, last]] : [];
    }),
  );

/** Normalised views, kept: one merged list is asked about by each of ten thousand rules. */
const views = new WeakMap<Ranges, Ranges>();

function viewOf(ranges: Ranges): Ranges {
  if (ranges.length === 1) return ranges;
  const view = views.get(ranges) ?? normalise(ranges);
  views.set(ranges, view);
  return view;
}

/** Of a normalised list, the last range that begins at or below `value`. */
function floorRange(ranges: Ranges, value: number): Ranges[number] | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![0] <= value) low = middle + 1;
    else high = middle;
  }
  return ranges[low - 1];
}

export function isDisjoint(a: Ranges, b: Ranges): boolean {
  const [few, many] = a.length <= b.length ? [a, viewOf(b)] : [b, viewOf(a)];
  return few.every(([lo, hi]) => (floorRange(many, hi)?.[1] ?? -1) < lo);
}

export function isSubset(a: Ranges, b: Ranges): boolean {
  const outer = viewOf(b);
  return a.every(([lo, hi]) => (floorRange(outer, lo)?.[1] ?? -1) >= hi);
}

/** The values in 0..max for which `holds` is true. */
export function rangesWhere(max: number, holds: (value: number) => boolean): Ranges {
  const ranges: [number, number][] = [];
  for (let value = 0; value <= max; value++) {
    if (!holds(value)) continue;
    const last = ranges[ranges.length - 1];
    if (last && last[1] === value - 1) last[1] = value;
    else ranges.push([value, value]);
  }
  return ranges;
}
