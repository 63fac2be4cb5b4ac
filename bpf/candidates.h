/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The first step that a packet matches among those that its addresses list (abi.h). Where steps are many, those that a source or a
 * destination allows are few, and each is compared with the packet itself: rows for all of them would not stay in the cache.
 */
#ifndef OFFLOAD_CANDIDATES_H
#define OFFLOAD_CANDIDATES_H

#include "classify.h"

/* A bit above each field of `low` and `high`: it stays set in a difference that is not negative. */
#define PORT_GUARDS (1ULL << 16 | 1ULL << 33 | 1ULL << 50)
#define PROTOCOL_GUARD (1ULL << 59)
#define GUARDS (PORT_GUARDS | PROTOCOL_GUARD | 1ULL << 62)

static __always_inline __u64 small_fields(const struct packet *p)
{
	return (__u64)p->sport | (__u64)p->dport << 17 | (__u64)p->icmp << 34 | (__u64)p->protocol << 51 |
	       (__u64)p->availability << 60;
}

/* Of the fields that the packet has: what it lacks rules out by its availability, or not at all. */
static __always_inline __u64 compared(const struct packet *p)
{
	__u64 ports = ((__u64)p->availability - 1) >> 63, protocol = ((__u64)p->availability - NO_PROTOCOL) >> 63;

	/* Products: since 6.18 the verifier splits its path where a mask of all ones or zeros meets a constant. */
	barrier_var(ports);
	barrier_var(protocol);
	return ports * PORT_GUARDS + protocol * PROTOCOL_GUARD + (1ULL << 62);
}

/* All ones where a < b, without a branch, which clang would make of it if it knew: both are below 2^63. */
static __always_inline __u64 below(__u64 a, __u64 b)
{
	__u64 mask;

	barrier_var(a);
	mask = (__s64)(a - b) >> 63;
	barrier_var(mask);
	return mask;
}

/* Of a packet, as candidates say it. Volatile, for what is kept in registers would be put on the stack once more. */
struct compare {
	__u64 addresses, fields, guards;
	__u64 gap; /* what is added to a place behind the one list, that it be of the other */
};
typedef volatile struct compare *compare_ptr;

/*
 * `number`, or more than any where the packet does not match the candidate of that number. What is configured is read anew each time: kept, it
 * would stand on the stack.
 */
static __always_inline __u64 compare(const void *t, compare_ptr with, __u64 number)
{
	const struct candidate *c = t + cfg.ip.candidates + (number & cfg.ip.candidate_mask) * sizeof(*c);
	__u64 fails = ~(((with->fields | GUARDS) - c->low) & (c->high - with->fields)) & with->guards, less;

	fails |= (with->addresses ^ c->addresses) & c->mask;
	/* The highest bit says whether it fails, without a branch: which candidate matches is random. */
	less = -fails;
	barrier_var(less);
	fails = (fails | less) >> 63;
	barrier_var(fails);
	return number + fails * NO_CANDIDATE;
}

static __always_inline __u64 lower(__u64 a, __u64 b)
{
	return b + ((a - b) & below(a, b));
}

/* The list whose head stands there, or the part of it where the packet belongs. NULL: never. */
static __always_inline const struct list *list_at(const void *t, __u64 at, compare_ptr with)
{
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i <= MAX_SPLITS; i++) {
		const struct list *list;
		__u64 said;

		barrier_var(at);
		if (at > cfg.tables_bytes - sizeof(*list))
			break;
		list = t + at;
		if (likely(!list->bits))
			return list;
		said = (list->shift & SPLIT_BY_FIELDS ? with->fields : with->addresses) >> (list->shift & 63);
		at = list->at + (said & ((1ULL << (list->bits & 15)) - 1)) * sizeof(*list);
	}
	return NULL;
}

/*
 * Number + 1 of the first candidate that the packet matches; NO_CANDIDATE or more: none does. `source` and `destination`: offsets of the
 * lists of its addresses. Steps that both list are looked for in the shorter one. Not a function of its own: where returns are
 * mitigated, one costs as much as two words.
 */
static __always_inline __u64 first_candidate(const void *t, __u64 source, __u64 destination, compare_ptr with)
{
	const struct list *one = list_at(t, source, with), *other = list_at(t, destination, with);
	__u64 found = NO_CANDIDATE + (__u64)zero_of(t), swap, at, more, left, i;

	if (!one || !other)
		return NO_CANDIDATE;
	swap = below(other->all - other->own, one->all - one->own);
	left = one->all ^ ((one->all ^ other->all) & swap);
	more = other->own ^ ((one->own ^ other->own) & swap);
	at = one->at ^ ((one->at ^ other->at) & swap);
	with->gap = ((__u64)one->at ^ other->at ^ at) - at - left * 4;
	left += more;
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_WALK; i++) {
		__u64 place = at;
		__u32 two;

		if (!left)
			break;
		/* The rest is of the other list. */
		place += with->gap & below(left - 1, more);
		barrier_var(place);
		if (place > cfg.tables_bytes - 4)
			break;
		two = *(const __u32 *)(t + place);
		found = lower(found, compare(t, with, two & 0xffff));
		found = lower(found, compare(t, with, two >> 16));
		at += 4;
		left--;
	}
	return found;
}

/* Number of that step, or NO_CANDIDATE. `with` is filled in. */
static __always_inline __u32 listed_step(const void *t, const struct packet *p, const struct lookup *l,
					 struct compare *with)
{
	__u64 found;

	with->addresses = (__u64)p->saddr[0] << 32 | p->daddr[0];
	with->fields = small_fields(p);
	with->guards = compared(p);
	found = first_candidate(t, l->list[0], l->list[1], with);
	return found < NO_CANDIDATE ? found - 1 : NO_CANDIDATE;
}

#endif
