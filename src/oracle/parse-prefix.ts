/** Addresses and prefixes as HostFacts writes them. The oracle has its own parser: a shared one would hide a shared mistake. */
import type { AddressFamily } from '../model/address.js';

function parseIpv4(text: string): number[] {
  const bytes = text.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) {
    throw new Error(`bug: not an IPv4 address: ${text}`);
  }
  return [bytes.reduce((word, byte) => word * 256 + byte, 0)];
}

const groupsOf = (text: string): number[] => (text === '' ? [] : text.split(':').flatMap(group16));

function group16(group: string): number[] {
  if (!group.includes('.')) return [parseInt(group, 16)];
  const word = parseIpv4(group)[0] ?? 0;
  return [word >>> 16, word & 0xffff];
}

function parseIpv6(text: string): number[] {
  const halves = text.split('::');
  const head = groupsOf(halves[0] ?? '');
  const tail = groupsOf(halves[1] ?? '');
  const zeros = halves.length === 2 ? 8 - head.length - tail.length : 0;
  const groups = [...head, ...new Array<number>(Math.max(0, zeros)).fill(0), ...tail];
  if (groups.length !== 8 || groups.some((group) => !(group >= 0 && group <= 0xffff))) {
    throw new Error(`bug: not an IPv6 address: ${text}`);
  }
  return [0, 2, 4, 6].map((i) => ((groups[i] ?? 0) * 65536 + (groups[i + 1] ?? 0)) >>> 0);
}

/** Words in host order, most significant first. Throws on anything that is no address. */
export function parseAddress(family: AddressFamily, text: string): Uint32Array {
  return Uint32Array.from(family === 4 ? parseIpv4(text) : parseIpv6(text));
}

export interface Bounds {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** `address` or `address/length` to its inclusive bounds. */
export function parsePrefix(family: AddressFamily, text: string): Bounds {
  const [address = '', length] = text.split('/');
  const words = parseAddress(family, address);
  const bits = length === undefined ? words.length * 32 : Number(length);
  const lo = words.map((word, i) => (word & maskWord(bits - i * 32)) >>> 0);
  const hi = words.map((word, i) => (word | ~maskWord(bits - i * 32)) >>> 0);
  return { lo, hi };
}

/** Mask of one 32-bit word with `bits` leading ones; values outside 0..32 are clamped. */
export function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** Negative, zero or positive; `b` starts at word `at`. */
export function compareWords(a: Uint32Array, b: Uint32Array, at: number): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[at + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
