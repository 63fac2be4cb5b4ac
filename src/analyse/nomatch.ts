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
  /** Second since the epoch until which it is there; `Infinity`: for good. */
  readonly end: number;
}

/** Disjoint ascending ranges; `expires` beside them where they do, seconds since the epoch, 0 for never. */
export interface Flat {
  readonly ranges: AddressRanges;
  readonly expires?: Uint32Array;
}

/**
 * The addresses that match; null when an element is no prefix, so that "most specific" is not clear. With `ends` (seconds since the epoch,
 * 0 for never), those that certainly match at any time: an exception counts for good, and where a prefix has expired the one around it decides.
 */
export function flattenNomatch(ranges: AddressRanges, nomatch: Uint8Array, ends: Uint32Array | null): Flat | null {
  const prefixes: Prefix[] = [];
  for (let i = 0; i < ranges.count; i++) {
    prefixes.push({
      lo: BigInt(addressAt(ranges, ranges.lo, i)),
      hi: BigInt(addressAt(ranges, ranges.hi, i)),
      match: nomatch[i] !== 1,
      end: ends?.[i] || Infinity,
    });
  }
  if (!prefixes.every(isPrefix)) return null;
  // Prefixes nest or are disjoint: sorted by start, wider first, the enclosing ones form a stack.
  prefixes.sort((a, b) => (a.lo < b.lo ? -1 : a.lo > b.lo ? 1 : a.hi > b.hi ? -1 : a.hi < b.hi ? 1 : 0));
  const matched = sweep(prefixes);
  const columns = toColumns(ranges.family, matched);
  if (ends === null) return { ranges: columns };
  return { ranges: columns, expires: Uint32Array.from(matched, ({ end }) => (end === Infinity ? 0 : end)) };
}

function isPrefix({ lo, hi }: Prefix): boolean {
  const hostBits = lo ^ hi;
  return (hostBits & (hostBits + 1n)) === 0n && (lo & hostBits) === 0n;
}

interface Matched {
  readonly lo: bigint;
  readonly hi: bigint;
  readonly end: number;
}

function sweep(prefixes: readonly Prefix[]): Matched[] {
  const matched: Matched[] = [];
  const open: Prefix[] = [];
  let at = 0n;
  const emit = (until: bigint): void => {
    const end = untilException(open);
    if (until >= at && end > 0) matched.push({ lo: at, hi: until, end });
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

/** Until when one of the innermost prefixes, up to the first exception, is there; 0: the innermost is an exception. */
function untilException(open: readonly Prefix[]): number {
  let end = 0;
  for (let i = open.length - 1; i >= 0; i--) {
    const prefix = open[i];
    if (prefix?.match !== true) break;
    end = Math.max(end, prefix.end);
  }
  return end;
}

function toColumns(family: AddressFamily, list: readonly Matched[]): AddressRanges {
  const words = wordsPerAddress(family);
  const lo = new Uint32Array(list.length * words);
  const hi = new Uint32Array(list.length * words);
  list.forEach(({ lo: low, hi: high }, i) => {
    for (let w = 0; w < words; w++) {
      const shift = BigInt((words - 1 - w) * 32);
      lo[i * words + w] = Number((low >> shift) & 0xffffffffn);
      hi[i * words + w] = Number((high >> shift) & 0xffffffffn);
    }
  });
  return { family, count: list.length, lo, hi };
}
