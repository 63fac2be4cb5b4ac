// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The XDP program that offload attaches. Multi-buffer frames since 5.18 (xdp.frags); kernel 5.18 or later. */
#include "prefilter.h"

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

char LICENSE[] SEC("license") = "GPL";
