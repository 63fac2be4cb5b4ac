/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * IPv6 addresses and MACs to labels (abi-addresses.h, struct prefix_config). One global function per table, so that each is specialised
 * by its own constants and the verifier looks at it once, by itself. src/compile/prefix-buckets.ts fills what is read here.
 */
#ifndef OFFLOAD_PREFIX_H
#define OFFLOAD_PREFIX_H

#include "lookup.h"

typedef const volatile struct prefix_config *prefix_ptr;

/* Of a sum of products: src/compile/key-hash.ts computes the same, and says why the seed is in each word. */
static __always_inline __u32 mixed(__u64 h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	return h >> 32;
}

#define TAG_FACTOR 0x85ebca6bc2b2ae35ULL

/* `salt`: the tag by TAG_FACTOR. */
static __always_inline __u32 hash_prefix(__u64 high, __u64 low, __u64 salt, __u32 seed)
{
	__u64 twice = seed * 0x100000001ULL;

	return mixed((high ^ twice) * 0x9e3779b97f4a7c15ULL + (low ^ twice) * 0xc2b2ae3d27d4eb4fULL + salt);
}

/* False: certainly not in the table. */
static __always_inline int bloom_may_have(const void *t, __u32 bloom, __u32 bloom_words, __u32 h)
{
	const __u64 *words = t + bloom;
	__u32 bits = h * 0x85ebca6bu;
	__u64 want =
		1ULL << (bits >> 8 & 63) | 1ULL << (bits >> 14 & 63) | 1ULL << (bits >> 20 & 63) | 1ULL << (bits >> 26);

	return (words[place_of(h, bloom_words)] & want) == want;
}

/* All ones where the values are equal. */
static __always_inline __u32 all_equal(__u64 differs)
{
	differs |= -differs;
	barrier_var(differs);
	return ~((__s64)differs >> 63);
}

/* Label of the entry, or 0. Slots without a branch each: which one hits is random. Of a free slot, and while it is filled, the label is 0. */
static __always_inline __u32 prefix_from(const void *t, prefix_ptr table, __u64 place, __u64 high, __u64 low, __u32 tag)
{
	__u32 label = 0;
	int probe, i;

#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_PREFIX_BUCKETS; probe++, place++) {
		const struct prefix_bucket *bucket = t + table->buckets + place * sizeof(struct prefix_bucket);

#pragma clang loop unroll(full)
		for (i = 0; i < PREFIX_SLOTS; i++) {
			__u64 differs = (bucket->high[i] ^ high) | (bucket->low[i] ^ low);

			if (!table->bits)
				differs |= bucket->tag[i] ^ tag;
			label |= all_equal(differs) & bucket->label[i];
		}
		if (label || !bucket->overflowed)
			return label;
	}
	return 0;
}

/*
 * Loads the counters of the entries that stand in a bucket, before it is known which of them counts, or whether: what is far away is waited for
 * once. Three counters lie in two lines at times; the one in the middle then is in the line that has two.
 */
static __always_inline void load_counters(prefix_ptr table, __u64 place)
{
	__u32 cpu = bpf_get_smp_processor_id(), first = table->counters + sizeof(struct counter);
	const void *own = bpf_map_lookup_elem(&counters, &cpu);

	if (own)
		(void)*(const volatile __u32 *)(own + first + place * (PREFIX_SLOTS * sizeof(struct counter)));
}

/* From the bucket that a hash says. */
static __always_inline __u32 stored_prefix(const void *t, prefix_ptr table, __u32 h, __u64 high, __u64 low, __u32 tag)
{
	__u64 place = place_of(h, table->bucket_count);

	if (table->counters)
		load_counters(table, place);
	return prefix_from(t, table, place, high, low, tag);
}

static __always_inline __u32 bucketed_prefix(const void *t, prefix_ptr table, __u64 high, __u64 low, __u32 tag)
{
	__u32 h = hash_prefix(high, low, tag * TAG_FACTOR, table->seed);

	if (table->bloom_words && !bloom_may_have(t, table->bloom, table->bloom_words, h))
		return 0;
	return stored_prefix(t, table, h, high, low, tag);
}

/* All prefixes are of one length. */
static __always_inline __u32 equal_prefix(const void *t, prefix_ptr table, __u64 high, __u64 low)
{
	__u32 bits = table->bits, label;

	if (bits <= 64)
		low = 0;
	else if (bits < 128)
		low &= ~0ULL << (128 - bits);
	if (bits < 64)
		high &= ~0ULL << (64 - bits);
	label = bucketed_prefix(t, table, high, low, table->tag);
	return label ? label : table->fallback;
}

static __always_inline __u32 hash_masked(prefix_ptr table, const struct few_length *length, __u64 high, __u64 low)
{
	return hash_prefix(high & length->high, low & length->low, length->salt, table->seed);
}

/* 0: there is certainly no such entry; else 1. */
static __always_inline __u32 filter_has(const void *t, prefix_ptr table, __u32 h)
{
	const __u64 *words = t + table->bloom;
	__u64 word = words[place_of(h, table->bloom_words)];

	return word >> (h & 63) & word >> (h >> 6 & 63) & word >> (h >> 12 & 63) & 1;
}

/* Numbers of the lowest bits set of 0 to 15, two bits each. */
#define LOWEST_BITS 0x12131210u

/*
 * The filter is asked for all lengths before any answer is looked at, so that no branch depends on which of them it is; then follows the
 * longest that there may be, which nearly always is the only one.
 */
static __always_inline __u32 few_label(const void *t, prefix_ptr table, __u64 high, __u64 low)
{
	const struct few_length *lengths = t + table->few;
	__u32 may = 0, sought = 0, i;

#pragma clang loop unroll(full)
	for (i = 0; i < MAX_FEW_LENGTHS; i++) {
		__u32 number = MAX_FEW_LENGTHS - 1 - i, h, has;

		if (number >= table->few_count)
			continue;
		h = hash_masked(table, &lengths[number], high, low);
		has = filter_has(t, table, h);
		may |= has << number;
		sought ^= (sought ^ h) & -has;
	}
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_FEW_LENGTHS; i++) {
		const struct few_length *length;
		__u32 label;

		if (!may)
			break;
		length = &lengths[LOWEST_BITS >> (may * 2 & 31) & 3];
		if (i)
			sought = hash_masked(table, length, high, low);
		label = stored_prefix(t, table, sought, high & length->high, low & length->low, length->tag);
		if (label)
			return label;
		may &= may - 1;
	}
	return table->fallback;
}

/* `number` of the group + 1. */
static __always_inline __u32 grouped_label(const void *t, prefix_ptr table, __u32 number, __u64 high, __u64 low)
{
	__u64 at = (__u64)number - 1, lengths;
	__u32 label, depth = table->depth, i, left;

	barrier_var(at);
	if (at >= table->group_count)
		return 0; /* never */
	at = table->groups + at * sizeof(struct prefix_group);
	label = ((const struct prefix_group *)(t + at))->label;
	if (!depth)
		return label;
	left = ((const struct prefix_group *)(t + at))->count;
	lengths = ((const struct prefix_group *)(t + at))->lengths;
	for (i = 0; i < MAX_PREFIX_DEPTH; i++) {
		__u32 half = left >> 1, found;
		const struct prefix_length *length;

		if (i >= depth || !left)
			break;
		at = lengths + (__u64)half * sizeof(*length);
		barrier_var(at);
		if (at > cfg.tables_bytes - sizeof(*length))
			return 0; /* never */
		length = t + at;
		found = bucketed_prefix(t, table, high & length->high, low & length->low, (__u32)length->tag);
		if (found) {
			label = found;
			lengths = at + sizeof(*length);
			left -= half + 1;
		} else {
			left = half;
		}
	}
	return label;
}

#define IP6_ADDRESS_LABEL(name, side)                                                                                  \
	__noinline __u32 name(__u64 high, __u64 low)                                                                   \
	{                                                                                                              \
		const void *t = table_base();                                                                          \
                                                                                                                       \
		if (!t)                                                                                                \
			return 0;                                                                                      \
		if (cfg.prefix[PREFIX_TABLES + side].few_count)                                                        \
			return few_label(t, &cfg.prefix[PREFIX_TABLES + side], high, low);                             \
		if (!cfg.prefix[PREFIX_TABLES + side].group_count)                                                     \
			return 0;                                                                                      \
		return grouped_label(t, &cfg.prefix[PREFIX_TABLES + side],                                             \
				     address_label(t, &cfg.address[2 + side], high >> 32), high, low);                 \
	}

/* MACs: one group. */
#define MAC_LABEL(name, table)                                                                                         \
	__noinline __u32 name(__u64 mac)                                                                               \
	{                                                                                                              \
		const void *t = table_base();                                                                          \
                                                                                                                       \
		if (!t || !cfg.prefix[table].group_count)                                                              \
			return 0;                                                                                      \
		if (cfg.prefix[table].bits)                                                                            \
			return equal_prefix(t, &cfg.prefix[table], mac, 0);                                            \
		return grouped_label(t, &cfg.prefix[table], 1, mac, 0);                                                \
	}

IP6_ADDRESS_LABEL(saddr6_label, 0)
IP6_ADDRESS_LABEL(daddr6_label, 1)
/* What is short is not called: a call costs as much as the rest of it. */
#define ADDRESS6_LABEL(side, name, high, low)                                                                          \
	(cfg.prefix[PREFIX_TABLES + side].bits ? equal_prefix(t, &cfg.prefix[PREFIX_TABLES + side], high, low)         \
					       : name(high, low))
#define SOURCE6_LABEL(high, low)                                                                                       \
	(cfg.prefix[PREFIX_TABLES].few_count ? few_label(t, &cfg.prefix[PREFIX_TABLES], high, low)                     \
					     : ADDRESS6_LABEL(0, saddr6_label, high, low))
MAC_LABEL(smac_label, PREFIX_SMAC)
MAC_LABEL(smac6_label, PREFIX_TABLES + PREFIX_SMAC)

#endif
