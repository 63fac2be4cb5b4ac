/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Does conntrack know the packet? Asked only about packets that are about to be dropped, by kfuncs (since 5.18;
 * bpf_xdp_ct_lookup looks in the default zone of the device's namespace). The lookup does TCP and UDP; everything else,
 * ICMP errors among it, counts as known.
 */
#ifndef OFFLOAD_CONNTRACK_H
#define OFFLOAD_CONNTRACK_H

#include "parse.h"

#ifdef OFFLOAD_CONNTRACK

/* Only pointed to, but libbpf wants a struct where the kernel has one, not a declaration. */
struct nf_conn {
	unsigned long status;
};

/* As of 5.18; later kernels take this size too. */
struct bpf_ct_opts {
	__s32 netns_id; /* -1: the device's own */
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};
_Static_assert(sizeof(struct bpf_ct_opts) == 12, "NF_BPF_CT_OPTS_SZ of 5.18");

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size,
					 struct bpf_ct_opts *opts, __u32 opts_size) __ksym;
extern void bpf_ct_release(struct nf_conn *entry) __ksym;

#define ENOENT_ 2

/*
 * True unless conntrack certainly has no entry: then the packet must reach netfilter. Not inlined: the program has no stack to spare
 * beside the chain of calls that looks up prefixes.
 */
static __noinline int may_be_tracked(struct xdp_md *ctx, const struct packet *p, int version)
{
	struct bpf_ct_opts opts = { .netns_id = -1, .l4proto = p->protocol };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *entry;

	if (p->availability != COMPLETE || (p->protocol != IPPROTO_TCP && p->protocol != IPPROTO_UDP))
		return 1;
	if (version == 4) {
		tuple.ipv4.saddr = bpf_htonl(p->saddr[0]);
		tuple.ipv4.daddr = bpf_htonl(p->daddr[0]);
		tuple.ipv4.sport = bpf_htons(p->sport);
		tuple.ipv4.dport = bpf_htons(p->dport);
		entry = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	} else {
		int i;

#pragma clang loop unroll(full)
		for (i = 0; i < 4; i++) {
			tuple.ipv6.saddr[i] = bpf_htonl(p->saddr[i]);
			tuple.ipv6.daddr[i] = bpf_htonl(p->daddr[i]);
		}
		tuple.ipv6.sport = bpf_htons(p->sport);
		tuple.ipv6.dport = bpf_htons(p->dport);
		entry = bpf_xdp_ct_lookup(ctx, &tuple, sizeof(tuple.ipv6), &opts, sizeof(opts));
	}
	if (entry) {
		bpf_ct_release(entry);
		return 1;
	}
	return opts.error != -ENOENT_;
}

#else

/* This program cannot ask: a packet that conntrack should have been asked about passes. */
static __always_inline int may_be_tracked(struct xdp_md *ctx, const struct packet *p, int version)
{
	return 1;
}

#endif
#endif
