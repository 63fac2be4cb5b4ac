/**
 * Hashes of keys of several words, by products of 64 bits: bpf/prefix.h and bpf/tuple.h compute the same.
 *
 * The seed is in each word before it is multiplied. A ban list is filled by those who get banned: whoever has a network to choose addresses from
 * finds many of one hash, but not such that have one hash under the next seed too.
 */
type Factor = readonly [high: number, low: number];

const first: Factor = [0x9e3779b9, 0x7f4a7c15];
const second: Factor = [0xc2b2ae3d, 0x27d4eb4f];
const ofTag: Factor = [0x85ebca6b, 0xc2b2ae35];
const last: Factor = [0xd6e8feb8, 0x6659fd93];

/** Of each word of a tuple's key: `tuple_factor` in bpf/tuple.h. */
const ofWord: readonly Factor[] = [
  [0x40d68dea, 0x0c3e39b3],
  [0xf6069bcb, 0x4e650071],
  [0xf4a91fdc, 0x907de039],
  [0x856e8bb9, 0xe2118d5f],
  [0xcba21130, 0x22300069],
  [0xb0d8c24a, 0x75bc7adf],
  [0x11acd26b, 0xf8662e5d],
  [0xd78807ba, 0x63a2a005],
  [0x12598145, 0xf5dd65fd],
  [0x067c7224, 0x5c3de249],
  [0x8dd646b9, 0x53495095],
  [0x79f38251, 0x848589bd],
];

/** Seed number `n`, from 1 on. */
export const seedAt = (n: number): number => Math.imul(n, 0x9e3779b1) >>> 0;

/** With one seed after the other, and a quarter more buckets after every second one, until all entries have found a place. */
export function untilPlaced<T>(buckets: number, place: (seed: number, buckets: number) => T | null): T {
  let count = buckets;
  for (let n = 1; ; n++) {
    const placed = place(seedAt(n), count);
    if (placed !== null) return placed;
    if (n % 2 === 0) count = Math.ceil(count * 1.25);
  }
}

/** What is added for a tag, which tells prefixes of different lengths apart. */
export const saltOf = (tag: number): { readonly high: number; readonly low: number } => ({
  high: (upper(tag, ofTag[1]) + Math.imul(tag, ofTag[0])) >>> 0,
  low: Math.imul(tag, ofTag[1]) >>> 0,
});

/** `a` to `d`: the words of an address, masked, most significant first. */
export function hashPrefix(a: number, b: number, c: number, d: number, tag: number, seed: number): number {
  const [b1, d1] = [b ^ seed, d ^ seed];
  return mixed(
    (Math.imul(b1, first[1]) >>> 0) + (Math.imul(d1, second[1]) >>> 0) + (Math.imul(tag, ofTag[1]) >>> 0),
    upper(b1, first[1]) +
      Math.imul(a ^ seed, first[1]) +
      Math.imul(b1, first[0]) +
      upper(d1, second[1]) +
      Math.imul(c ^ seed, second[1]) +
      Math.imul(d1, second[0]) +
      upper(tag, ofTag[1]) +
      Math.imul(tag, ofTag[0]),
  );
}

/** `word(i)`: of the key, at position `used[i]`. */
export function hashTuple(used: readonly number[], word: (i: number) => number, tag: number, seed: number): number {
  let low = Math.imul(tag, ofTag[1]) >>> 0;
  let high = upper(tag, ofTag[1]) + Math.imul(tag, ofTag[0]);
  for (let i = 0; i < used.length; i++) {
    const [x, factor] = [word(i) ^ seed, ofWord[used[i]!]!];
    low += Math.imul(x, factor[1]) >>> 0;
    high += upper(x, factor[1]) + Math.imul(x, factor[0]);
  }
  return mixed(low, high);
}

/** `low`: with its carries. */
function mixed(low: number, high: number): number {
  const carried = (high + Math.floor(low / 2 ** 32)) | 0;
  const folded = (low ^ carried) >>> 0;
  return (upper(folded, last[1]) + Math.imul(carried, last[1]) + Math.imul(folded, last[0])) >>> 0;
}

/** The upper half of a product of 64 bits. */
function upper(x: number, y: number): number {
  const [x0, x1, y0, y1] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = x1 * y0 + Math.floor((x0 * y0) / 65536);
  const other = x0 * y1 + (middle & 0xffff);
  return x1 * y1 + Math.floor(middle / 65536) + Math.floor(other / 65536);
}
