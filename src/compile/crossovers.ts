/**
 * Where one lookup structure overtakes another, by `npm run bench -- dataplane`: the one place that chooses. Nanoseconds over the program that
 * only parses, many random sources.
 */
export const crossovers = {
  /** IPv4: from so many single addresses on, buckets beat a longer binary search. */
  bucketsFrom: 32,
  /** … and where ranges are searched besides, a look into a bucket costs so many steps of the search. */
  bucketCost: 4,
  /** … as an index of ranges costs, by the bits of the address that it leaves to the search: it misses the caches when large. */
  indexCosts: [
    [32, 0],
    [24, 1],
    [20, 1.5],
    [16, 5],
  ],
  /** … and ranges of so many addresses count as single ones where those are the majority. */
  neighbours: 8,
  /** From so many entries on, where ranges are many too, a bit or two for each /24 say where to look. */
  whereFrom: 150_000,
  /**
   * From so many single addresses with a counter each on, these stand in buckets with them, behind a filter, as long as the counters of all
   * CPUs take no more bytes. A look into them costs nothing beside a search of fewer ranges.
   */
  countedFrom: 128,
  countedCost: 0,
  /** From so many on so many in one of five places: the fuller the buckets, the more lookups go on to the next one, and the more stay in the cache. */
  countedLoads: [
    [262_144, 4.6],
    [32_768, 3.8],
    [0, 3],
  ],
  countedBytes: 536_870_912,
  /**
   * From so many ranges on, networks that count for themselves have cells, of the first of these sizes by which no more than one in so many
   * ranges must be searched. Of fewer ranges all stay in the cache, and cells of 2 MB do not.
   */
  cellsFrom: 40_000,
  cellsAsked: 4,
  cellSizes: [
    { shift: 15, starts: 1 },
    { shift: 15, starts: 3 },
    { shift: 15, starts: 7 },
    { shift: 14, starts: 7 },
  ],
  /** Buckets of so many bytes do not stay in a cache with all else: a filter of bits by the address's hash, which does, is asked first. */
  filterFrom: 98_304,
  /** Bits of that for each address: at most and at least; in between as many in all as stay in the cache. */
  filterBits: { most: 16, least: 4, cached: 2_097_152 },
  /** IPv4: from so many ranges on a trie beats the search, as long as it takes no more bytes: then it stays in the cache. */
  trieFrom: 16,
  trieBytes: 655_360,
  /** … and no more than these where the search takes so many halvings or more, each a branch that goes either way. */
  deepFrom: 8,
  deepTrieBytes: 2_097_152,
  /** IPv6: so many prefixes of at most four lengths are asked for by length, without their first 32 bits. */
  fewFrom: 64,
  /** Prefix tables: below so many entries the buckets themselves stay in the cache, and a Bloom filter only costs. */
  bloomFrom: 4096,
  /** … and below so many the counters of their entries do: else these stand in the order of the buckets, and are loaded with them. */
  orderedCountersFrom: 32_768,
  /** Most combinations of classes that are numbered, and most decisions, for which these stand in place of rows. */
  combinations: 262_144,
  decisions: 2_097_152,
  /** Lists by address: of more words than this, bits of the packet say which part is gone through. */
  splitFrom: 3,
  splitOwnFrom: 2,
  /** … which may have so many times the entries at most, and all lists together so many. */
  splitCopies: 4,
  listed: 1_000_000,
  /** Where some steps must have rows anyway, those that are wider than this share of all addresses have them too: lists get shorter. */
  widestListed: 1 / 256,
  /** From so many on, combinations of addresses are numbered too, where they do not change. */
  paired: 16_384,
} as const;
