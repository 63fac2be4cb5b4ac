/** Addresses read in place, without a string or an array for each: sets have a million of them. */
import type { AddressFamily } from './address.js';

/** Where `scanAddress` puts the words of the address, most significant first, each in host order. */
export const scanned = new Uint32Array(4);

/**
 * Reads the address that fills `text` from `start` to `end` into `scanned`; false where it is none. IPv4 is four decimal bytes
 * (a leading zero would be octal to ipset's inet_aton: not read), IPv6 as inet_pton has it but for an embedded dotted quad.
 */
export function scanAddress(family: AddressFamily, text: string, start: number, end: number): boolean {
  return family === 4 ? scanIpv4(text, start, end) : scanIpv6(text, start, end);
}

function scanIpv4(text: string, start: number, end: number): boolean {
  let word = 0;
  let byte = 0;
  let digits = 0;
  let dots = 0;
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === 46) {
      if (digits === 0 || ++dots > 3) return false;
      word = word * 256 + byte;
      byte = digits = 0;
    } else if (c >= 48 && c <= 57) {
      if (digits > 0 && byte === 0) return false;
      byte = byte * 10 + c - 48;
      digits++;
      if (byte > 255) return false;
    } else return false;
  }
  if (dots !== 3 || digits === 0) return false;
  scanned[0] = word * 256 + byte;
  return true;
}

const groups = new Uint16Array(8);

function scanIpv6(text: string, start: number, end: number): boolean {
  let count = 0;
  let gap = -1;
  let at = start;
  if (text.charCodeAt(at) === 58) {
    if (text.charCodeAt(at + 1) !== 58) return false;
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count === 8) return false;
    let group = 0;
    let digits = 0;
    for (; at < end && digits <= 4; at++, digits++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (digits === 0 || digits > 4) return false;
    groups[count++] = group;
    if (at === end) break;
    if (text.charCodeAt(at++) !== 58 || at === end) return false;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const zeros = 8 - count;
  const group = (i: number): number => {
    if (gap < 0 || i < gap) return groups[i]!;
    return i < gap + zeros ? 0 : groups[i - zeros]!;
  };
  for (let word = 0; word < 4; word++) scanned[word] = group(word * 2) * 65536 + group(word * 2 + 1);
  return true;
}

/** -1 where it is none. */
export function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 97 && c <= 102) return c - 87;
  return c >= 65 && c <= 70 ? c - 55 : -1;
}
