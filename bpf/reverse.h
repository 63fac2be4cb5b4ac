/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * How is the packet's source routed? Asked of the kernel's own tables, and only where a step says so. bpf_fib_lookup (XDP since 4.18)
 * answers by the device that it is told only where that device forwards; rpfilter and fib look up as if from the loopback device
 * (flowi_iif, Linux 6.18), and so does this: where `lo` does not forward, nothing is known. The ifindex of the route is filled in
 * since 5.10, with or without a neighbour.
 */
#ifndef OFFLOAD_REVERSE_H
#define OFFLOAD_REVERSE_H

#include "parse.h"

#define LOOPBACK_IFINDEX 1
#define AF_INET_ 2
#define AF_INET6_ 10

/*
 * enum reverse_path. The packet's destination takes no part, for the plan rests on tables that do not ask for it, and an IPv6 lookup
 * with a multicast or link-local one answers nothing but "not forwarded".
 */
static __noinline int route_back(struct xdp_md *ctx, const struct packet *p, int version)
{
	struct bpf_fib_lookup route = { .ifindex = LOOPBACK_IFINDEX };
	__u32 device = cfg.vlan ? cfg.vlan_ifindex : ctx->ingress_ifindex;
	int i;

	/* A packet that has not left the host is routed back; a program under test stands on no other device. */
	if (device == LOOPBACK_IFINDEX)
		return BACK_UNKNOWN;
	if (version == 4) {
		route.family = AF_INET_;
		route.ipv4_dst = bpf_htonl(p->saddr[0]);
	} else {
		route.family = AF_INET6_;
#pragma clang loop unroll(full)
		for (i = 0; i < 4; i++)
			route.ipv6_dst[i] = bpf_htonl(p->saddr[i]);
	}
	switch (bpf_fib_lookup(ctx, &route, sizeof(route), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return route.ifindex == device ? BACK_SAME_DEVICE : BACK_OTHER_DEVICE;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return BACK_REFUSED;
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return BACK_UNFORWARDED;
	}
	return BACK_UNKNOWN;
}

#endif
