/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The short way: where the source address alone decides, as in every block list, an ordinary frame needs nothing else of the pipeline. What is
 * not ordinary (tags, options, other destinations than the device, jumbo frames, …) takes the long way, which knows everything.
 */
#ifndef OFFLOAD_SOURCE_H
#define OFFLOAD_SOURCE_H

#include "classify.h"

/* Of the first eight bytes of a frame, which have the beginning of the source MAC too. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define DESTINATION_MAC(word) ((word) << 16)
#else
#define DESTINATION_MAC(word) ((word) >> 16 << 16)
#endif

/* To the device itself. */
static __always_inline int is_to_device(const struct ethhdr *eth)
{
	return DESTINATION_MAC(*(const __u64 *)eth) == DESTINATION_MAC(*(const volatile __u64 *)cfg.mac);
}

/* What is found of an ordinary frame: its label and the length of the IP packet. */
struct source {
	__u32 label;
	__u32 length;
};

/* False: not ordinary. */
static __always_inline int source_of_ip(const void *t, const struct ethhdr *eth, const void *data_end,
					struct source *found)
{
	const struct iphdr *ip = (const void *)(eth + 1);

	if ((const void *)(ip + 1) > data_end || *(const __u8 *)ip != 0x45)
		return 0;
	found->length = bpf_ntohs(ip->tot_len);
	if (found->length < sizeof(*ip) || found->length > (__u64)(data_end - (const void *)ip))
		return 0;
	found->label = address_label(t, &cfg.address[0], bpf_ntohl(ip->saddr));
	return 1;
}

static __always_inline int source_of_ip6(const void *t, const struct ethhdr *eth, const void *data_end,
					 struct source *found)
{
	const struct ipv6hdr *ip = (const void *)(eth + 1);
	const __be64 *address = (const void *)&ip->saddr;

	if ((const void *)(ip + 1) > data_end || *(const __u8 *)ip >> 4 != 6)
		return 0;
	found->length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (found->length > (__u64)(data_end - (const void *)ip))
		return 0;
	found->label = SOURCE6_LABEL(bpf_be64_to_cpu(address[0]), bpf_be64_to_cpu(address[1]));
	return 1;
}

#endif
