/** Addresses as iptables and ipset users write them, to inclusive ranges. */
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import { addressWords, prefixMask } from './prefix.js';
import { scanAddress, scanned } from './scan-address.js';

/** Bounds of one range, most significant word first. */
export interface Bounds {
  readonly lo: readonly number[];
  readonly hi: readonly number[];
}

/** One range as columns. A single address is both its bounds: a hundred thousand lines have one each. */
export function rangeOf(family: AddressFamily, { lo, hi }: Bounds): AddressRanges {
  const low = Uint32Array.from(lo);
  const single = lo.every((word, i) => word === hi[i]);
  return { family, count: 1, lo: low, hi: single ? low : Uint32Array.from(hi) };
}

/** Ranges as columns. */
export function rangesOf(family: AddressFamily, bounds: readonly Bounds[]): AddressRanges {
  const words = wordsPerAddress(family);
  const lo = new Uint32Array(bounds.length * words);
  const hi = new Uint32Array(bounds.length * words);
  bounds.forEach((range, i) => {
    for (let w = 0; w < words; w++) {
      lo[i * words + w] = range.lo[w]!;
      hi[i * words + w] = range.hi[w]!;
    }
  });
  return { family, count: bounds.length, lo, hi };
}

/** Low bound not above the high one. */
export function inOrder(bounds: Bounds): boolean {
  const at = bounds.lo.findIndex((word, i) => word !== bounds.hi[i]);
  return at < 0 || bounds.lo[at]! < bounds.hi[at]!;
}

/**
 * iptables' numeric address (libxtables, numeric_to_ipaddr 1.8.9): bytes by strtoul base 0, so 010 is 8; missing bytes at the end
 * are 0, so `10` is 10.0.0.0. IPv6 as inet_pton reads it.
 */
export function xtablesAddress(family: AddressFamily, text: string): number[] | null {
  if (scanAddress(family, text, 0, text.length)) {
    return family === 4 ? [scanned[0]!] : [scanned[0]!, scanned[1]!, scanned[2]!, scanned[3]!];
  }
  if (family === 6) return addressWords(family, text);
  const bytes = text.split('.').map(xtablesByte);
  if (bytes.length > 4 || bytes.includes(-1)) return null;
  return [[0, 1, 2, 3].reduce((word, i) => word * 256 + (bytes[i] ?? 0), 0)];
}

function xtablesByte(text: string): number {
  if (!/^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.test(text)) return -1;
  const number = /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
  return number <= 255 ? number : -1;
}

/** `ADDRESS[/LENGTH or /MASK]` of iptables' -s and -d; 'mask' where the mask has holes, null where it is no address. */
export function xtablesNetwork(family: AddressFamily, text: string): Bounds | 'mask' | null {
  const slash = text.indexOf('/');
  const address = xtablesAddress(family, slash < 0 ? text : text.slice(0, slash));
  if (!address) return null;
  const bits = slash < 0 ? address.length * 32 : prefixLength(family, text.slice(slash + 1));
  return typeof bits === 'number' ? network(address, bits) : bits;
}

/** `ADDRESS[-ADDRESS]` of `-m iprange`; null where it is none, or the first one is above the second. */
export function xtablesRange(family: AddressFamily, text: string): Bounds | null {
  const [from = '', to, more] = text.split('-');
  const lo = xtablesAddress(family, from);
  const hi = to === undefined ? lo : xtablesAddress(family, to);
  return lo && hi && more === undefined && inOrder({ lo, hi }) ? { lo, hi } : null;
}

function prefixLength(family: AddressFamily, text: string): number | 'mask' | null {
  if (/^[0-9]+$/.test(text)) return Number(text) <= (family === 4 ? 32 : 128) ? Number(text) : null;
  const mask = addressWords(family, text);
  if (!mask) return null;
  const bits = mask.map((word) => word.toString(2).padStart(32, '0')).join('');
  const length = bits.indexOf('0');
  if (length < 0) return bits.length;
  return bits.includes('1', length) ? 'mask' : length;
}

/** The network of `bits` bits around an address. */
export function network(address: readonly number[], bits: number): Bounds {
  const masks = address.map((_, i) => prefixMask(bits - i * 32));
  return {
    lo: address.map((word, i) => (word & masks[i]!) >>> 0),
    hi: address.map((word, i) => (word | ~masks[i]!) >>> 0),
  };
}

/** Every address of the family. */
export function isEverything(bounds: Bounds): boolean {
  return bounds.lo.every((word) => word === 0) && bounds.hi.every((word) => word === 0xffffffff);
}
