// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A traffic generator (bench/traffic/sender-script.ts). Live frames of a test run get one of many source addresses each and leave by a veth,
 * so that its peer meets them as it meets any traffic. Not installed.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct traffic {
	__u32 ifindex; /* device to send on */
	__u32 first; /* source addresses, host byte order: first + (0 .. mask) */
	__u32 mask; /* a power of two - 1 */
	__u32 cursor;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct traffic));
	__uint(map_flags, BPF_F_MMAPABLE);
} traffic SEC(".maps");

/* RFC 1624: the sum must stay right, for a wrong one is dropped before netfilter. */
static __always_inline __be16 update_sum(__be16 sum, __be32 from, __be32 to)
{
	__u32 s = (__u16)~sum;

	s += (__u16) ~(from & 0xffff) + (__u16) ~(from >> 16);
	s += (to & 0xffff) + (to >> 16);
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return ~s;
}

SEC("xdp")
int send(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u32 zero = 0, scattered;
	struct traffic *t = bpf_map_lookup_elem(&traffic, &zero);
	__be32 source;

	if (!t || (void *)(ip + 1) > data_end)
		return XDP_DROP;
	/* An odd factor visits every address once per round, far apart from each other. */
	scattered = t->cursor++ * 0x9e3779b1u;
	source = bpf_htonl(t->first + ((scattered >> 7 ^ scattered) & t->mask));
	ip->check = update_sum(ip->check, ip->saddr, source);
	ip->saddr = source;
	return bpf_redirect(t->ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
