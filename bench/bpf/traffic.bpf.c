// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A traffic generator (bench/traffic/sender-script.ts). Live frames of a test run get one of many source addresses each. They leave by a veth,
 * so that its peer meets them as it meets any traffic; or they arrive where they are made, as a driver hands over what its card has received.
 * Not installed.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* An odd factor visits every number of a power of two once. bench/traffic/sources.ts computes the same. */
#define SCATTER 0x9e3779b1u
#define SPREAD ((1u << 28) - 1)

struct traffic {
	__u32 sum; /* of the IPv4 header's 16-bit words but for those of source and checksum, host byte order */
	__u32 first; /* source addresses, host byte order: first + (number * SCATTER & SPREAD) */
	__u32 mask; /* numbers are 0 .. mask, a power of two - 1 */
	__u32 cursor;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct traffic));
	__uint(map_flags, BPF_F_MMAPABLE);
} traffic SEC(".maps");

/* The device that frames leave by: a map of devices spares the kernel looking it up for each. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} device SEC(".maps");

/* The program of the device that frames arrive at; none: they are for its stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} attached SEC(".maps");

static __always_inline int set_source(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u32 zero = 0, scattered, number, sum;
	struct traffic *t = bpf_map_lookup_elem(&traffic, &zero);
	__be32 source;

	if (!t || (void *)(ip + 1) > data_end)
		return 0;
	/* All of them once a round, in an order that looks random. */
	scattered = t->cursor++ * SCATTER;
	number = (scattered >> 7 ^ scattered) & t->mask;
	source = bpf_htonl(t->first + (number * SCATTER & SPREAD));
	/* RFC 1071: it must be right, for a wrong one is dropped before netfilter. */
	sum = t->sum + (source & 0xffff) + (source >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	ip->saddr = source;
	return 1;
}

SEC("xdp")
int send(struct xdp_md *ctx)
{
	return set_source(ctx) ? bpf_redirect_map(&device, 0, 0) : XDP_ABORTED;
}

static __always_inline int arrived(struct xdp_md *ctx)
{
	if (!set_source(ctx))
		return XDP_ABORTED;
	bpf_tail_call_static(ctx, &attached, 0);
	return XDP_PASS;
}

/* Both kinds, as in drive.bpf.c. */
SEC("xdp")
int arrive(struct xdp_md *ctx)
{
	return arrived(ctx);
}

SEC("xdp.frags")
int arrive_frags(struct xdp_md *ctx)
{
	return arrived(ctx);
}

char LICENSE[] SEC("license") = "GPL";
