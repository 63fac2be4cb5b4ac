/** Set algebra on inclusive ranges of small numbers (fields of at most 16 bits). */
import type { Ranges } from '../model/match.js';

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

export function intersect(a: Ranges, b: Ranges): Ranges {
  const result: [number, number][] = [];
  for (const [lo, hi] of a) {
    for (const [lo2, hi2] of b) {
      const low = Math.max(lo, lo2);
      const high = Math.min(hi, hi2);
      if (low <= high) result.push([low, high]);
    }
  }
  return normalise(result);
}

export function isSubset(a: Ranges, b: Ranges): boolean {
  const outer = normalise(b);
  return a.every(([lo, hi]) => outer.some(([lo2, hi2]) => lo2 <= lo && hi <= hi2));
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
