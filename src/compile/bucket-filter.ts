/**
 * Whether an address may be in buckets: a bit for each stretch of hashes, many for each address, so that most of what is in none is told by
 * it. bpf/lookup.h reads it.
 */
import { hashAddress, scale } from './address-hash.js';
import { crossovers } from './crossovers.js';

export interface BucketFilter {
  readonly words: Uint32Array;
  readonly bits: number;
}

/** Number of the bit that says whether the address may be in buckets. */
export const filterBit = (address: number, seed: number, bits: number): number =>
  scale(hashAddress(address, seed), bits);

/** `spare`: addresses that may come. */
export function bucketFilter(addresses: Uint32Array, spare: number, seed: number): BucketFilter {
  const bits = filterBits(addresses.length + spare);
  const words = new Uint32Array(bits / 32);
  for (const address of addresses) {
    const bit = filterBit(address, seed, bits);
    words[bit >>> 5]! |= 1 << (bit & 31);
  }
  return { words, bits };
}

/** As many for each address as stay in the cache, within bounds; a multiple of 64. */
function filterBits(addresses: number): number {
  const { most, least, cached } = crossovers.filterBits;
  return Math.ceil(Math.min(addresses * most, Math.max(addresses * least, cached)) / 64) * 64;
}
