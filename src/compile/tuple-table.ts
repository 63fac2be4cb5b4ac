/** Tuple atoms that ask the same fields: one table (bpf/abi.h, struct tuple_config; bpf/tuple.h reads it). */
import type { AddressFamily } from '../model/address.js';
import type { TupleField } from '../model/tuples.js';
import { maxPrefixBuckets, maxTupleShapes, tupleBucketWords, tupleShapeWords } from './abi.js';
import { scale } from './address-hash.js';
import type { Classes } from './classes.js';
import { crossovers } from './crossovers.js';
import { hashTuple, untilPlaced } from './key-hash.js';
import { bloomOf } from './prefix-buckets.js';
import { CompileError } from './image.js';
import type { Labels } from './labels.js';
import { boxesOf, type Boxes, type TupleAtom } from './tuple-boxes.js';
import { wholeKey, wordsOf } from './tuple-key.js';
import { tupleLabels } from './tuple-labels.js';
import { shapeOrder, tupleSpace, type Space } from './tuple-space.js';

export interface TupleTable {
  /** Bit per word of the key that is used. */
  readonly words: number;
  /** Entries of a bucket. */
  readonly slots: number;
  readonly maps: Boxes['maps'];
  /** struct tuple_shape, u32s; those that are probed first come first. */
  readonly shapes: Uint32Array;
  readonly shapeCount: number;
  readonly buckets: Uint32Array;
  readonly bucketCount: number;
  readonly seed: number;
  /** u64s as two u32s each; empty: no filter. */
  readonly bloom: Uint32Array;
  readonly fallback: number;
  readonly entries: number;
  /** Positions of the used words in a key. */
  readonly used: readonly number[];
  /** The first shape is the one in which every bit counts. */
  readonly hasWhole: boolean;
}

/** Slots per entry, as prefix tables have them. */
const slotsPerEntry = 1.7;
/** Tags and the mark of an overflow stand in the last word. */
const maxSlots = 3;

/** `indices`: of the atoms among the family's. `spare`: entries that may come to the table, of the shape in which every bit counts. */
export function tupleTable(
  atoms: readonly TupleAtom[],
  family: AddressFamily,
  indices: readonly number[],
  classes: Classes,
  labels: Labels,
  spare: number,
): TupleTable {
  const [one, more] = atoms;
  const words = wordsOf(one?.columns.map(({ field }) => field) ?? [], family);
  const boxes = boxesOf(atoms, family, words, indices);
  const alike = more === undefined && one?.except === null && !labels.isCounted && !boxes.haveGaps;
  const whole = spare > 0 ? wholeShape(one?.columns.map(({ field }) => field) ?? [], boxes.used, family) : null;
  const space = tupleSpace(boxes, alike, whole, family, indices);
  const { byKey, fallback } = tupleLabels(atoms, boxes, space, classes, labels);
  const order = shapeOrder(space.shapes);
  if (order.length > maxTupleShapes) {
    const message = `elements of several fields have ${order.length} combinations of prefix lengths, at most ${maxTupleShapes} fit`;
    throw new CompileError('too-large', message, family, indices);
  }
  const slots = Math.min(maxSlots, Math.floor((tupleBucketWords - 1) / (boxes.used.length + 1)));
  const rank = new Uint32Array(order.length);
  order.forEach((shape, i) => (rank[shape] = i));
  const filled = fill(space, byKey, rank, boxes.used, slots, spare);
  return {
    words,
    slots,
    maps: boxes.maps,
    shapes: shapeWords(space.shapes, order, boxes.used),
    shapeCount: order.length,
    ...filled,
    fallback,
    entries: space.keys.count,
    used: boxes.used,
    hasWhole: whole !== null,
  };
}

/** Mask under which every bit of the fields counts. */
function wholeShape(fields: readonly TupleField[], used: readonly number[], family: AddressFamily): Uint32Array {
  const { mask } = wholeKey(fields, family);
  return Uint32Array.from(used, (w) => mask[w]!);
}

function shapeWords(shapes: readonly Uint32Array[], order: readonly number[], used: readonly number[]): Uint32Array {
  const words = new Uint32Array(order.length * tupleShapeWords);
  order.forEach((shape, i) => {
    used.forEach((w, at) => (words[i * tupleShapeWords + w] = shapes[shape]![at]!));
  });
  return words;
}

interface Filled {
  readonly buckets: Uint32Array;
  readonly bucketCount: number;
  readonly seed: number;
  readonly bloom: Uint32Array;
}

function fill(
  space: Space,
  byKey: Uint32Array,
  rank: Uint32Array,
  used: readonly number[],
  slots: number,
  spare: number,
): Filled {
  const { keys } = space;
  return untilPlaced(Math.max(1, Math.ceil(((keys.count + spare) * slotsPerEntry) / slots)), (seed, bucketCount) => {
    const hashes = hashAll(space, rank, used, seed);
    const buckets = place(space, byKey, rank, used.length, slots, hashes, bucketCount);
    if (buckets === null) return null;
    const isMany = keys.count + spare >= crossovers.bloomFrom;
    return { buckets, bucketCount, seed, bloom: isMany ? bloomOf(hashes, spare) : new Uint32Array(0) };
  });
}

function hashAll({ keys }: Space, rank: Uint32Array, used: readonly number[], seed: number): Uint32Array {
  const hashes = new Uint32Array(keys.count);
  for (let number = 0; number < keys.count; number++) {
    const tag = rank[keys.word(number, used.length)]! + 1;
    hashes[number] = hashTuple(used, (i) => keys.word(number, i), tag, seed);
  }
  return hashes;
}

/** Null when an entry found no slot within the buckets that a lookup probes. */
function place(
  { keys }: Space,
  byKey: Uint32Array,
  rank: Uint32Array,
  width: number,
  slots: number,
  hashes: Uint32Array,
  count: number,
): Uint32Array | null {
  const buckets = new Uint32Array((count + maxPrefixBuckets) * tupleBucketWords);
  const bytes = new Uint8Array(buckets.buffer);
  const taken = new Uint8Array(count + maxPrefixBuckets);
  const tags = (bucket: number): number => (bucket * tupleBucketWords + tupleBucketWords - 1) * 4;
  for (let number = 0; number < keys.count; number++) {
    const home = scale(hashes[number]!, count);
    let bucket = home;
    while (taken[bucket] === slots) {
      bytes[tags(bucket) + maxSlots] = 1;
      if (++bucket === home + maxPrefixBuckets) return null;
    }
    const slot = taken[bucket]!++;
    const at = bucket * tupleBucketWords + slot * (width + 1);
    for (let w = 0; w < width; w++) buckets[at + w] = keys.word(number, w);
    buckets[at + width] = byKey[number]!;
    bytes[tags(bucket) + slot] = rank[keys.word(number, width)]! + 1;
  }
  return buckets;
}
