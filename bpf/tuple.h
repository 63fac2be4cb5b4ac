/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Several fields of a packet at once to a label (abi.h, struct tuple_config). src/compile/tuple-table.ts fills what is read here. */
#ifndef OFFLOAD_TUPLE_H
#define OFFLOAD_TUPLE_H

#include "parse.h"
#include "prefix.h"

typedef const volatile struct tuple_config *tuple_ptr;

/* 48 bits, or 0 where there is no Ethernet header: never. */
static __always_inline __u64 source_mac(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return 0;
	return (__u64)(eth->h_source[0] << 8 | eth->h_source[1]) << 32 | (__u32)eth->h_source[2] << 24 |
	       eth->h_source[3] << 16 | eth->h_source[4] << 8 | eth->h_source[5];
}

/* `words` is read each time: what is computed from it once would have to be kept on the stack. */
#define USES(word) (table->words & 1 << (word))

static __always_inline __u32 mapped(const void *t, __u32 map, __u32 value)
{
	return map ? *(__u16 *)(t + map + (value & 0xffff) * 2) : value;
}

static __always_inline void tuple_key(struct xdp_md *ctx, const void *t, tuple_ptr table, const struct packet *p,
				      __u32 *key)
{
	__u32 w;

#pragma clang loop unroll(full)
	for (w = 0; w < 4; w++) {
		if (USES(K_SADDR + w))
			key[K_SADDR + w] = p->saddr[w];
		if (USES(K_DADDR + w))
			key[K_DADDR + w] = p->daddr[w];
	}
	if (USES(K_PORTS))
		key[K_PORTS] = mapped(t, table->map_sport, p->sport) << 16 | mapped(t, table->map_dport, p->dport);
	if (USES(K_PROTOCOL))
		key[K_PROTOCOL] = mapped(t, table->map_icmp, p->icmp) << 16 | p->protocol << 8 | p->tos;
	if (USES(K_MAC)) {
		__u64 mac = source_mac(ctx);

		key[K_MAC] = (__u32)(mac >> 32) << 16 | p->ttl;
		key[K_MAC + 1] = mac;
	}
}

static const __u64 tuple_factor[TUPLE_WORDS] = { 0x40d68dea0c3e39b3, 0xf6069bcb4e650071, 0xf4a91fdc907de039,
						 0x856e8bb9e2118d5f, 0xcba2113022300069, 0xb0d8c24a75bc7adf,
						 0x11acd26bf8662e5d, 0xd78807ba63a2a005, 0x12598145f5dd65fd,
						 0x067c72245c3de249, 0x8dd646b953495095, 0x79f38251848589bd };

/* Label of the entry of that shape which the packet is in, or 0. Slots without a branch each: which one hits is random. */
static __always_inline __u32 bucketed_tuple(const void *t, tuple_ptr table, const __u32 *key, const __u32 *mask,
					    __u32 tag)
{
	__u64 sum = tag * TAG_FACTOR, place;
	__u32 slots = table->slots, h, w;
	int probe, i;

#pragma clang loop unroll(full)
	for (w = 0; w < TUPLE_WORDS; w++)
		if (USES(w))
			sum += ((key[w] & mask[w]) ^ table->seed) * tuple_factor[w];
	h = mixed(sum);
	if (table->bloom_words && !bloom_may_have(t, table->bloom, table->bloom_words, h))
		return 0;
	place = place_of(h, table->bucket_count);
#pragma clang loop unroll(disable)
	for (probe = 0; probe < MAX_PREFIX_BUCKETS; probe++, place++) {
		const struct tuple_bucket *bucket = t + table->buckets + place * sizeof(*bucket);
		const __u32 *entry = bucket->entries;
		__u32 label = 0;

#pragma clang loop unroll(full)
		for (i = 0; i < TUPLE_BUCKET_SLOTS; i++) {
			__u32 differs, found;

			if (i >= slots)
				continue;
			/* Key and mask are read again for each slot: kept in between they would take more stack than there is. */
			asm volatile("" : : : "memory");
			/* First: who fills a slot writes its label last. */
			found = ((const volatile __u32 *)entry)[table->size];
			differs = bucket->tag[i] ^ tag;
#pragma clang loop unroll(full)
			for (w = 0; w < TUPLE_WORDS; w++)
				if (USES(w))
					differs |= *entry++ ^ (key[w] & mask[w]);
			entry++;
			label |= all_equal(differs) & found;
		}
		if (label || !bucket->overflowed)
			return label;
	}
	return 0;
}

/* Shapes that are probed one after the other in place; more are probed by bpf_loop, whose body the verifier walks once. */
#define DIRECT_SHAPES 8

struct tuple_walk {
	__u32 key[TUPLE_WORDS];
	__u32 label; /* 0: none as yet */
};

static __always_inline __u32 shape_label(const void *t, tuple_ptr table, const struct tuple_walk *walk, __u32 i)
{
	const struct tuple_shape *shape = t + table->shapes + (__u64)i * sizeof(*shape);

	return bucketed_tuple(t, table, walk->key, shape->mask, i + 1);
}

static __always_inline long walk_shape(struct tuple_walk *walk, tuple_ptr table, __u32 i)
{
	const void *t = table_base();

	barrier_var(i);
	if (!t || i >= table->shape_count)
		return 1;
	walk->label = shape_label(t, table, walk, i);
	return walk->label != 0;
}

static __always_inline __u32 tuple_label(struct xdp_md *ctx, tuple_ptr table, const struct packet *p, void *step)
{
	const void *t = table_base();
	struct tuple_walk walk = {};
	__u32 i;

	if (!t || !p || !table->slots)
		return 0;
	tuple_key(ctx, t, table, p, walk.key);
	/* It stays in memory: clang would spread it over more stack than there is. */
	asm volatile("" : : "r"(&walk) : "memory");
	if (table->shape_count > DIRECT_SHAPES) {
		bpf_loop(table->shape_count, step, &walk, 0);
		return walk.label ? walk.label : table->fallback;
	}
#pragma clang loop unroll(disable)
	for (i = 0; i < DIRECT_SHAPES; i++) {
		__u32 label;

		if (i >= table->shape_count)
			break;
		label = shape_label(t, table, &walk, i);
		if (label)
			return label;
	}
	return table->fallback;
}

/* One global function per table: see prefix.h. */
#define TUPLE_LABEL(name, index)                                                                                       \
	static long name##_step(__u32 i, struct tuple_walk *walk)                                                      \
	{                                                                                                              \
		return walk_shape(walk, &cfg.tuple[index], i);                                                         \
	}                                                                                                              \
                                                                                                                       \
	__noinline __u32 name(struct xdp_md *ctx, const struct packet *p)                                              \
	{                                                                                                              \
		return tuple_label(ctx, &cfg.tuple[index], p, name##_step);                                            \
	}

TUPLE_LABEL(tuple0_label, 0)
TUPLE_LABEL(tuple1_label, 1)
TUPLE_LABEL(tuple2_label, 2)
TUPLE_LABEL(tuple3_label, 3)
TUPLE_LABEL(tuple0_label6, TUPLE_SLOTS + 0)
TUPLE_LABEL(tuple1_label6, TUPLE_SLOTS + 1)
TUPLE_LABEL(tuple2_label6, TUPLE_SLOTS + 2)
TUPLE_LABEL(tuple3_label6, TUPLE_SLOTS + 3)

#endif
