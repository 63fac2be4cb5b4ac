/**
 * The layout of bpf/abi.h, abi-addresses.h and abi-control.h, said once for TypeScript. A test compares it with the BTF of the built object.
 * Everything is in host byte order (the loader runs on the host that it loads for); addresses and ports are plain numbers, so no network order
 * occurs at all.
 */
import type { SmallField } from '../plan/program.js';

export const slots = {
  saddr: 0,
  daddr: 1,
  protocol: 2,
  sport: 3,
  dport: 4,
  tcpFlags: 5,
  icmp: 6,
  ttl: 7,
  tos: 8,
  length: 9,
  packetType: 10,
  device: 11,
  availability: 12,
  smac: 13,
  mark: 14,
  reversePath: 15,
  tuple0: 16,
} as const;
export const fieldSlots = 20;

/** Number of values of each small field that has a table. */
export const smallFieldValues: Readonly<Record<SmallField, number>> = {
  protocol: 256,
  sport: 65536,
  dport: 65536,
  tcpFlags: 512,
  icmp: 65536,
  ttl: 256,
  tos: 256,
  length: 65536,
  packetType: 8,
  mark: 1024,
  reversePath: 8,
  device: 65536,
  availability: 4,
};

export const counterBits = 22;
export const counterMask = 2 ** counterBits - 1;
export const escapeClass = 1023;
export const expiryClass = 1022;
/** Most records that a lookup follows. */
export const maxExpiries = 8;
/** Expiries are counted in ticks of 2^26 ns, 67 ms. */
export const expiryTickBits = 26;
export const expiryBytes = 12;
export const maxBucketsProbed = 16;
export const bucketSlots = 8;
export const countedSlots = 5;
/** Places of counters that a bucket of addresses with their counters takes, and those of them that addresses stand in. */
export const countedBucketPlaces = 8;
export const countedAddressPlaces = 3;
/** Beginnings of ranges in a word of a cell. */
export const cellStarts = 4;
/** Cells of a trie of addresses: by their first 16 bits, and in a block; from which number on one leads to a block. */
export const trieRoot = 2 ** 16;
export const trieBlock = 2 ** 8;
export const trieEnded = 2 ** 15;
export const maxPrefixBuckets = 8;
export const maxFewLengths = 4;
export const prefixSlots = 3;
export const stepBytes = 8;
export const prefixTables = { saddr: 0, daddr: 1, smac: 2 } as const;
export const clusterBounds = 4;
export const prefixTablesPerFamily = 3;
export const tupleTablesPerFamily = 4;
export const tupleWords = 12;
export const tupleShapeWords = 16;
export const tupleBucketWords = 16;
export const maxTupleShapes = 255;
/** Of a /24, what must be asked. */
export const where = { buckets: 1, ranges: 2 } as const;
export const outcomes = { pass: 0, drop: 1, skip: 2, ask: 3, mark: 4, route: 5 } as const;

/** Of a combination: other fields do not matter. */
export const combinedSettled = 0x8000;
/** Of a decision: conntrack must be asked before a drop; and no step matches. */
export const decisionAsked = 0x8000;
export const decisionNone = 0x7fff;

export const listBytes = 8;
/** Words of lists that a packet has looked at, at most; and how often bits of it say which list that is. */
export const maxWalk = 8;
export const maxSplits = 3;
/** Of a split: its bits are of the small fields of a candidate, not of the addresses. */
export const splitByFields = 64;
export const candidateBytes = 32;

/** What is to be done for a drop. */
export const atDrop = { count: 0, nothing: 1, control: 2 } as const;

/** Why packets were passed: names of the keys of the map `stats`, in order. */
export const passReasons = [
  'noStep',
  'guard',
  'notIp',
  'otherHost',
  'vlan',
  'malformed',
  'family',
  'tracked',
  'internal',
  'lease',
] as const;

/** A member: its name, the bytes of one element, and how many there are; or a nested struct. */
export type Member = readonly [name: string, bytes: 1 | 2 | 4 | 8 | Struct, count?: number];
export interface Struct {
  readonly name: string;
  readonly members: readonly Member[];
}

const u32s = (...names: readonly string[]): Member[] => names.map((name) => [name, 4]);

export const fieldConfig: Struct = {
  name: 'field_config',
  members: u32s('labels', 'width', 'rows', 'summaries', 'classes', 'stride', 'counted', 'timed', 'lists', 'numbered'),
};

export const addressConfig: Struct = {
  name: 'address_config',
  members: u32s(
    'buckets',
    'bucket_count',
    'seed',
    'plain',
    'counted',
    'filter',
    'filter_bits',
    'filler',
    'index',
    'index_shift',
    'ranges',
    'range_count',
    'depth',
    'fallback',
    'where',
    'where_bits',
    'common',
    'full',
    'cells',
    'cell_shift',
    'cell_bits',
    'cells_label',
    'trie',
    'trie_blocks',
    'trie_labels',
  ),
};

export const prefixConfig: Struct = {
  name: 'prefix_config',
  members: u32s(
    ...['groups', 'group_count', 'depth', 'buckets', 'bucket_count', 'seed', 'bloom', 'bloom_words'],
    ...['bits', 'tag', 'few', 'few_count', 'fallback', 'counters'],
  ),
};

export const tupleConfig: Struct = {
  name: 'tuple_config',
  members: u32s(
    'words',
    'slots',
    'size',
    'known_up_to',
    'map_sport',
    'map_dport',
    'map_icmp',
    'shapes',
    'shape_count',
    'buckets',
    'bucket_count',
    'seed',
    'bloom',
    'bloom_words',
    'fallback',
  ),
};

export const familyConfig: Struct = {
  name: 'family_config',
  members: [
    ...u32s(
      'enabled',
      'by_source',
      'parsed',
      'used',
      'rowed',
      'words',
      'group_shift',
      'clustered',
      'steps',
      'step_count',
      'skips',
      'combined',
      'combined_count',
      'paired',
      'decisions',
      'only_class',
      'only_step',
      'only_counter',
      'only_counted',
      'candidates',
      'candidate_mask',
      'escapes',
      'expiries',
    ),
    ['clusters', 4, clusterBounds],
    ['field', fieldConfig, fieldSlots],
  ],
};

export const config: Struct = {
  name: 'config',
  members: [
    ['mac', 1, 6],
    ['calls_rounds', 1],
    ['selective', 1],
    ['clock_start', 8],
    ['tables_bytes', 4],
    ['counters', 4],
    ['at_drop', 4],
    ['leased', 4],
    ['sampled', 4],
    ['ifindex', 4],
    ['vlan', 4],
    ['vlan_ifindex', 4],
    ['address', addressConfig, 4],
    ['ip', familyConfig],
    ['ip6', familyConfig],
    ['prefix', prefixConfig, 2 * prefixTablesPerFamily],
    ['tuple', tupleConfig, 2 * tupleTablesPerFamily],
  ],
};

/** Structs inside `tables`, for the test against BTF: the builders write them by hand. */
export const step: Struct = {
  name: 'step',
  members: [
    ['outcome', 1],
    ['counted_slot', 1],
    ['skip_to', 2],
    ['counter', 4],
  ],
};
export const expiry: Struct = {
  name: 'expiry',
  members: u32s('ends', 'until', 'after'),
};
export const counter: Struct = {
  name: 'counter',
  members: [
    ['packets', 4],
    ['bytes', 4],
  ],
};

/** Somebody who is given samples of what is dropped. */
export const listener: Struct = {
  name: 'listener',
  members: [['until', 8], ...u32s('chance', 'left', 'ifindex', 'lost')],
};
/** Places for them. */
export const listeners = 4;
/** The value of the map `control`. */
export const control: Struct = {
  name: 'control',
  members: [
    ['drop_until', 8],
    ['checked', 8],
    ['listening', 2, listeners],
    ['leased', 4],
    ['sampled', 4],
    ['listener', listener, listeners],
  ],
};
/** Most bytes of a frame that a sample has. */
export const sampledFrame = 152;
export const sample: Struct = {
  name: 'sample',
  members: [
    ['time', 8],
    ...u32s('ifindex', 'place', 'length', 'captured', 'chance', 'reserved'),
    ['frame', 1, sampledFrame],
  ],
};

export const sizeOf = (bytes: Member[1]): number =>
  typeof bytes === 'number' ? bytes : bytes.members.reduce((sum, [, each, count = 1]) => sum + sizeOf(each) * count, 0);

/** Every struct here is free of implicit padding, so an offset is the sum of what stands before. */
export function offsetOf(struct: Struct, name: string): number {
  let offset = 0;
  for (const [member, bytes, count = 1] of struct.members) {
    if (member === name) return offset;
    offset += sizeOf(bytes) * count;
  }
  throw new Error(`bug: struct ${struct.name} has no member ${name}`);
}
