/** Tables of addresses and prefixes in the arena, and what the program's configuration says of them. */
import type { AddressTable } from './address-table.js';
import type { Arena } from './arena.js';
import type { Structure } from './image.js';
import { keyBits } from './prefix-groups.js';
import type { PrefixTable } from './prefix-table.js';

/** Members of structs by the names of bpf/abi.h. */
export type Numbers = Readonly<Record<string, number>>;

type List = (structure: Structure['structure'], entries: number, bytes: number) => void;

export function addressNumbers({ buckets, ranges, fallback, where }: AddressTable, arena: Arena, list: List): Numbers {
  const numbers: Record<string, number> = { fallback };
  if (buckets !== null) {
    numbers['buckets'] = arena.add(buckets.words);
    numbers['bucket_count'] = buckets.count;
    numbers['seed'] = buckets.seed;
    numbers['plain'] = buckets.plain;
    numbers['filler'] = buckets.filler;
    if (buckets.filter !== null) {
      numbers['filter'] = arena.add(buckets.filter.words);
      numbers['filter_bits'] = buckets.filter.bits;
      list('filter', buckets.filter.bits, buckets.filter.words.byteLength);
    }
    list('buckets', buckets.elements, buckets.words.byteLength);
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
  return numbers;
}

/** `lengths`: where the lengths of its groups stand; `spare`: groups that may come. */
export function prefixNumbers(table: PrefixTable, lengths: number, spare: number, arena: Arena): Numbers {
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
      buckets: arena.add(buckets.words),
      bucket_count: buckets.count,
      seed: buckets.seed,
      bloom: buckets.bloom.length === 0 ? 0 : arena.add(buckets.bloom),
      bloom_words: buckets.bloom.length / 2,
    }),
  };
}
