/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The programs of an object: one pipeline, for each place that a filter may have on a device. */
#ifndef OFFLOAD_PROGRAMS_H
#define OFFLOAD_PROGRAMS_H

#include "prefilter.h"

/* Multi-buffer frames since 5.18 (xdp.frags). */
SEC("xdp.frags")
int offload_xdp(struct xdp_md *ctx)
{
	return prefilter(ctx);
}

/* For a program array of programs that do not take multi-buffer frames: an array holds one kind only. */
SEC("xdp")
int offload_xdp_one(struct xdp_md *ctx)
{
	return prefilter(ctx);
}

/* Somebody else's program, which is given whatever the filter passes. Programs that stand alone do not use it. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} theirs SEC(".maps");

/*
 * Programs of their own, not a branch of the others: one that calls another so begins by counting its calls, whether it ever comes to that or
 * not. Where nobody is in the array the call goes on here.
 */
static __always_inline int before_theirs(struct xdp_md *ctx)
{
	int verdict = prefilter(ctx);

	if (verdict == XDP_PASS)
		bpf_tail_call(ctx, &theirs, 0);
	return verdict;
}

SEC("xdp.frags")
int offload_before(struct xdp_md *ctx)
{
	return before_theirs(ctx);
}

SEC("xdp")
int offload_bef_one(struct xdp_md *ctx)
{
	return before_theirs(ctx);
}

char LICENSE[] SEC("license") = "GPL";

#endif
