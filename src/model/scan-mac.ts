/** MAC addresses as iptables and nft write them. */
import { hexDigit } from '../parse/scan-ipv6.js';
import { noMac } from './tuples.js';

/** Reads the six bytes of one or two hex digits that fill `text` from `start` to `end`; `noMac` where it is none. */
export function scanMac(text: string, start: number, end: number): number {
  let [address, byte, digits, bytes] = [0, 0, 0, 1];
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === colon) {
      if (digits === 0 || ++bytes > 6) return noMac;
      address = address * 256 + byte;
      byte = digits = 0;
    } else {
      const digit = hexDigit(c);
      if (digit < 0 || ++digits > 2) return noMac;
      byte = byte * 16 + digit;
    }
  }
  return bytes === 6 && digits > 0 ? address * 256 + byte : noMac;
}

const colon = 58;
