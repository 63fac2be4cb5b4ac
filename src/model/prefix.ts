/** Prefixes and addresses as text, to columns. */
import { isIPv4, isIPv6 } from 'node:net';
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';

/** Words of an address, most significant first, each in host order; null when the text is no address of the family. */
export function addressWords(family: AddressFamily, text: string): number[] | null {
  if (family === 4) return isIPv4(text) ? [text.split('.').reduce((word, byte) => word * 256 + Number(byte), 0)] : null;
  if (!isIPv6(text) || text.includes('%')) return null;
  const [head = '', tail] = withoutDottedQuad(text).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return [0, 2, 4, 6].map((i) => (all[i] ?? 0) * 65536 + (all[i + 1] ?? 0));
}

/** `::ffff:192.0.2.1` as `::ffff:c000:201`. */
function withoutDottedQuad(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const word = text.includes('.') ? addressWords(4, text.slice(at))?.[0] : undefined;
  return word === undefined
    ? text
    : `${text.slice(0, at)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
}

/** Inclusive bounds of the prefixes, one range each, in order. Throws on text that is no prefix: callers validated it. */
export function rangesOfPrefixes(family: AddressFamily, prefixes: readonly string[]): AddressRanges {
  const words = wordsPerAddress(family);
  const lo = new Uint32Array(prefixes.length * words);
  const hi = new Uint32Array(prefixes.length * words);
  prefixes.forEach((prefix, i) => {
    const [text = '', length] = prefix.split('/');
    const address = addressWords(family, text);
    if (!address) throw new Error(`bug: "${prefix}" is no IPv${String(family)} prefix`);
    const bits = length === undefined ? words * 32 : Number(length);
    address.forEach((word, w) => {
      const mask = prefixMask(bits - w * 32);
      lo[i * words + w] = (word & mask) >>> 0;
      hi[i * words + w] = (word | ~mask) >>> 0;
    });
  });
  return { family, count: prefixes.length, lo, hi };
}

/** Mask of one word of which the first `bits` bits belong to the prefix. */
export function prefixMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}
