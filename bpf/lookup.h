/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* From the value of a small field or an IPv4 address to its label (abi.h). Everything lives in the map `tables`, whose base `t` the caller holds. */
#ifndef OFFLOAD_LOOKUP_H
#define OFFLOAD_LOOKUP_H

#include "maps.h"

typedef const volatile struct field_config *field_ptr;

static __always_inline __u32 small_label(const void *t, field_ptr field, __u32 value, __u32 max)
{
	__u32 width = field->width, labels = field->labels;

	if (value > max)
		value = max;
	if (width == 1)
		return *(__u8 *)(t + labels + value);
	if (width == 2)
		return *(__u16 *)(t + labels + value * 2);
	return *(__u32 *)(t + labels + value * 4);
}

/* src/compile/address-table.ts computes the same. */
static __always_inline __u32 hash_address(__u32 address, __u32 seed)
{
	__u32 h = (address ^ seed) * 0x9e3779b1u;

	h ^= h >> 15;
	return h * 0x85ebca6bu;
}

/*
 * A hash -> a place below `count`. As the verifier before 6.10 can follow it: at an XOR with an unknown value it forgets that the upper half
 * of a register is zero, until a 32-bit move says so again; and a product is known only where the factor on the right is a constant.
 */
static __always_inline __u64 place_of(__u32 hash, __u32 count)
{
	__u64 product, factor = count;
	__u32 moved;

	asm("%0 = %1" : "=w"(moved) : "w"(hash));
	product = moved;
	asm("%0 *= %1" : "+r"(product) : "r"(factor));
	return product >> 32;
}

/* Where the members of a slot stand in a u64. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SLOT_ADDRESS_SHIFT 0
#define SLOT_LABEL_SHIFT 32
#else
#define SLOT_ADDRESS_SHIFT 32
#define SLOT_LABEL_SHIFT 0
#endif

/* False: certainly in no bucket. A bit for many a slot: it fits in a cache that the buckets do not fit in. */
static __always_inline int may_be_in_buckets(const void *t, const volatile struct address_config *table, __u32 hash)
{
	__u32 bit = place_of(hash, table->filter_bits);

	return ((const __u32 *)(t + table->filter))[bit >> 5] >> (bit & 31) & 1;
}

static __always_inline __u32 bucket_label(const void *t, const volatile struct address_config *table, __u32 address,
					  __u32 hash)
{
	__u32 count = table->bucket_count, buckets = table->buckets;
	__u32 place = place_of(hash, count), label = 0;
	int probe, i;

#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_BUCKETS_PROBED; probe++) {
		const struct bucket *bucket;

		bucket = t + buckets + (__u64)place * sizeof(struct bucket);
		/* Without a branch per slot: which slot hits is random. All ones where the addresses are equal. */
#pragma clang loop unroll(full)
		for (i = 0; i < BUCKET_SLOTS; i++) {
			/* By one load: an update of the slot is met whole or not at all. */
			__u64 slot = ((const volatile struct bucket *)bucket)->slot[i];
			__s64 equal = (__s64)((__u64)((__u32)(slot >> SLOT_ADDRESS_SHIFT) ^ address) - 1) >> 63;

			barrier_var(equal);
			label |= equal & (__u32)(slot >> SLOT_LABEL_SHIFT);
		}
		if (label)
			return label;
		/* Filled from the front: a bucket that is not full was never overflowed. */
		if (!(__u32)(bucket->slot[BUCKET_SLOTS - 1] >> SLOT_LABEL_SHIFT))
			return 0;
		/* The builder leaves room behind the last bucket. */
		place++;
	}
	return 0;
}

/* A bucket has no empty slot to stop at a wrong address: what fills it is an element itself. */
static __always_inline __u32 plain_bucket_label(const void *t, const volatile struct address_config *table,
						__u32 address, __u32 hash)
{
	__u32 count = table->bucket_count, buckets = table->buckets;
	__u32 place = place_of(hash, count);
	int probe, i;

#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_BUCKETS_PROBED; probe++) {
		const struct plain_bucket *bucket;
		__u64 found = 0;

		bucket = t + buckets + (__u64)place * sizeof(struct plain_bucket);
#pragma clang loop unroll(full)
		for (i = 0; i < BUCKET_SLOTS; i++) {
			__u64 equal = ((__u64)(bucket->address[i] ^ address) - 1) >> 63;

			barrier_var(equal);
			found += equal;
		}
		if (found)
			return table->plain;
		if (bucket->address[BUCKET_SLOTS - 1] == table->filler)
			return 0;
		place++;
	}
	return 0;
}

/* The same of addresses that stand beside their counters. */
static __always_inline __u32 counted_bucket_label(const volatile struct address_config *table, __u32 address,
						  __u32 hash)
{
	__u32 count = table->bucket_count, buckets = table->buckets;
	__u32 place = place_of(hash, count), cpu = bpf_get_smp_processor_id();
	const void *own;
	int probe, i;

	own = bpf_map_lookup_elem(&counters, &cpu);
	if (!own)
		return 0;
#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_BUCKETS_PROBED; probe++) {
		const struct counted_bucket *bucket = own + buckets + (__u64)place * sizeof(struct counted_bucket);
		__u64 found = 0;

#pragma clang loop unroll(full)
		for (i = 0; i < COUNTED_SLOTS; i++) {
			__u64 equal = ((__u64)(bucket->address[i] ^ address) - 1) >> 63;

			barrier_var(equal);
			found += equal * (i + 1);
		}
		if (found)
			return table->counted + place * (sizeof(struct counted_bucket) / sizeof(struct counter)) +
			       found;
		if (!bucket->overflowed)
			return 0;
		place++;
	}
	return 0;
}

/* 0: in none of them. */
static __always_inline __u32 single_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	__u32 hash = hash_address(address, table->seed);

	if (table->filter_bits && !may_be_in_buckets(t, table, hash))
		return 0;
	if (table->counted)
		return counted_bucket_label(table, address, hash);
	return table->plain ? plain_bucket_label(t, table, address, hash) : bucket_label(t, table, address, hash);
}

static __always_inline __u32 range_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	__u32 shift = table->index_shift, depth = table->depth, last = table->range_count - 1, ranges = table->ranges;
	/* 0, but unknown to the verifier: since 6.18 it splits its path where a mask of all ones or zeros meets a constant. */
	__u64 base = *(const volatile __u32 *)t, length = table->range_count | base;
	__u32 i;

	if (shift < 32) {
		const __u32 *index = t + table->index + (__u64)(address >> shift) * 4;

		base = index[0];
		length = index[1] - index[0] + 1;
	}
	for (i = 0; i < MAX_DEPTH; i++) {
		__u64 half = length >> 1, probe = base + half;
		__s64 above;

		/* Most cells of an index have one range. */
		if (i >= depth || length <= 1)
			break;
		barrier_var(probe);
		if (probe > last)
			return 0;
		/* Without a branch: the address of a flood is random, and so would be the branch. */
		above = (__s64)((__u64)((const struct range *)(t + ranges))[probe].start - (__u64)address - 1) >> 63;
		barrier_var(above);
		base += half & above;
		length -= half;
	}
	barrier_var(base);
	if (base > last)
		return 0;
	return ((const struct range *)(t + ranges))[base].label;
}

/* All ones where the cell leads to a block. */
static __always_inline __u64 leads_on(__u64 cell)
{
	__u64 leads = -(cell / TRIE_ENDED);

	barrier_var(leads);
	return leads;
}

/* The cell of the next level, or a zero where there is none. */
static __always_inline __u64 cell_below(const void *t, const volatile struct address_config *table, __u64 cell,
					__u32 bits)
{
	__u64 at = (cell & (TRIE_ENDED - 1)) * TRIE_BLOCK + (bits & (TRIE_BLOCK - 1));

	at = table->trie_blocks + (at & leads_on(cell)) * 2;
	barrier_var(at);
	return at > cfg.tables_bytes - 2 ? 0 : *(const __u16 *)(t + at);
}

/* Without a branch: which level has the answer is random. */
static __always_inline __u32 trie_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	__u32 labels = table->trie_labels;
	__u64 first = ((const __u16 *)(t + table->trie))[address >> 16];
	__u64 second = cell_below(t, table, first, address >> 8);
	__u64 third = cell_below(t, table, second, address);
	__u64 answer = (first & ~leads_on(first)) | (second & ~leads_on(second)) | third, at;

	if (!labels)
		return answer;
	at = labels + answer * 4;
	barrier_var(at);
	return at > cfg.tables_bytes - 4 ? 0 : *(const __u32 *)(t + at);
}

/* What most sources of a flood, and of everybody else, are answered by alone: the other tables are too large for the cache. */
static __always_inline __u32 where_to_look(const void *t, const volatile struct address_config *table, __u32 address)
{
	const __u32 *codes = t + table->where;

	if (table->where_bits == 1)
		return -(codes[address >> 13] >> (address >> 8 & 31) & 1) & (IN_BUCKETS | IN_RANGES);
	return codes[address >> 12] >> ((address >> 8 & 15) * 2) & (IN_BUCKETS | IN_RANGES);
}

/* BPF has no instruction for it. */
static __always_inline __u32 bits_of(__u32 v)
{
	v = v - (v >> 1 & 0x55555555);
	v = (v & 0x33333333) + (v >> 2 & 0x33333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f;
	return v * 0x01010101 >> 24;
}

/* The value in each 16 bits. */
#define EACH_START(value) ((value)*0x0001000100010001ULL)

static __always_inline const struct cell *cell_of(const void *t, const volatile struct address_config *table,
						  __u32 address)
{
	__u32 cells = table->cells;

	return t + cells + ((__u64)(address >> table->cell_shift) << table->cell_bits);
}

/*
 * Networks with a counter each. Without a branch that depends on which of them it is: of a flood that is random. Starts are compared four at
 * once: a difference keeps the bit that is set above an address where that is not below the start.
 */
static __always_inline __u32 cell_label(const volatile struct address_config *table, const struct cell *cell,
					__u32 address)
{
	__u32 words = (1u << table->cell_bits) / sizeof(__u64) - 1, counted = cell->counted, i;
	__u64 all = EACH_START(address & ((1u << table->cell_shift) - 1)) | EACH_START(0x8000ULL), above = 0;

#pragma clang loop unroll(full)
	for (i = 0; i < MAX_CELL_WORDS; i++)
		if (i < words)
			above += (all - cell->starts[i]) >> 15 & EACH_START(1ULL);
	above = EACH_START(above) >> 48;
	if (!(counted >> above & 1))
		return table->common;
	return table->cells_label + cell->first + bits_of(counted & ((1u << above) - 1));
}

static __always_inline __u32 address_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	__u32 where = IN_BUCKETS | IN_RANGES;

	if (table->cells) {
		const struct cell *cell = cell_of(t, table, address);

		if (!table->range_count || cell->first)
			return cell_label(table, cell, address);
	}
	if (table->trie)
		return trie_label(t, table, address);
	if (table->where) {
		where = where_to_look(t, table, address);
		if (!where)
			return table->common;
		if (table->full && where == IN_RANGES)
			return table->full;
	}
	if (table->bucket_count && where & IN_BUCKETS) {
		__u32 label = single_label(t, table, address);

		if (label)
			return label;
	}
	if (table->range_count)
		return where & IN_RANGES ? range_label(t, table, address) : table->common;
	return table->fallback;
}

/*
 * The label that an expiry record stands for now; 0, "the packet lacks the field", never. Own function: the verifier walks the chain once,
 * however many fields expire. bpf_ktime_get_coarse_ns (since 5.11) is CLOCK_MONOTONIC as of the last tick, as jiffies are, by which
 * sets expire; neither runs while the host sleeps.
 */
__noinline __u32 current_label(__u32 expiries, __u32 label)
{
	const void *t = table_base();
	__s64 now = (__s64)(bpf_ktime_get_coarse_ns() - cfg.clock_start) >> EXPIRY_TICK_BITS;
	int i;

	if (!t || cfg.tables_bytes < sizeof(struct expiry))
		return 0;
	for (i = 0; i < MAX_EXPIRIES; i++) {
		__u64 at = expiries + (__u64)(label & COUNTER_MASK) * sizeof(struct expiry);
		const struct expiry *record;

		if (label >> COUNTER_BITS != EXPIRY_CLASS)
			return label;
		barrier_var(at);
		if (at > cfg.tables_bytes - sizeof(*record))
			return 0;
		record = t + at;
		label = now < (__s64)record->ends ? record->until : record->after;
	}
	return label >> COUNTER_BITS != EXPIRY_CLASS ? label : 0;
}

#endif
