/** Sets of sources, and keys that hit or miss them. Everything follows from a seed. */
import type { AddressRanges } from '../../src/model/address.js';
import { Random } from '../../test/compile/random.js';
import { draw, keyCount, verdicts, type Keys } from './keys.js';

export interface Sources {
  readonly ranges: AddressRanges;
  /** Prefix length of each; all of them are prefixes. */
  readonly lengths: Uint8Array;
  readonly hits: Keys;
  readonly misses: Keys;
}

const alwaysDrop = (): number => verdicts.drop;
const alwaysPass = (): number => verdicts.pass;

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** Distinct addresses below 224.0.0.0, hits even and misses odd: they lie side by side. */
export function addresses4(count: number): Sources {
  const random = new Random(count);
  const list = distinct(random, count, 0);
  return {
    ranges: { family: 4, count, lo: list, hi: list },
    lengths: new Uint8Array(count).fill(32),
    hits: { kind: 'source4', words: draw(random, list, 1), verdict: alwaysDrop },
    misses: { kind: 'source4', words: distinct(random, keyCount, 1), verdict: alwaysPass },
  };
}

function distinct(random: Random, count: number, odd: 0 | 1): Uint32Array {
  const seen = new Set<number>();
  while (seen.size < count) seen.add(((random.below(0xe0000000) & ~1) | odd) >>> 0);
  return Uint32Array.from(seen);
}

/** Networks of 16 to 32 bits, six in ten /24, as blocklists have them. Misses are drawn from the space that they leave. */
export function networks4(count: number): Sources {
  const random = new Random(count + 1);
  const lengths = Uint8Array.from({ length: count }, () => (random.chance(0.6) ? 24 : random.between(16, 32)));
  const lo = distinct(random, count, 0).map((address, i) => (address & maskOf(lengths[i]!)) >>> 0);
  const hi = lo.map((address, i) => (address | ~maskOf(lengths[i]!)) >>> 0);
  const hits = new Uint32Array(keyCount).map(() => {
    const i = random.below(count);
    return (lo[i]! + random.below(hi[i]! - lo[i]! + 1)) >>> 0;
  });
  const covered = new Covered(lo, hi);
  const misses = new Uint32Array(keyCount).map(() => {
    for (;;) {
      const address = random.below(0xe0000000);
      if (!covered.has(address)) return address;
    }
  });
  return {
    ranges: { family: 4, count, lo, hi },
    lengths,
    hits: { kind: 'source4', words: hits, verdict: alwaysDrop },
    misses: { kind: 'source4', words: misses, verdict: alwaysPass },
  };
}

/** Of overlapping ranges: is an address in one? */
class Covered {
  readonly #from: Uint32Array;
  /** Largest end of the ranges up to here in the order of `#from`. */
  readonly #to: Uint32Array;

  constructor(lo: Uint32Array, hi: Uint32Array) {
    const order = Uint32Array.from(lo.keys()).sort((a, b) => lo[a]! - lo[b]!);
    this.#from = order.map((i) => lo[i]!);
    let most = 0;
    this.#to = order.map((i) => (most = Math.max(most, hi[i]!)));
  }

  has(address: number): boolean {
    let [low, high] = [0, this.#from.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#from[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.#to[low - 1]! >= address;
  }
}

/** In 2000::/4, with lengths picked from `lengthsOf` (of 32, 48, 128); misses are drawn from the space that they leave. */
export function sources6(count: number, lengthsOf: readonly number[]): Sources {
  const random = new Random(count + 2);
  const address = (): number[] => [0x20000000 | random.below(2 ** 28), random.word(), random.word(), random.word()];
  const lengths = Uint8Array.from({ length: count }, () => random.pick(lengthsOf));
  const [lo, hi] = [new Uint32Array(count * 4), new Uint32Array(count * 4)];
  for (let i = 0; i < count; i++) {
    address().forEach((word, k) => {
      const mask = maskOf(Math.max(0, Math.min(32, lengths[i]! - k * 32)));
      lo[i * 4 + k] = (word & mask) >>> 0;
      hi[i * 4 + k] = (word | ~mask) >>> 0;
    });
  }
  const hits = new Uint32Array(keyCount * 4);
  for (let i = 0; i < keyCount; i++) {
    const at = random.below(count) * 4;
    for (let k = 0; k < 4; k++) hits[i * 4 + k] = (lo[at + k]! | (random.word() & (lo[at + k]! ^ hi[at + k]!))) >>> 0;
  }
  const misses = new Uint32Array(keyCount * 4);
  const covers = networksOf(lo, lengths);
  for (let i = 0; i < keyCount; i++) {
    let words = address();
    while (covers(words)) words = address();
    misses.set(words, i * 4);
  }
  return {
    ranges: { family: 6, count, lo, hi },
    lengths,
    hits: { kind: 'source6', words: hits, verdict: alwaysDrop },
    misses: { kind: 'source6', words: misses, verdict: alwaysPass },
  };
}

/** Is a random address in one of the /32 and /48? To be one of the /128 is as good as impossible. */
function networksOf(lo: Uint32Array, lengths: Uint8Array): (words: readonly number[]) => boolean {
  const to48 = (words: ArrayLike<number>, at: number): number => words[at]! * 65536 + (words[at + 1]! >>> 16);
  const [by32, by48] = [new Set<number>(), new Set<number>()];
  lengths.forEach((length, i) => {
    if (length === 32) by32.add(lo[i * 4]!);
    if (length === 48) by48.add(to48(lo, i * 4));
  });
  return (words) => by32.has(words[0]!) || by48.has(to48(words, 0));
}
