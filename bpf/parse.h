/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Frame -> struct packet. Whatever netfilter would not see (the stack drops it before) or that belongs to somebody else is passed.
 * Everything netfilter would see is described; what the packet lacks is said by its availability.
 */
#ifndef OFFLOAD_PARSE_H
#define OFFLOAD_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include "maps.h"

#define IPPROTO_HOPOPTS_ 0
#define IPPROTO_ROUTING_ 43
#define IPPROTO_FRAGMENT_ 44
#define IPPROTO_ICMPV6_ 58
#define IPPROTO_DSTOPTS_ 60
#define VLAN_ID 0x0fff /* of a tag's TCI */
#define NESTED_TAGS 4 /* flag in packet_type: more than one VLAN tag */
#define MAX_TAGS 16384 /* as many as fit in 64 KiB */
#define MAX_EXTENSION_HEADERS 16
/* The verifier allows packet offsets below 2^16: further headers are read by helper. */
#define DIRECT_MASK 0x7fff

/* All in host byte order. Narrow members: the verifier allows 512 bytes of stack for a chain of calls. */
struct packet {
	__u32 saddr[4], daddr[4]; /* most significant word first; IPv4 in the first */
	__u32 length; /* of the IP packet, bytes */
	__u16 sport, dport;
	__u16 tcp_flags; /* flags byte | 0x100 when the segment has payload */
	__u16 icmp; /* type << 8 | code */
	__u8 protocol;
	__u8 ttl, tos;
	__u8 packet_type; /* 0 host, 1 broadcast, 2 multicast; NESTED_TAGS */
	__u8 availability;
};

struct tag_walk {
	struct xdp_md *ctx;
	__u32 offset; /* of the next tag's two bytes of TCI */
	__be16 type;
	__u16 since; /* tags since the VLAN's own, that one among them; 0: it has not been met */
	__u32 failed;
};

static __always_inline int is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* Priority and drop eligibility are not part of the id. */
static __always_inline int is_vlan(__be16 type, __be16 tci)
{
	return ((__u32)bpf_ntohs(type) << 16 | (bpf_ntohs(tci) & VLAN_ID)) == cfg.vlan;
}

static long walk_tag(__u32 i, struct tag_walk *walk)
{
	struct {
		__be16 tci;
		__be16 type;
	} tag;

	/* bpf_xdp_load_bytes since 5.18: also reaches what is not in the linear part. */
	if (bpf_xdp_load_bytes(walk->ctx, walk->offset, &tag, sizeof(tag)) < 0) {
		walk->failed = PASS_MALFORMED;
		return 1;
	}
	if (tag.tci & bpf_htons(VLAN_ID)) {
		if (!cfg.vlan || walk->since || !is_vlan(walk->type, tag.tci)) {
			walk->failed = PASS_VLAN;
			return 1;
		}
		walk->since = 1;
	} else if (walk->since) {
		walk->since++;
	}
	walk->offset += sizeof(tag);
	walk->type = tag.type;
	return !is_tag(tag.type);
}

#define NESTED_WALK (1ULL << 48) /* there are two tags or more; of a VLAN device: behind its own */

/*
 * Priority tags (VLAN id 0, however many) reach netfilter as the base device; any other id belongs to a VLAN device or to nobody. Of a
 * VLAN device that is covered through the one it stands on, they may be before its tag and behind it (__netif_receive_skb_core).
 * Returns offset of the network header << 16 | ethertype, with NESTED_WALK, or minus the reason to pass. Own function, so that the
 * verifier knows only the scalar. bpf_loop since 5.17.
 */
__noinline __s64 skip_tags(struct xdp_md *ctx)
{
	struct tag_walk walk = { .ctx = ctx, .offset = ETH_HLEN };
	__u32 vlan = cfg.vlan, tags;

	if (vlan && bpf_xdp_load_bytes(ctx, offsetof(struct ethhdr, h_proto), &walk.type, sizeof(walk.type)) < 0)
		return -(__s64)PASS_MALFORMED;
	bpf_loop(MAX_TAGS, walk_tag, &walk, 0);
	if (walk.failed)
		return -(__s64)walk.failed;
	if (is_tag(walk.type))
		return -(__s64)PASS_MALFORMED;
	if (vlan && !walk.since)
		return -(__s64)PASS_VLAN;
	tags = vlan ? walk.since - 1 : (walk.offset - ETH_HLEN) / 4;
	return (__s64)((tags > 1 ? NESTED_WALK : 0) | (__u64)walk.offset << 16 | bpf_ntohs(walk.type));
}

/* The same of a VLAN device; nearly every frame has its tag and no other, or that of another VLAN. */
static __always_inline __s64 behind_vlan(struct xdp_md *ctx, const struct ethhdr *eth, const void *data_end)
{
	const __be16 *tag = (const void *)(eth + 1);

	if ((const void *)(tag + 2) > data_end)
		return skip_tags(ctx);
	if (is_vlan(eth->h_proto, tag[0]))
		return is_tag(tag[1]) ? skip_tags(ctx) : (__s64)(ETH_HLEN + 4) << 16 | bpf_ntohs(tag[1]);
	return tag[0] & bpf_htons(VLAN_ID) ? -(__s64)PASS_VLAN : skip_tags(ctx);
}

/*
 * Walks IPv6 extension headers from `offset` (first after the fixed header), of type `next`, up to `end`. Hop-by-hop, destination
 * and routing headers are walked, as nft and ip6tables do; AH, a cut chain and more than 16 headers leave the protocol unknown. So
 * does any fragment header, an atomic one (no offset, no more) too: conntrack's defragmentation takes it out, and the length that
 * netfilter sees is 8 bytes less. Returns offset << 8 | protocol, or -1.
 */
__noinline __s64 walk_extensions(struct xdp_md *ctx, __u32 offset, __u32 end, __u32 next)
{
	__u8 h[8];
	int i;

	for (i = 0; i <= MAX_EXTENSION_HEADERS; i++) {
		__u32 bytes;

		if (next == IPPROTO_AH || next == IPPROTO_FRAGMENT_)
			return -1;
		if (next != IPPROTO_HOPOPTS_ && next != IPPROTO_DSTOPTS_ && next != IPPROTO_ROUTING_)
			return (__s64)offset << 8 | next;
		if (i == MAX_EXTENSION_HEADERS || offset + 8 > end || offset > 0xffff)
			return -1;
		if (bpf_xdp_load_bytes(ctx, offset, h, 8) < 0)
			return -1;
		bytes = ((__u32)h[1] + 1) * 8;
		next = h[0];
		offset += bytes;
		if (offset > end)
			return -1;
	}
	return -1;
}

#define BIT(n) (1ULL << (n))
#define HAS_8_BYTES (BIT(IPPROTO_ICMP) | BIT(IPPROTO_UDP) | BIT(IPPROTO_ICMPV6_))

/*
 * Bytes of layer-4 header without which a packet counts as cut short (enum availability). Without a branch for what is common: which of
 * these protocols a packet has is random.
 */
static __always_inline __u32 header_bytes(__u32 protocol)
{
	__u64 has_8, has_20, has_12;

	if (likely(protocol < 64)) {
		has_8 = HAS_8_BYTES >> protocol & 1;
		has_12 = BIT(IPPROTO_DCCP) >> protocol & 1;
		has_20 = BIT(IPPROTO_TCP) >> protocol & 1;
		return has_8 * 8 + has_12 * 12 + has_20 * 20;
	}
	if (protocol == IPPROTO_SCTP)
		return 12;
	return protocol == IPPROTO_UDPLITE ? 8 : 0;
}

static __always_inline void parse_tcp_flags(struct packet *p, __be16 half, __u32 l4_length)
{
	__u32 doff = (bpf_ntohs(half) >> 12) * 4;

	p->tcp_flags = bpf_ntohs(half) & 0xff;
	/* A data offset below 5 is nonsense: claim payload, which is the more careful answer. */
	if (doff < 20 || doff < l4_length)
		p->tcp_flags |= 0x100;
}

/* `l4_length`: bytes from `offset` to the end of the trimmed packet. */
static __always_inline void parse_l4(struct xdp_md *ctx, struct packet *p, __u32 offset, __u32 l4_length, __u32 used)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 need = header_bytes(p->protocol);
	__be16 word[2] = {}, half = 0;
	__be16 *l4;

	if (!need)
		return;
	if (unlikely(l4_length < need)) {
		p->availability = SHORT_HEADER;
		return;
	}
	l4 = data + (offset & DIRECT_MASK);
	/* 14 bytes reach from the ports to the TCP flags; shorter packets are padded to 60 bytes by Ethernet. */
	if (likely(offset <= DIRECT_MASK && (void *)(l4 + 7) <= data_end)) {
		word[0] = l4[0];
		word[1] = l4[1];
		if (used & 1 << F_TCP_FLAGS)
			half = l4[6];
	} else {
		/* Rare: beyond the linear part, or a runt. */
		if (bpf_xdp_load_bytes(ctx, offset, word, 4) < 0)
			goto cut;
		if (p->protocol == IPPROTO_TCP && bpf_xdp_load_bytes(ctx, offset + 12, &half, 2) < 0)
			goto cut;
	}
	if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6_) {
		p->icmp = bpf_ntohs(word[0]);
	} else {
		p->sport = bpf_ntohs(word[0]);
		p->dport = bpf_ntohs(word[1]);
	}
	if (used & 1 << F_TCP_FLAGS && p->protocol == IPPROTO_TCP)
		parse_tcp_flags(p, half, l4_length);
	return;
cut:
	p->availability = SHORT_HEADER;
}

#define L4_FIELDS                                                                                                      \
	(1 << F_SPORT | 1 << F_DPORT | 1 << F_TCP_FLAGS | 1 << F_ICMP | 1 << F_AVAILABILITY | 1 << F_TUPLE0 |          \
	 1 << F_TUPLE1 | 1 << F_TUPLE2 | 1 << F_TUPLE3)

/* Fields that are there or not depending on the chain of IPv6 extension headers. */
#define CHAIN_FIELDS                                                                                                   \
	(L4_FIELDS | 1 << F_PROTOCOL | 1 << F_TTL | 1 << F_TOS | 1 << F_LENGTH | 1 << F_SMAC | 1 << F_PACKET_TYPE)

/* 0, or the frame is shorter than `length` from `offset` on. Multi-buffer frames have more than data_end - data. */
static __always_inline int frame_is_short(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	__u32 linear = (__u32)(ctx->data_end - ctx->data);

	if (likely(offset + length <= linear))
		return 0;
	return offset + length > bpf_xdp_get_buff_len(ctx); /* since 5.18 */
}

/* Returns 0 or the reason to pass. */
static __always_inline int parse_ip(struct xdp_md *ctx, struct packet *p, __u32 offset, __u32 used)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + (offset & DIRECT_MASK);
	__u32 first, fragment, ihl;

	if (likely(offset <= DIRECT_MASK && (void *)(ip + 1) <= data_end)) {
		first = *(__u8 *)ip;
		p->tos = ip->tos;
		p->length = bpf_ntohs(ip->tot_len);
		fragment = ip->frag_off & bpf_htons(0x3fff);
		p->ttl = ip->ttl;
		p->protocol = ip->protocol;
		p->saddr[0] = bpf_ntohl(ip->saddr);
		p->daddr[0] = bpf_ntohl(ip->daddr);
	} else {
		struct iphdr copy;

		/* Only behind a great many priority tags. */
		if (bpf_xdp_load_bytes(ctx, offset, &copy, sizeof(copy)) < 0)
			return PASS_MALFORMED;
		first = *(__u8 *)&copy;
		p->tos = copy.tos;
		p->length = bpf_ntohs(copy.tot_len);
		fragment = copy.frag_off & bpf_htons(0x3fff);
		p->ttl = copy.ttl;
		p->protocol = copy.protocol;
		p->saddr[0] = bpf_ntohl(copy.saddr);
		p->daddr[0] = bpf_ntohl(copy.daddr);
	}
	ihl = (first & 0xf) * 4;
	if (unlikely(first >> 4 != 4 || ihl < 20 || p->length < ihl || frame_is_short(ctx, offset, p->length)))
		return PASS_MALFORMED;
	if (unlikely(fragment))
		p->availability =
			FRAGMENT; /* later ones carry no layer-4 header, and conntrack may put the datagram together first */
	else if (used & L4_FIELDS)
		parse_l4(ctx, p, offset + ihl, p->length - ihl, used);
	return 0;
}

static __always_inline void read_address6(__u32 *word, const struct in6_addr *address)
{
	word[0] = bpf_ntohl(address->s6_addr32[0]);
	word[1] = bpf_ntohl(address->s6_addr32[1]);
	word[2] = bpf_ntohl(address->s6_addr32[2]);
	word[3] = bpf_ntohl(address->s6_addr32[3]);
}

static __always_inline void read_ip6(struct packet *p, const struct ipv6hdr *ip, __u32 *first)
{
	*first = bpf_ntohl(*(__be32 *)ip);
	p->length = bpf_ntohs(ip->payload_len);
	p->protocol = ip->nexthdr;
	p->ttl = ip->hop_limit;
	read_address6(p->saddr, &ip->saddr);
	read_address6(p->daddr, &ip->daddr);
}

static __always_inline int is_extension(__u32 next)
{
	return next == IPPROTO_HOPOPTS_ || next == IPPROTO_ROUTING_ || next == IPPROTO_FRAGMENT_ ||
	       next == IPPROTO_AH || next == IPPROTO_DSTOPTS_;
}

/* Returns 0 or the reason to pass. */
static __always_inline int parse_ip6(struct xdp_md *ctx, struct packet *p, __u32 offset, __u32 used)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = data + (offset & DIRECT_MASK);
	__u32 first, l4 = offset + sizeof(*ip);

	if (likely(offset <= DIRECT_MASK && (void *)(ip + 1) <= data_end)) {
		read_ip6(p, ip, &first);
	} else {
		struct ipv6hdr copy;

		if (bpf_xdp_load_bytes(ctx, offset, &copy, sizeof(copy)) < 0)
			return PASS_MALFORMED;
		read_ip6(p, &copy, &first);
	}
	if (unlikely(first >> 28 != 6 || frame_is_short(ctx, offset, p->length + sizeof(*ip))))
		return PASS_MALFORMED;
	p->tos = (first >> 20) & 0xff;
	/* Payload length 0 before hop-by-hop options may be a jumbogram, which the stack does not trim. */
	if (unlikely(p->length == 0 && p->protocol == IPPROTO_HOPOPTS_))
		p->availability = NO_PROTOCOL;
	p->length += sizeof(*ip);
	if (p->availability == COMPLETE && (used & CHAIN_FIELDS) && unlikely(is_extension(p->protocol))) {
		__s64 walked = walk_extensions(ctx, l4, offset + p->length, p->protocol);

		if (walked < 0) {
			p->availability = NO_PROTOCOL;
		} else {
			p->protocol = walked & 0xff;
			l4 = (__u64)walked >> 8;
		}
	}
	if (p->availability == COMPLETE && (used & L4_FIELDS)) {
		if (l4 > offset + p->length)
			return PASS_INTERNAL;
		parse_l4(ctx, p, l4, offset + p->length - l4, used);
	}
	return 0;
}

#endif
