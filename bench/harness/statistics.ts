/** Medians and spread of samples that were taken in turns. */

/** Value at a fraction (0 to 1) of the sorted samples, between neighbours in proportion. NaN of nothing. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** The middle half of the samples lies between `low` and `high`. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export const spreadOf = (samples: readonly number[]): Spread => ({
  median: median(samples),
  low: quantile(samples, 0.25),
  high: quantile(samples, 0.75),
});

/**
 * The median of what `compare` says of each round. Samples of one round were taken close to each other, so what slowed the machine for a
 * while cancels out; the medians of both series would not have that.
 */
export function paired(a: readonly number[], b: readonly number[], compare: (a: number, b: number) => number): number {
  const rounds = Math.min(a.length, b.length);
  return median(Array.from({ length: rounds }, (_, i) => compare(a[i]!, b[i]!)));
}
