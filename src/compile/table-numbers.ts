/** Tables of addresses and prefixes in the arena, and what the program's configuration says of them. */
import { countedAddressPlaces, countedBucketPlaces, counter, sizeOf } from './abi.js';
import type { AddressTable, AnyBuckets, Buckets } from './address-table.js';
import type { AddressTrie } from './address-trie.js';
import type { Arena } from './arena.js';
import type { CountedBuckets } from './counted-buckets.js';
import type { Structure } from './image.js';
import { keyBits } from './prefix-groups.js';
import type { FewLengths } from './few-lengths.js';
import type { PrefixStore } from './prefix-buckets.js';
import type { GroupedPrefixes } from './prefix-table.js';

/** Members of structs by the names of bpf/abi.h. */
export type Numbers = Readonly<Record<string, number>>;

type List = (structure: Structure['structure'], entries: number, bytes: number) => void;

export function addressNumbers(table: AddressTable, arena: Arena, list: List): Record<string, number> {
  const { buckets, filter, ranges, fallback, where, cells, trie } = table;
  const numbers: Record<string, number> = { fallback };
  if (cells !== null) {
    numbers['cells'] = arena.add(cells.words);
    numbers['cell_shift'] = cells.shift;
    numbers['cell_bits'] = Math.log2(8 * (1 + cells.starts));
    numbers['cells_label'] = cells.label;
    numbers['common'] = cells.common;
    list('counted-cells', cells.elements, cells.words.byteLength + cells.places * sizeOf(counter));
  }
  if (buckets !== null) {
    Object.assign(numbers, buckets.kind === 'own' ? bucketNumbers(buckets, arena) : countedNumbers(buckets));
    if (filter !== null) {
      numbers['filter'] = arena.add(filter.words);
      numbers['filter_bits'] = filter.bits;
      list('filter', filter.bits, filter.words.byteLength);
    }
    list('buckets', buckets.elements, bucketBytes(buckets));
  }
  if (ranges !== null) {
    numbers['ranges'] = arena.add(ranges.words);
    numbers['range_count'] = ranges.count;
    numbers['index'] = ranges.index === null ? 0 : arena.add(ranges.index);
    numbers['index_shift'] = ranges.indexShift;
    numbers['depth'] = ranges.depth;
    list('ranges', ranges.count, ranges.words.byteLength + (ranges.index?.byteLength ?? 0));
  }
  if (where !== null) {
    numbers['where'] = arena.add(where.words);
    numbers['where_bits'] = where.bits;
    numbers['common'] = where.common;
    numbers['full'] = where.full;
    list('where-map', where.words.length * (32 / where.bits), where.words.byteLength);
  }
  if (trie !== null) Object.assign(numbers, trieNumbers(trie, arena, list));
  return numbers;
}

function trieNumbers({ root, blocks, labels, elements }: AddressTrie, arena: Arena, list: List): Numbers {
  const parts = [root, blocks, ...(labels === null ? [] : [labels])];
  list(
    'trie',
    elements,
    parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
  );
  return {
    trie: arena.add(root),
    trie_blocks: arena.add(blocks),
    trie_labels: labels === null ? 0 : arena.add(labels),
  };
}

function bucketNumbers({ words, count, seed, plain, filler }: Buckets, arena: Arena): Numbers {
  return { buckets: arena.add(words), bucket_count: count, seed, plain, filler };
}

function countedNumbers({ count, seed, place, label }: CountedBuckets): Numbers {
  const counted = label + place + countedAddressPlaces;
  return { buckets: place * sizeOf(counter), bucket_count: count, seed, counted };
}

/** Of those that have counters, on each CPU. */
const bucketBytes = (buckets: AnyBuckets): number =>
  buckets.kind === 'own' ? buckets.words.byteLength : buckets.count * countedBucketPlaces * sizeOf(counter);

/** `lengths`: where the lengths of its groups stand; `spare`: groups that may come. */
export function prefixNumbers(table: GroupedPrefixes, lengths: number, spare: number, arena: Arena): Numbers {
  const { groups, groupCount, depth, only, layout, buckets } = table;
  return {
    groups: arena.add(groups(lengths, spare)),
    group_count: groupCount + spare,
    depth,
    ...(only !== null && {
      bits: keyBits(layout, only.length),
      tag: only.length + 1,
      fallback: only.label,
    }),
    ...(buckets !== null && {
      ...storeNumbers(buckets.store, arena),
      seed: buckets.seed,
      bloom: buckets.bloom.length === 0 ? 0 : arena.add(buckets.bloom),
      bloom_words: buckets.bloom.length / 2,
    }),
  };
}

function storeNumbers({ words, count, counters }: PrefixStore, arena: Arena): Numbers {
  const buckets = arena.add(words);
  return { buckets, bucket_count: count, ...(counters !== null && { counters: counters * sizeOf(counter) }) };
}

export function fewLengthsNumbers(
  { lengths, count, seed, store, filter, fallback }: FewLengths,
  arena: Arena,
): Numbers {
  return {
    few: arena.add(lengths),
    few_count: count,
    ...storeNumbers(store, arena),
    seed,
    bloom: arena.add(filter),
    bloom_words: filter.length / 2,
    fallback,
  };
}
