/** The hash of an IPv4 address, and a place by it. */

/** bpf/lookup.h computes the same. */
export function hashAddress(address: number, seed: number): number {
  let h = Math.imul(address ^ seed, 0x9e3779b1);
  h ^= h >>> 15;
  return Math.imul(h, 0x85ebca6b) >>> 0;
}

/** floor(hash * n / 2^32), exact for n below 2^29. */
export const scale = (hash: number, n: number): number =>
  Math.floor(((hash >>> 16) * n + Math.floor(((hash & 0xffff) * n) / 65536)) / 65536);
