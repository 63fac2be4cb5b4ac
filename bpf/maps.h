/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Maps and configuration; sizes are set by the loader. ARRAY and PERCPU_ARRAY since 3.19 and 4.6, BPF_F_MMAPABLE since 5.5. */
#ifndef OFFLOAD_MAPS_H
#define OFFLOAD_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "abi.h"
#include "abi-control.h"

/* Where the ordinary packet goes is laid out in a straight line: a jump costs more than what stands between two of them. */
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* Read-only once loaded: the verifier takes every value for a constant and removes what it makes unreachable. */
const volatile struct config cfg = {};

/* One value with every table in it. No BTF types: the loader changes the size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(map_flags, BPF_F_MMAPABLE);
} tables SEC(".maps");

/*
 * One value per possible CPU, with every counter in it; and one more that says what counts where, if addresses stand among them. A per-CPU array would follow two pointers a packet, and its values cannot be
 * mapped into memory.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct counter));
	__uint(map_flags, BPF_F_MMAPABLE);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PASS_REASONS);
	__uint(key_size, 4);
	__uint(value_size, 8);
} stats SEC(".maps");

/*
 * A section of its own is a map of its own (`control` to the loader), whose value is read without a lookup. Mappable since 5.5. Until
 * somebody sets it, everything is dropped that the steps say.
 */
volatile struct control control SEC(".data.control") = { .drop_until = ~0ULL };

/* A ring for each listener, who makes it, of any size. Ring buffers since 5.8. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, LISTENERS);
	__uint(key_size, 4);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 65536);
		});
} samples SEC(".maps");

static __always_inline int pass(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&stats, &reason);

	if (count)
		*count += 1;
	return XDP_PASS;
}

/* The value of `tables`, or NULL never. */
static __always_inline const void *table_base(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&tables, &zero);
}

#endif
