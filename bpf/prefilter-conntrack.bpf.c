// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The program for rulesets whose drops depend on connections. An object of its own: a kernel without the kfuncs cannot load it. */
#define OFFLOAD_CONNTRACK
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
