/** The host's clocks. */

/**
 * Nanoseconds since the epoch when CLOCK_MONOTONIC was 0. The monotonic clock is read first: held up in between, elements expire too
 * early rather than too late.
 */
export function readClockZero(): bigint {
  const monotonic = process.hrtime.bigint();
  return BigInt(Date.now()) * 1_000_000n - monotonic;
}
