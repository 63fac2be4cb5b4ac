/** Entries find places in buckets whenever there are places for all of them, and lookups find them there. */
import test from 'ava';
import fc from 'fast-check';
import { placeInBuckets, type BucketPlaces } from '../../src/compile/bucket-places.js';
import { Random } from './random.js';

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 200);

interface Case {
  readonly slots: number;
  readonly probed: number;
  readonly count: number;
  readonly homes: readonly number[];
}

const cases: fc.Arbitrary<Case> = fc
  .record({ slots: fc.integer({ min: 1, max: 5 }), probed: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 1, max: 24 }) })
  .chain(({ slots, probed, count }) =>
    fc.array(fc.nat(count - 1), { maxLength: (count + probed) * slots }).map((homes) => ({ slots, probed, count, homes })),
  ); // prettier-ignore

/** In the order of homes: jobs of one length with the same time from their begin to their end are all done if they can be. */
function canBePlaced({ slots, probed, homes }: Case): boolean {
  let [bucket, taken] = [0, 0];
  for (const home of [...homes].sort((a, b) => a - b)) {
    if (home > bucket) [bucket, taken] = [home, 0];
    else if (taken === slots) [bucket, taken] = [bucket + 1, 0];
    if (bucket >= home + probed) return false;
    taken++;
  }
  return true;
}

/** From its home on, as a lookup goes: it ends at a bucket that has not overflowed. */
function isFound({ slots, probed, homes }: Case, { places, overflowed }: BucketPlaces, entry: number): boolean {
  for (let bucket = homes[entry]!; bucket < homes[entry]! + probed; bucket++) {
    if (Math.floor(places[entry]! / slots) === bucket) return true;
    if (overflowed[bucket] === 0) return false;
  }
  return false;
}

test('all entries are placed if they can be, each where a lookup finds it', (t) => {
  let placed = 0;
  fc.assert(
    fc.property(cases, (one) => {
      const { slots, probed, count, homes } = one;
      const found = placeInBuckets(Uint32Array.from(homes), count, { slots, probed });
      t.is(found !== null, canBePlaced(one));
      if (found === null) return;
      placed++;
      t.is(new Set(found.places).size, homes.length);
      homes.forEach((_, entry) => t.true(isFound(one, found, entry)));
      const filled = found.taken.map((_, bucket) => found.places.filter((place) => Math.floor(place / slots) === bucket).length);
      t.deepEqual(found.taken, filled);
      t.true(found.places.every((place) => place % slots < found.taken[Math.floor(place / slots)]!));
    }),
    { numRuns },
  );
  t.true(placed > numRuns / 4 && placed < numRuns, `${placed} of ${numRuns} cases placed`);
}); // prettier-ignore

test('nearly full buckets take a million entries, most of them where their hash says', (t) => {
  const [entries, slots] = [1_000_000, 5];
  const count = Math.ceil(entries / 4.6);
  const random = new Random(1);
  const homes = Uint32Array.from({ length: entries }, () => random.below(count));
  const placed = placeInBuckets(homes, count, { slots, probed: 16 });
  const atHome = placed?.places.filter((place, i) => Math.floor(place / slots) === homes[i]).length ?? 0;
  t.true(atHome > entries * 0.7, `${atHome} of ${entries} at home`);
});
