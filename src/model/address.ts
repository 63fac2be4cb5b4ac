/**
 * Addresses as columns. A million-element set must not become a million objects, so every list of addresses in the
 * model is a pair of typed arrays of inclusive bounds.
 */

/** Address width: 4 is IPv4, 6 is IPv6. */
export type AddressFamily = 4 | 6;

/** 32-bit words per address: 1 for IPv4, 4 for IPv6. */
export const wordsPerAddress = (family: AddressFamily): 1 | 4 => (family === 4 ? 1 : 4);

/**
 * Inclusive address ranges, in input order, not merged and not sorted.
 * Word order: most significant word first; each word in host order (so 192.0.2.1 is 0xc0000201).
 * `lo` and `hi` hold `count * wordsPerAddress(family)` words.
 */
export interface AddressRanges {
  readonly family: AddressFamily;
  readonly count: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** Order of two addresses that begin at these words; negative: the first is lower. */
export function compareAt(a: Uint32Array, at: number, b: Uint32Array, bt: number, words: number): number {
  for (let i = 0; i < words; i++) {
    const difference = a[at + i]! - b[bt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
