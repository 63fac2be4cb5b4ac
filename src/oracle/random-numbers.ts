/** Mulberry32: small, seeded, the same everywhere. */

/** @returns A function of uniform integers in [0, bound). */
export function randomNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * bound);
  };
}

/** At most `limit` of 0..count-1: all when they are few, else spread evenly with the ends kept. */
export function spread(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  if (limit <= 1) return [0];
  return Array.from({ length: limit }, (_, i) => Math.floor((i * (count - 1)) / (limit - 1)));
}
