/** The host's clocks. */

/** CLOCK_MONOTONIC, in nanoseconds: the clock of programs. */
export const monotonicNow = (): bigint => process.hrtime.bigint();

/**
 * Nanoseconds since the epoch when CLOCK_MONOTONIC was 0. The monotonic clock is read first: held up in between, elements expire too
 * early rather than too late.
 *
 * @param now Milliseconds since the epoch that it is taken to be now; null: by the host's clock.
 */
export function readClockZero(now: number | null = null): bigint {
  const monotonic = monotonicNow();
  return BigInt(Math.floor(now ?? Date.now())) * 1_000_000n - monotonic;
}
