/** Hashes of the first bits of an address, by products of 64 bits: bpf/prefix.h computes the same with half as much to do as by 32. */

/** Added to the products: of each length another, so that a network and a longer one that begins alike have nothing in common. */
export interface Salt {
  readonly high: number;
  readonly low: number;
}

const first = [0x9e3779b9, 0x7f4a7c15] as const;
const second = [0xc2b2ae3d, 0x27d4eb4f] as const;
const last = [0xd6e8feb8, 0x6659fd93] as const;

export const saltOf = (tag: number, seed: number): Salt => ({
  high: Math.imul(tag, 0x85ebca6b) >>> 0,
  low: Math.imul(tag ^ (seed << 8), 0xc2b2ae35) >>> 0,
});

/** `a` to `d`: the words of the address, masked, most significant first. */
export function hashMasked(a: number, b: number, c: number, d: number, salt: Salt): number {
  let low = (Math.imul(b, first[1]) >>> 0) + (Math.imul(d, second[1]) >>> 0) + salt.low;
  const high =
    (upper(b, first[1]) +
      Math.imul(a, first[1]) +
      Math.imul(b, first[0]) +
      upper(d, second[1]) +
      Math.imul(c, second[1]) +
      Math.imul(d, second[0]) +
      salt.high +
      Math.floor(low / 2 ** 32)) |
    0;
  low = (low ^ high) >>> 0;
  return (upper(low, last[1]) + Math.imul(high, last[1]) + Math.imul(low, last[0])) >>> 0;
}

/** The upper half of a product of 64 bits. */
function upper(x: number, y: number): number {
  const [x0, x1, y0, y1] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = x1 * y0 + Math.floor((x0 * y0) / 65536);
  const other = x0 * y1 + (middle & 0xffff);
  return x1 * y1 + Math.floor(middle / 65536) + Math.floor(other / 65536);
}
