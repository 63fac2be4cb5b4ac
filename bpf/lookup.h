/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* From the value of one field to its label (abi.h). Everything lives in the map `tables`, whose base `t` the caller holds. */
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

static __always_inline __u32 bucket_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	__u32 count = table->bucket_count, buckets = table->buckets;
	__u32 place = (__u64)hash_address(address, table->seed) * count >> 32, label = 0;
	int probe, i;

#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_BUCKETS_PROBED; probe++) {
		const struct bucket *bucket;

		bucket = t + buckets + (__u64)place * sizeof(struct bucket);
		/* Without a branch per slot: which slot hits is random. All ones where the addresses are equal. */
#pragma clang loop unroll(full)
		for (i = 0; i < BUCKET_SLOTS; i++) {
			__s64 equal = (__s64)((__u64)(bucket->slot[i].address ^ address) - 1) >> 63;

			barrier_var(equal);
			label |= equal & bucket->slot[i].label;
		}
		if (label)
			return label;
		/* Filled from the front: a bucket that is not full was never overflowed. */
		if (!bucket->slot[BUCKET_SLOTS - 1].label)
			return 0;
		/* The builder leaves room behind the last bucket. */
		place++;
	}
	return 0;
}

/* A bucket has no empty slot to stop at a wrong address: what fills it is an element itself. */
static __always_inline __u32 plain_bucket_label(const void *t, const volatile struct address_config *table,
						__u32 address)
{
	__u32 count = table->bucket_count, buckets = table->buckets;
	__u32 place = (__u64)hash_address(address, table->seed) * count >> 32;
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

		if (i >= depth)
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

static __always_inline __u32 address_label(const void *t, const volatile struct address_config *table, __u32 address)
{
	if (table->bucket_count) {
		__u32 label = table->plain ? plain_bucket_label(t, table, address) : bucket_label(t, table, address);

		if (label)
			return label;
	}
	if (table->range_count)
		return range_label(t, table, address);
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

struct length_walk {
	const struct prefix_key *wanted;
	__u32 table;
	__u32 label;
};

/* Word `k` of the wanted address under a prefix length. Computed anew where needed: the stack is short. */
#define MASKED(walk, length, k) ((walk)->wanted->word[k] & cfg.masks[length][k])

/* src/compile/prefix-table.ts computes the same. */
static __always_inline __u32 hash_prefix(const struct length_walk *walk, __u32 length, __u32 seed)
{
	__u32 h = MASKED(walk, length, 0) * 0x9e3779b1u + MASKED(walk, length, 1) * 0x85ebca77u +
		  MASKED(walk, length, 2) * 0xc2b2ae3du + MASKED(walk, length, 3) * 0x27d4eb2fu +
		  ((walk->wanted->extra | length << 24) ^ seed) * 0x165667b1u;

	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 15;
	h *= 0xc2b2ae35u;
	h ^= h >> 16;
	return h ? h : 1;
}

/* 0 where the entry is the wanted prefix. One value instead of five compares: fewer paths for the verifier. */
static __always_inline __u32 entry_differs(const struct prefix_entry *entry, const struct length_walk *walk,
					   __u32 length)
{
	__u32 differs =
		(entry->key.word[0] ^ MASKED(walk, length, 0)) | (entry->key.word[1] ^ MASKED(walk, length, 1)) |
		(entry->key.word[2] ^ MASKED(walk, length, 2)) | (entry->key.word[3] ^ MASKED(walk, length, 3)) |
		(entry->key.extra ^ (walk->wanted->extra | length << 24));

	barrier_var(differs);
	return differs;
}

static __always_inline __u32 probe_prefix(const void *t, const volatile struct prefix_config *table,
					  const struct length_walk *walk, __u32 length)
{
	__u32 h = hash_prefix(walk, length, table->seed), limit = cfg.tables_bytes;
	__u64 place = (__u64)h * table->slots >> 32;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_PROBES; i++, place++) {
		__u64 at = table->tags + place * 4;
		const struct prefix_entry *entry;
		__u32 tag;

		barrier_var(at);
		if (at > limit - 4)
			return 0;
		tag = *(__u32 *)(t + at);
		if (!tag)
			return 0;
		if (tag != h)
			continue;
		at = table->entries + place * sizeof(*entry);
		barrier_var(at);
		if (at > limit - sizeof(*entry))
			return 0;
		entry = t + at;
		if (!entry_differs(entry, walk, length))
			return entry->label;
	}
	return 0;
}

static long try_length(__u32 i, struct length_walk *walk)
{
	const volatile struct prefix_config *config;
	const void *t = table_base();
	__u64 table = walk->table;
	__u32 length;

	barrier_var(table);
	if (table >= 2 * PREFIX_TABLES || !t || i >= MAX_LENGTHS || cfg.tables_bytes < sizeof(struct prefix_entry))
		return 1;
	config = &cfg.prefix[table];
	length = config->lengths[i];
	if (length >= MAX_LENGTHS)
		return 1;
	walk->label = probe_prefix(t, config, walk, length);
	return walk->label != 0;
}

/*
 * `table` counts the prefix tables of IPv4, then those of IPv6. Own function, and the lengths in a callback (bpf_loop since 5.17): the
 * verifier walks one length of one table, whatever is configured. Bounds come from tables_bytes.
 */
__noinline __u32 prefix_label(const struct prefix_key *wanted, __u32 table)
{
	const volatile struct prefix_config *config;
	struct length_walk walk;
	__u64 bounded = table;

	barrier_var(bounded);
	if (!wanted || bounded >= 2 * PREFIX_TABLES)
		return 0;
	config = &cfg.prefix[bounded];
	walk.wanted = wanted;
	walk.table = table;
	walk.label = 0;
	bpf_loop(config->length_count, try_length, &walk, 0);
	return walk.label ? walk.label : config->fallback;
}

#endif
