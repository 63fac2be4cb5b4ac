/** Addresses read in place, without a string or an array for each: sets have a million of them. */
import { scanIpv6 } from '../parse/scan-ipv6.js';
import type { AddressFamily } from './address.js';

/** Where `scanAddress` puts the words of the address, most significant first, each in host order. */
export const scanned = new Uint32Array(4);

/**
 * Reads the address that fills `text` from `start` to `end` into `scanned`; false where it is none. IPv4 is four decimal bytes
 * (a leading zero would be octal to ipset's inet_aton: not read), IPv6 as inet_pton has it but for an embedded dotted quad.
 */
export function scanAddress(family: AddressFamily, text: string, start: number, end: number): boolean {
  return family === 4 ? scanIpv4(text, start, end) : scanIpv6(text, start, end, scanned);
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
