/** IPv4 and IPv6 addresses and numbers below 2^32 as words; everything else is null. */
import { isIPv6 } from 'node:net';

export interface PlainValue {
  readonly type: 'ipv4' | 'ipv6' | 'number';
  /** Most significant word first, in host order. */
  readonly words: Readonly<ArrayLike<number>>;
}

export function parsePlainValue(text: string): PlainValue | null {
  // A leading zero makes a number octal in nft: such a one is not plain.
  if (/^(?:0|[1-9]\d*|0[xX][0-9a-fA-F]+)$/.test(text)) {
    const number = Number(text);
    return number <= 0xffffffff ? { type: 'number', words: [number] } : null;
  }
  if (text.includes(':')) {
    const words = parseIpv6(text);
    return words && { type: 'ipv6', words };
  }
  const word = parseIpv4(text);
  return word === null ? null : { type: 'ipv4', words: [word] };
}

/** Dotted quad; null when a byte is above 255 or something else stands there. */
export function parseIpv4(text: string): number | null {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return null;
  let word = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = Number(match[i]);
    if (byte > 255) return null;
    word = word * 256 + byte;
  }
  return word;
}

export function parseIpv6(text: string): number[] | null {
  if (!isIPv6(text) || text.includes('%')) return null;
  const quad = text.includes('.') ? text.lastIndexOf(':') + 1 : -1;
  const last = quad < 0 ? null : parseIpv4(text.slice(quad));
  const plain =
    last === null ? text : `${text.slice(0, quad)}${(last >>> 16).toString(16)}:${(last & 0xffff).toString(16)}`;
  const [head = '', tail] = plain.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return [0, 2, 4, 6].map((i) => all[i]! * 65536 + all[i + 1]!);
}
const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));

/** Mask of one word of which the first `bits` belong to the prefix. */
export function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

export const ipv4Text = (word: number): string =>
  `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/** RFC 5952: lower case, the longest run of zero groups (two at least) left out. */
export function ipv6Text(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let best = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) [best, length] = [i, run];
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return best < 0 ? text(groups) : `${text(groups.slice(0, best))}::${text(groups.slice(best + length))}`;
}
