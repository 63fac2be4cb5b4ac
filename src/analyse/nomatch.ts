/**
 * hash:net with `nomatch`: the most specific prefix that contains an address decides (`hash_net_test`, Linux 6.18, tries prefix
 * lengths from longest to shortest), so exceptions punch holes that more specific elements may fill again.
 */
import type { AddressFamily, AddressRanges } from '../model/address.js';
import { wordsPerAddress } from '../model/address.js';
import { addressAt } from './address-index.js';

interface Prefix {
  readonly lo: bigint;
  readonly hi: bigint;
  readonly match: boolean;
}

/** The addresses that match, as disjoint ascending ranges; null when an element is no prefix, so that "most specific" is not clear. */
export function flattenNomatch(ranges: AddressRanges, nomatch: Uint8Array): AddressRanges | null {
  const prefixes: Prefix[] = [];
  for (let i = 0; i < ranges.count; i++) {
    prefixes.push({
      lo: BigInt(addressAt(ranges, ranges.lo, i)),
      hi: BigInt(addressAt(ranges, ranges.hi, i)),
      match: nomatch[i] !== 1,
    });
  }
  if (!prefixes.every(isPrefix)) return null;
  // Prefixes nest or are disjoint: sorted by start, wider first, the enclosing ones form a stack.
  prefixes.sort((a, b) => (a.lo < b.lo ? -1 : a.lo > b.lo ? 1 : a.hi > b.hi ? -1 : a.hi < b.hi ? 1 : 0));
  return toColumns(ranges.family, sweep(prefixes));
}

function isPrefix({ lo, hi }: Prefix): boolean {
  const hostBits = lo ^ hi;
  return (hostBits & (hostBits + 1n)) === 0n && (lo & hostBits) === 0n;
}

function sweep(prefixes: readonly Prefix[]): [bigint, bigint][] {
  const matched: [bigint, bigint][] = [];
  const open: Prefix[] = [];
  let at = 0n;
  const emit = (until: bigint): void => {
    if (until >= at && open[open.length - 1]?.match === true) matched.push([at, until]);
    if (until >= at) at = until + 1n;
  };
  const closeBefore = (start: bigint | null): void => {
    for (let top = open[open.length - 1]; top && (start === null || top.hi < start); top = open[open.length - 1]) {
      emit(top.hi);
      open.pop();
    }
  };
  for (const prefix of prefixes) {
    closeBefore(prefix.lo);
    emit(prefix.lo - 1n);
    at = prefix.lo;
    open.push(prefix);
  }
  closeBefore(null);
  return matched;
}

function toColumns(family: AddressFamily, list: readonly (readonly [bigint, bigint])[]): AddressRanges {
  const words = wordsPerAddress(family);
  const lo = new Uint32Array(list.length * words);
  const hi = new Uint32Array(list.length * words);
  list.forEach(([low, high], i) => {
    for (let w = 0; w < words; w++) {
      const shift = BigInt((words - 1 - w) * 32);
      lo[i * words + w] = Number((low >> shift) & 0xffffffffn);
      hi[i * words + w] = Number((high >> shift) & 0xffffffffn);
    }
  });
  return { family, count: list.length, lo, hi };
}
