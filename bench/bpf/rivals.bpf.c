// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What one would write by hand with the kernel's maps: drop everything; parse and look the source up in a hash or an LPM trie. No
 * counters, no expiry, no check that the frame is for this host: less than the product does, so that the comparison flatters them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct lpm4 {
	__u32 length;
	__be32 address;
};

struct lpm6 {
	__u32 length;
	struct in6_addr address;
};

#define SOURCES(map, kind, key_type, flags)                                                                            \
	struct {                                                                                                       \
		__uint(type, kind);                                                                                    \
		__uint(max_entries, 1);                                                                                \
		__uint(key_size, sizeof(key_type));                                                                    \
		__uint(value_size, 4);                                                                                 \
		__uint(map_flags, flags);                                                                              \
	} map SEC(".maps")

SOURCES(hash4, BPF_MAP_TYPE_HASH, __be32, 0);
SOURCES(hash6, BPF_MAP_TYPE_HASH, struct in6_addr, 0);
SOURCES(trie4, BPF_MAP_TYPE_LPM_TRIE, struct lpm4, BPF_F_NO_PREALLOC);
SOURCES(trie6, BPF_MAP_TYPE_LPM_TRIE, struct lpm6, BPF_F_NO_PREALLOC);

/* Null: no complete header, or another protocol. */
static __always_inline struct iphdr *parse4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	return (void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP) ? 0 : ip;
}

static __always_inline struct ipv6hdr *parse6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = data + sizeof(*eth);

	return (void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IPV6) ? 0 : ip;
}

SEC("xdp.frags")
int drop_all(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int by_hash4(struct xdp_md *ctx)
{
	struct iphdr *ip = parse4(ctx);
	__be32 key;

	if (!ip)
		return XDP_PASS;
	key = ip->saddr;
	return bpf_map_lookup_elem(&hash4, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int by_hash6(struct xdp_md *ctx)
{
	struct ipv6hdr *ip = parse6(ctx);
	struct in6_addr key;

	if (!ip)
		return XDP_PASS;
	key = ip->saddr;
	return bpf_map_lookup_elem(&hash6, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int by_trie4(struct xdp_md *ctx)
{
	struct iphdr *ip = parse4(ctx);
	struct lpm4 key = { .length = 32 };

	if (!ip)
		return XDP_PASS;
	key.address = ip->saddr;
	return bpf_map_lookup_elem(&trie4, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp.frags")
int by_trie6(struct xdp_md *ctx)
{
	struct ipv6hdr *ip = parse6(ctx);
	struct lpm6 key = { .length = 128 };

	if (!ip)
		return XDP_PASS;
	key.address = ip->saddr;
	return bpf_map_lookup_elem(&trie6, &key) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
