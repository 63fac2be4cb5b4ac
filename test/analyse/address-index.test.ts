/** Ranges inside and outside of others, of random sets: as comparing each address says, where addresses are few. */
import test from 'ava';
import { addressesDisjoint, addressesSubset, markOverlapping } from '../../src/analyse/address-index.js';
import type { AddressFamily, AddressRanges } from '../../src/model/address.js';
import { Random } from '../compile/random.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const sets = 1000;

/** Runs of neighbours, at the ends of the space and where a word of an address ends. */
const space = (family: AddressFamily): bigint[] => {
  const run = (from: bigint): bigint[] => Array.from({ length: 8 }, (_, i) => from + BigInt(i));
  if (family === 4) return [0n, 0x7ffffffcn, 0xfffffff8n].flatMap(run);
  return [0n, 0xfffffffcn, (1n << 64n) - 4n, (1n << 96n) - 4n, (1n << 128n) - 8n].flatMap(run);
};

function rangesOf(family: AddressFamily, bounds: readonly (readonly [bigint, bigint])[]): AddressRanges {
  const words = family === 4 ? 1 : 4;
  const column = (side: 0 | 1): Uint32Array =>
    Uint32Array.from(
      bounds.flatMap((bound) =>
        Array.from({ length: words }, (_, k) => Number((bound[side] >> BigInt(32 * (words - 1 - k))) & 0xffffffffn)),
      ),
    );
  return { family, count: bounds.length, lo: column(0), hi: column(1) };
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: what is in a set, and what is outside of it`, (t) => {
    t.log(`seed ${seed}`);
    const random = new Random(seed + family);
    const addresses = space(family);
    const seen = { subset: 0, disjoint: 0 };
    for (let round = 0; round < sets; round++) {
      const make = (): { ranges: AddressRanges; has: Set<number>; bounds: [number, number][] } => {
        const longest = random.pick([0, 2, 12]);
        const bounds = Array.from({ length: random.below(6) }, (): [number, number] => {
          const from = random.below(addresses.length);
          return [from, Math.min(addresses.length - 1, from + random.below(longest + 1))];
        });
        const has = new Set<number>();
        for (const [from, to] of bounds) for (let i = from; i <= to; i++) has.add(i);
        return { ranges: rangesOf(family, bounds.map(([a, b]) => [addresses[a]!, addresses[b]!])), has, bounds }; // prettier-ignore
      };
      const [a, b] = [make(), make()];
      // A range of `a` that goes on from one run of neighbours to the next has addresses that `b` has only in such a range itself.
      const gaps = (bounds: readonly [number, number][]): Set<number> =>
        new Set(bounds.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
      const [gapsOfA, gapsOfB] = [gaps(a.bounds), gaps(b.bounds)];
      const isGap = (i: number): boolean => addresses[i]! + 1n !== addresses[i + 1];
      const isSubset = [...a.has].every((i) => b.has.has(i)) && [...gapsOfA].every((i) => !isGap(i) || gapsOfB.has(i));
      const isDisjoint = ![...a.has].some((i) => b.has.has(i)) && ![...gapsOfA].some((i) => isGap(i) && gapsOfB.has(i));
      t.is(addressesSubset(a.ranges, b.ranges), isSubset);
      t.is(addressesDisjoint(a.ranges, b.ranges), isDisjoint);
      t.is(addressesDisjoint(b.ranges, a.ranges), isDisjoint);
      const marks = new Uint8Array(a.ranges.count);
      markOverlapping(a.ranges, b.ranges, marks);
      t.is(marks.includes(1), !isDisjoint);
      seen.subset += Number(isSubset && a.has.size > 0);
      seen.disjoint += Number(isDisjoint && a.has.size > 0 && b.has.size > 0);
    }
    t.true(seen.subset > 5 && seen.disjoint > 5, JSON.stringify(seen));
  });
}
