/** RFC 1071. */

/**
 * One's complement sum of the big-endian 16-bit words in bytes[from .. to), folded; an odd last byte is padded with zero.
 * `initial` continues a sum.
 */
export function onesComplementSum(bytes: Uint8Array, initial = 0, from = 0, to = bytes.length): number {
  let sum = initial;
  let at = from;
  for (; at + 1 < to; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (at < to) sum += (bytes[at] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}
