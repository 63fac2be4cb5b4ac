/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Tables of addresses and prefixes. As abi.h, of which it is a part and whose limits it takes. */
#ifndef OFFLOAD_ABI_ADDRESSES_H
#define OFFLOAD_ABI_ADDRESSES_H

#include <linux/types.h>

/* IPv4 addresses: single ones in buckets, all others as sorted range starts behind an index of the top bits. */
struct address_config {
	__u32 buckets; /* offset of struct bucket[bucket_count], or struct plain_bucket */
	__u32 bucket_count; /* 0: none */
	__u32 seed;
	__u32 plain; /* the one label of all that is in buckets: they are plain; else 0 */
	__u32 counted; /* `buckets` is the offset of struct counted_bucket[bucket_count] in the value of each CPU in `counters`: the label of a slot is this one, and the place of its counter from there on */
	__u32 filter; /* offset of u32s of filter_bits bits: by its hash, whether an address may be in buckets */
	__u32 filter_bits; /* 0: none */
	__u32 filler; /* plain buckets: an address that stands in every empty slot, and in no last slot otherwise */
	__u32 index; /* offset of u32 position[(1 << (32 - index_shift)) + 1] */
	__u32 index_shift; /* 32: no index */
	__u32 ranges; /* offset of struct range[range_count] */
	__u32 range_count; /* 0: every address that is in no bucket has the label `fallback` */
	__u32 depth; /* halvings that find a range */
	__u32 fallback;
	__u32 where; /* offset of codes of where_bits bits, one per /24, from the low bits of each u32 up (enum where); 0: none */
	__u32 where_bits; /* 2; or 1, which says both or neither */
	__u32 common; /* label of addresses that are neither in buckets nor in ranges of another label */
	__u32 full; /* label of a /24 that is said to be in ranges only; 0: they are to be searched */
	__u32 cells; /* offset of struct cell[1 << (32 - cell_shift)]; 0: none. With them there are no buckets and no codes, and ranges are for the cells that say so */
	__u32 cell_shift; /* at most 15 */
	__u32 cell_bits; /* a cell has 1 << cell_bits bytes: 64 at most */
	__u32 cells_label; /* of what has a counter: this, and its place + 1 */
	__u32 trie; /* offset of u16 cell[1 << 16], by the first 16 bits of the address (TRIE_BLOCK); 0: none. With it there is nothing else */
	__u32 trie_blocks; /* offset of blocks of u16 cell[256], by the next 8 bits or the last ones */
	__u32 trie_labels; /* offset of u32s, by answer; 0: the answer is the label */
};

/* Of a /24: what must be asked, a bit each. */
enum where { IN_BUCKETS = 1, IN_RANGES = 2 };

/*
 * Of networks that count for themselves: which ranges lie among the addresses that begin with the same bits. They have places among the
 * counters of each CPU, in their order.
 */
#define MAX_CELL_WORDS 7 /* of starts */

struct cell {
	__u32 first; /* place of the counter of the first range here that has one, + 1; 0: ranges are to be searched */
	__u32 counted; /* bit for each range, from the one that reaches in from below: it has a counter; else its label is `common` */
	__u64 starts[]; /* where the next ones begin, 16 bits each, in order from the low bits up; 0x8000: nowhere */
};
_Static_assert(sizeof(struct cell) == 8, "abi");

/*
 * A cell of a trie: from TRIE_ENDED on the number of a block; else the answer. The first block is zeros: what has
 * its answer goes on there.
 */
#define TRIE_BLOCK 256
#define TRIE_ENDED (1 << 15)

struct bucket {
	__u64 slot
		[BUCKET_SLOTS]; /* u32 address and, behind it, u32 label: read and written at once. Label 0: empty, and so are the rest */
};
_Static_assert(sizeof(struct bucket) == 64, "one cache line");

/* Of addresses that share their label. */
struct plain_bucket {
	__u32 address[BUCKET_SLOTS];
};
_Static_assert(sizeof(struct plain_bucket) == 32, "half a cache line");

struct range {
	__u32 start;
	__u32 label;
};

/*
 * IPv6 prefixes and MACs. A value belongs to a group: IPv6 addresses by their first 32 bits, which are
 * looked up like an IPv4 address and give the number of the group + 1; MACs to the only group there is. A group says which
 * lengths occur in it. They are searched by halving: an entry (a prefix, or a marker that says "there are longer ones") sends the
 * search to longer lengths, none to shorter ones. Every entry has the label of the longest prefix that covers it. Where all prefixes are of
 * one length, longer than 32 bits, the buckets answer alone.
 */
struct prefix_config {
	__u32 groups; /* offset of struct prefix_group[group_count] */
	__u32 group_count; /* 0: the table is not used */
	__u32 depth; /* halvings that search the lengths of any group; 0: no group has lengths */
	__u32 buckets; /* offset of struct prefix_bucket[bucket_count], and MAX_PREFIX_BUCKETS more */
	__u32 bucket_count;
	__u32 seed;
	__u32 bloom; /* offset of u64[bloom_words]: a word per entry, four bits of it set */
	__u32 bloom_words; /* 0: none */
	__u32 bits; /* first bits of the key that all prefixes have; 0: lengths differ, and groups tell them */
	__u32 tag; /* of all of them */
	__u32 few; /* offset of struct few_length[MAX_FEW_LENGTHS] */
	__u32 few_count; /* of those; 0: groups tell the lengths, or there is one */
	__u32 fallback; /* label of what is in none of them */
	__u32 counters; /* offset of struct counter[PREFIX_SLOTS] for each bucket, in the value of each CPU in `counters`; 0: counters stand by their numbers */
};

/*
 * Where all prefixes are of few lengths, there are no groups and no markers: a filter says, for all lengths at once, which ones an address may
 * be in, and of those the longest comes first. The filter is that of `bloom`, with three bits of a word.
 */
#define MAX_FEW_LENGTHS 4

/* Longest first. */
struct few_length {
	__u64 high, low; /* mask */
	__u64 salt; /* of its hashes */
	__u64 tag; /* length + 1 */
};
_Static_assert(sizeof(struct few_length) == 32, "abi");

struct prefix_group {
	__u32 label; /* of what no prefix covers that is longer than the group's own */
	__u32 lengths; /* offset of struct prefix_length[count], shortest first */
	__u32 count;
	__u32 reserved;
};
_Static_assert(sizeof(struct prefix_group) == 16, "abi");

struct prefix_length {
	__u64 high, low; /* mask */
	__u64 tag; /* length + 1 */
};
_Static_assert(sizeof(struct prefix_length) == 24, "abi");

#define PREFIX_SLOTS 3

/* Keys of 128 bits: IPv6 addresses; a MAC in `high`. Tag: length + 1; 0: empty. */
struct prefix_bucket {
	__u64 high[PREFIX_SLOTS], low[PREFIX_SLOTS];
	__u32 label[PREFIX_SLOTS];
	__u8 tag[PREFIX_SLOTS];
	__u8 overflowed; /* an entry whose place is here or before stands in a later bucket */
};
_Static_assert(sizeof(struct prefix_bucket) == 64, "one cache line");

#endif
