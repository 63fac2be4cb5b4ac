/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The programs of an object: one pipeline, for each place that a filter may have on a device. */
#ifndef OFFLOAD_PROGRAMS_H
#define OFFLOAD_PROGRAMS_H

#include "prefilter.h"

/* Whether a program takes multi-buffer frames (since 5.18) is said when it is loaded: that is no other code. */
SEC("xdp")
int offload_xdp(struct xdp_md *ctx)
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
 * A program of its own, not a branch of the other: one that calls another so begins by counting its calls, whether it ever comes to that or
 * not. Where nobody is in the array the call goes on here.
 */
SEC("xdp")
int offload_before(struct xdp_md *ctx)
{
	int verdict = prefilter(ctx);

	if (verdict == XDP_PASS)
		bpf_tail_call(ctx, &theirs, 0);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";

#endif
