// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Drives any XDP program in a test run: writes the next of many keys into the packet, then calls the program that is measured by a tail
 * call. A single address, or a single frame, would measure the caches. Not installed, not attached.
 *
 * Both kinds, because a program array holds programs that take multi-buffer frames (xdp.frags) or such that do not, never both
 * (kernel/bpf/core.c, bpf_prog_map_compatible).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

enum key_kind {
	SOURCE4, /* 1 word: IPv4 source */
	SOURCE6, /* 4 words: IPv6 source */
	TUPLE4, /* 4 words: IPv4 source, destination, both ports, protocol in the first byte of the last */
};

#define MAX_WORDS (1 << 22)

/* Set at load: the verifier then knows that a masked cursor stays within the map, whose size is set to match. */
const volatile struct {
	__u32 kind;
	__u32 mask; /* keys - 1; their number is a power of two */
} drive_config = { SOURCE4, 0 };

struct keys {
	__u32 cursor;
	__u32 reserved[3];
	__be32 word[MAX_WORDS]; /* as in the packet */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct keys));
	__uint(map_flags, BPF_F_MMAPABLE);
} keys SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} measured SEC(".maps");

#define ADDRESSES4 (ETH_HLEN + 12)
#define PROTOCOL4 (ETH_HLEN + 9)
#define SOURCE_OF_6 (ETH_HLEN + 8)

/* The keys are in random order already: read one after the other they cost no cache miss of their own. */
static __always_inline void next_key(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0, i;
	struct keys *k = bpf_map_lookup_elem(&keys, &zero);

	if (!k || data + ETH_HLEN + 40 > data_end)
		return;
	i = k->cursor++ & drive_config.mask;
	/* Whole words: a load of a word that was stored byte by byte has to wait. */
	if (drive_config.kind == SOURCE4) {
		*(__be32 *)(data + ADDRESSES4) = k->word[i];
	} else if (drive_config.kind == SOURCE6) {
		*(__u64 *)(data + SOURCE_OF_6) = *(__u64 *)&k->word[i * 4];
		*(__u64 *)(data + SOURCE_OF_6 + 8) = *(__u64 *)&k->word[i * 4 + 2];
	} else {
		*(__be32 *)(data + ADDRESSES4) = k->word[i * 4];
		*(__be32 *)(data + ADDRESSES4 + 4) = k->word[i * 4 + 1];
		*(__be32 *)(data + ADDRESSES4 + 8) = k->word[i * 4 + 2];
		*(__u8 *)(data + PROTOCOL4) = *(__u8 *)&k->word[i * 4 + 3];
	}
}

SEC("xdp.frags")
int drive_frags(struct xdp_md *ctx)
{
	next_key(ctx);
	bpf_tail_call_static(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int drive(struct xdp_md *ctx)
{
	next_key(ctx);
	bpf_tail_call_static(ctx, &measured, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
