/**
 * Places of entries in buckets of a few slots each, of which a lookup goes through so many at most, from the one that the hash says.
 *
 * Whoever comes first stays where the hash says, so that most lookups end there; an order by hash would move nearly all entries of crowded
 * buckets on. Where the way of an entry is full to its end, it takes the place of one whose way goes furthest, and that one moves on, as in Robin
 * Hood hashing (Celis, Larson, Munro, 1985): so buckets may be nearly full, and a table as small as caches want it.
 */

export interface BucketPlaces {
  /** Of each entry: its bucket times the slots of one, and its slot. */
  readonly places: Uint32Array;
  /** By bucket: how many slots are taken, from the first one on. */
  readonly taken: Uint8Array;
  /** By bucket: 1 if an entry whose way leads here stands in a later one. */
  readonly overflowed: Uint8Array;
}

export interface BucketShape {
  readonly slots: number;
  /** Buckets of a lookup, at most; there are so many more behind the last home. */
  readonly probed: number;
}

/** `homes`: the bucket that the hash of each entry says, below `count`. Null: some entry finds no place on its way. */
export function placeInBuckets(homes: Uint32Array, count: number, { slots, probed }: BucketShape): BucketPlaces | null {
  const total = count + probed;
  const entries = new Uint32Array(total * slots);
  const taken = new Uint8Array(total);
  const overflowed = new Uint8Array(total);
  for (let i = 0; i < homes.length; i++) {
    let entry = i;
    let bucket = homes[i]!;
    for (;;) {
      const home = homes[entry]!;
      while (bucket < home + probed && taken[bucket] === slots) overflowed[bucket++] = 1;
      if (bucket < home + probed) {
        entries[bucket * slots + taken[bucket]!++] = entry;
        break;
      }
      const place = latest(entries, homes, home * slots, bucket * slots);
      const other = entries[place]!;
      if (homes[other]! <= home) return null;
      entries[place] = entry;
      entry = other;
      bucket = Math.floor(place / slots);
    }
  }
  const places = new Uint32Array(homes.length);
  for (let bucket = 0; bucket < total; bucket++)
    for (let slot = 0; slot < taken[bucket]!; slot++) places[entries[bucket * slots + slot]!] = bucket * slots + slot;
  return { places, taken, overflowed };
}

/** The place in between whose entry has the last home. */
function latest(entries: Uint32Array, homes: Uint32Array, from: number, to: number): number {
  let found = from;
  for (let place = from; place < to; place++) if (homes[entries[place]!]! > homes[entries[found]!]!) found = place;
  return found;
}
