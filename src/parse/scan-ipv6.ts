/** IPv6 addresses read in place, without a string or an array for each: sets have a million of them. */

const groups = new Uint16Array(8);

/**
 * Reads the address that fills `text` from `start` to `end` into four words, most significant first, each in host order; false where it is
 * none. As inet_pton has it but for an embedded dotted quad.
 */
export function scanIpv6(text: string, start: number, end: number, words: Uint32Array): boolean {
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
  for (let word = 0; word < 4; word++) words[word] = group(word * 2) * 65536 + group(word * 2 + 1);
  return true;
}

/** -1 where it is none. */
export function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 97 && c <= 102) return c - 87;
  return c >= 65 && c <= 70 ? c - 55 : -1;
}
