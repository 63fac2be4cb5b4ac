/** Networks and ranges read in place, as `scanAddress` reads addresses: blocklists have a hundred thousand lines with one each. */
import type { AddressFamily } from './address.js';
import { compareAt, wordsPerAddress } from './address.js';
import { prefixMask } from './prefix.js';
import { scanAddress, scanned } from './scan-address.js';

const [dash, slash] = [45, 47];

/** Where bounds go: columns of them, and the row. */
interface Row {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  readonly row: number;
}

/**
 * Reads `ADDRESS[/LENGTH]` as iptables-save writes it, which fills `text` from `start` to `end`. False where it is written otherwise, or is
 * every address.
 */
export function scanNetwork(
  family: AddressFamily,
  text: string,
  start: number,
  end: number,
  { lo, hi, row }: Row,
): boolean {
  const words = wordsPerAddress(family);
  let bits = words * 32;
  let addressEnd = end;
  for (let at = Math.max(start, end - 4); at < end; at++) if (text.charCodeAt(at) === slash) addressEnd = at;
  if (addressEnd < end) {
    bits = scanLength(text, addressEnd + 1, end);
    if (bits <= 0 || bits > words * 32) return false;
  }
  if (!scanAddress(family, text, start, addressEnd)) return false;
  for (let w = 0; w < words; w++) {
    const mask = prefixMask(bits - w * 32);
    lo[row * words + w] = scanned[w]! & mask;
    hi[row * words + w] = scanned[w]! | ~mask;
  }
  return true;
}

/** Reads `ADDRESS-ADDRESS` likewise; false where it is written otherwise, or the first one is not the lower. */
export function scanRange(
  family: AddressFamily,
  text: string,
  start: number,
  end: number,
  { lo, hi, row }: Row,
): boolean {
  let between = start;
  while (between < end && text.charCodeAt(between) !== dash) between++;
  const words = wordsPerAddress(family);
  const at = row * words;
  if (!scanAddress(family, text, start, between)) return false;
  for (let w = 0; w < words; w++) lo[at + w] = scanned[w]!;
  if (!scanAddress(family, text, between + 1, end)) return false;
  for (let w = 0; w < words; w++) hi[at + w] = scanned[w]!;
  return compareAt(lo, at, hi, at, words) <= 0;
}

/** One to three decimal digits; -1 where something else stands. */
function scanLength(text: string, start: number, end: number): number {
  if (start === end) return -1;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    bits = bits * 10 + digit;
  }
  return bits;
}
