/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What user space may change of a running program: whether it drops at all, and who is given samples. Both are asked about packets
 * that are dropped, and about no others.
 */
#ifndef OFFLOAD_CONTROL_H
#define OFFLOAD_CONTROL_H

#include "parse.h"

/*
 * Time since the last renewal counts while the host runs: CLOCK_MONOTONIC stops in suspend, as does whatever could have changed a set, an
 * address or a rule. The coarse clock is behind by a tick at most, and never ahead. It is asked once a tick: a call costs more than all else
 * that is done here, while jiffies are one load (inlined since 5.6) and are the same until the next tick. So a program may go on for two
 * ticks, 20 ms at most, when the time is up, but no packet longer when it is told to: that changes `drop_until`.
 */
static __always_inline int has_lease(void)
{
	__u64 until = control.drop_until, key = bpf_jiffies64() ^ until;

	if (key == control.checked)
		return 1;
	if (bpf_ktime_get_coarse_ns() >= until)
		return 0;
	control.checked = key;
	return 1;
}

/* Gives one listener the packet. */
static __always_inline void give(struct xdp_md *ctx, __u32 id, __u32 i)
{
	volatile struct listener *listener = &control.listener[i];
	__u32 chance = listener->chance, length;
	struct sample *sample;
	void *ring;

	if (listener->ifindex && listener->ifindex != ctx->ingress_ifindex)
		return;
	if (chance != ~0u && bpf_get_prandom_u32() >= chance)
		return;
	/* A listener that died does not say so. */
	if (bpf_ktime_get_coarse_ns() >= listener->until) {
		control.listening[i] = 0;
		return;
	}
	/* Several CPUs may go below zero, each once. */
	if (listener->left <= 0 || __sync_fetch_and_add((__s32 *)&listener->left, -1) <= 0)
		return;
	ring = bpf_map_lookup_elem(&samples, &i);
	if (!ring)
		return;
	sample = bpf_ringbuf_reserve(ring, sizeof(*sample), 0);
	if (!sample) {
		__sync_fetch_and_add((__u32 *)&listener->lost, 1);
		return;
	}
	/* All of it, also what lies in fragments: since 5.18. */
	length = bpf_xdp_get_buff_len(ctx);
	sample->time = bpf_ktime_get_ns();
	sample->ifindex = ctx->ingress_ifindex;
	sample->place = id;
	sample->length = length;
	sample->chance = chance;
	length = length < SAMPLE_FRAME ? length : SAMPLE_FRAME;
	/*
	 * The verifier wants to know that it is not 0; a packet that is dropped has headers. It learns that from a comparison of this very
	 * register, and before 6.8 not from one with zero.
	 */
	barrier_var(length);
	if (length < ETH_HLEN || bpf_xdp_load_bytes(ctx, 0, sample->frame, length) < 0)
		length = 0;
	sample->captured = length;
	/* Listeners come and look: being woken would cost more than all of this. */
	bpf_ringbuf_submit(sample, BPF_RB_NO_WAKEUP);
}

/* Own function: its registers are its own, so that a program in which nobody can listen is the same as without it. */
static __noinline int give_samples(struct xdp_md *ctx, __u32 id)
{
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < LISTENERS; i++)
		if (control.listening[i])
			give(ctx, id, i);
	return 0;
}

static __always_inline int is_listened(void)
{
	return *(volatile __u64 *)control.listening != 0;
}

#endif
