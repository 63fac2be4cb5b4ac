// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * For bench/dataplane.ts only: each run of a test run writes the next of many source addresses into the packet and then does the work
 * that is measured. A single address, or a single frame, would measure the caches. Not installed, not attached.
 */
#include "prefilter.h"

#define KEYS (1 << 20)

struct keys {
	__u32 cursor;
	__u32 mask; /* number of keys - 1 */
	__u32 reserved[2];
	__be32 address[KEYS * 4]; /* as in the packet; IPv4 uses one word, IPv6 four */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct keys));
	__uint(map_flags, BPF_F_MMAPABLE);
} keys SEC(".maps");

/* The keys are in random order already: read one after the other they cost no cache miss of their own. */
static __always_inline void next_source(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 zero = 0, i;
	struct keys *k = bpf_map_lookup_elem(&keys, &zero);

	if (!k || data + 64 > data_end)
		return;
	i = k->cursor++ & k->mask & (KEYS - 1);
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		*(__be32 *)(data + 26) = k->address[i];
	} else {
		/* Whole words: a load of a word that was stored byte by byte has to wait. */
		*(__u64 *)(data + 22) = *(__u64 *)&k->address[i * 4];
		*(__u64 *)(data + 30) = *(__u64 *)&k->address[i * 4 + 2];
	}
}

SEC("xdp.frags")
int bench_drop(struct xdp_md *ctx)
{
	next_source(ctx);
	return XDP_DROP;
}

SEC("xdp.frags")
int bench_filter(struct xdp_md *ctx)
{
	next_source(ctx);
	return prefilter(ctx);
}

char LICENSE[] SEC("license") = "GPL";
