/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Packet -> rows. Every field gives a class, every class a row of bits (which steps it still allows); the AND of the rows is the set of
 * matching steps, its first bit the step that decides (search.h).
 */
#ifndef OFFLOAD_CLASSIFY_H
#define OFFLOAD_CLASSIFY_H

#include "tuple.h"

typedef const volatile struct family_config *family_ptr;

/* Where the label of a field is kept: marks and how the source is routed are counted by no line. */
#define HAS_LABEL(slot) ((slot) != F_MARK && (slot) != F_REVERSE_PATH)
#define LABEL(slot) ((slot) < F_MARK ? (slot) : (slot)-2)

struct lookup {
	__u32 label[FIELD_SLOTS - 2];
	__u32 row[FIELD_SLOTS]; /* offset */
	union {
		struct {
			union {
				__u64 match; /* the AND, where a row has one word */
				__u32 list
					[2]; /* else, where there are candidates: offset of those of the source and the destination */
			};
			__u64 groups; /* else: the AND of the summaries */
		};
		/* Where there are no rows: of the combination of small fields, and of that of the others, or their numbers. */
		struct {
			__u64 place;
			__u64 other;
		};
	};
};

/*
 * 0, but the verifier does not know. ORed into what differs from path to path (a constant here, a lookup there), it lets the paths be merged
 * again; else their number doubles with every field. Read anew each time: what a check tells of one copy would hold for the others.
 */
static __always_inline __u32 zero_of(const void *t)
{
	return *(const volatile __u32 *)t;
}

/* Number of the lowest bit set; BPF has no instruction for it, and a chain of compares would be mispredicted. */
static __always_inline __u32 lowest_bit(__u64 v)
{
	v = (v & -v) - 1;
	v = v - ((v >> 1) & 0x5555555555555555ULL);
	v = (v & 0x3333333333333333ULL) + ((v >> 2) & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (v * 0x0101010101010101ULL) >> 56;
}

static __always_inline __u32 escaped_class(const void *t, family_ptr family, __u32 label)
{
	__u64 at = family->escapes + (__u64)(label & COUNTER_MASK) * 4;

	barrier_var(at);
	if (at > cfg.tables_bytes - sizeof(struct escape))
		return 0;
	return ((const struct escape *)(t + at))->class;
}

/* What an expiry record stands for now. */
static __always_inline __u32 settled_label(family_ptr family, field_ptr field, __u32 label)
{
	return field->timed && label >> COUNTER_BITS == EXPIRY_CLASS ? current_label(family->expiries, label) : label;
}

static __always_inline __u32 class_of(const void *t, family_ptr family, field_ptr field, __u32 label)
{
	__u32 class = label;

	if (field->counted) {
		class = label >> COUNTER_BITS;
		if (class == ESCAPE_CLASS)
			class = escaped_class(t, family, label);
	}
	return class;
}

/* Of at most 16 bits, which have a label for each value. */
#define SMALL_FIELDS                                                                                                   \
	(1 << F_DEVICE | 1 << F_PACKET_TYPE | 1 << F_AVAILABILITY | 1 << F_PROTOCOL | 1 << F_TTL | 1 << F_TOS |        \
	 1 << F_LENGTH | 1 << F_TCP_FLAGS | 1 << F_ICMP | 1 << F_DPORT | 1 << F_SPORT)

/*
 * What the verifier knew of its range would decide the check where it is used, and what decides a check keeps states apart: the paths
 * through all fields would each be walked to the end.
 */
static __always_inline void keep_row(const void *t, struct lookup *l, __u32 slot, __u32 row)
{
	l->row[slot] = row ^ zero_of(t);
}

/* A word of a row. Nothing matches where there is none, which never happens. */
static __always_inline __u64 word_at(const void *t, __u64 at)
{
	barrier_var(at);
	return at > cfg.tables_bytes - 8 ? 0 : *(const __u64 *)(t + at);
}

/* Of the number that a lookup has answered. */
static __always_inline __u32 numbered_label(const void *t, field_ptr field, __u32 number)
{
	__u64 at = field->numbered + (__u64)number * 4;

	barrier_var(at);
	return at > cfg.tables_bytes - 4 ? 0 : *(const __u32 *)(t + at);
}

/* Narrows what matches by one field. False: a class beyond its table, which never happens. */
static __always_inline int narrow(const void *t, family_ptr family, struct lookup *l, __u32 slot, __u32 label)
{
	field_ptr field = &family->field[slot];
	__u64 class;

	label = settled_label(family, field, label | zero_of(t));
	if (field->counted)
		l->label[LABEL(slot)] = label;
	if (slot <= F_DADDR && field->numbered) {
		l->list[slot] = field->lists + label * sizeof(struct list);
		if (!(family->rowed & 1 << slot))
			return 1;
		label = numbered_label(t, field, label);
	}
	class = class_of(t, family, field, label);
	barrier_var(class);
	if (family->decisions) {
		if (1 << slot & SMALL_FIELDS)
			l->place += class * field->stride;
		else
			l->other += class * field->stride;
		return 1;
	}
	if (class >= field->classes)
		return 0;
	if (family->candidates && slot <= F_DADDR && !field->numbered)
		l->list[slot] = field->lists + class * sizeof(struct list);
	if (!(family->rowed & 1 << slot))
		return 1;
	if (family->words == 1) {
		class = field->rows + class * 8;
		keep_row(t, l, slot, class);
		l->match &= *(__u64 *)(t + class);
		return 1;
	}
	l->groups &= *(__u64 *)(t + field->summaries + class * 8);
	keep_row(t, l, slot, field->rows + class * family->words * 8);
	return 1;
}

/* From the place of a combination to its number. ~0: never. */
static __always_inline __u32 number_of(const void *t, __u32 numbers, __u64 place)
{
	__u64 at = numbers + place * 2;

	barrier_var(at);
	return at > cfg.tables_bytes - 2 ? ~0u : *(__u16 *)(t + at);
}

/* The other fields do not matter: to the verifier they have labels all the same. */
static __always_inline int settle(family_ptr family, struct lookup *l)
{
	__u32 slot;

#pragma clang loop unroll(full)
	for (slot = 0; slot < FIELD_SLOTS; slot++)
		if (!(1 << slot & SMALL_FIELDS) && HAS_LABEL(slot) && (family->used & 1 << slot) &&
		    family->field[slot].counted)
			l->label[LABEL(slot)] = 0;
	return 1;
}

/* No step can match any more: what else a packet has is not looked up. */
static __always_inline int is_settled(family_ptr family, const struct lookup *l)
{
	if (family->decisions || family->candidates)
		return 0;
	return family->words == 1 ? !l->match : !l->groups;
}

static __always_inline __u32 row_of(family_ptr family, __u32 slot, __u32 value, __u32 max)
{
	const void *t = table_base();
	field_ptr field = &family->field[slot];
	__u64 class;

	if (!t)
		return ~0u;
	class = small_label(t, field, value, max);
	barrier_var(class);
	if (class >= field->classes)
		return ~0u;
	return field->rows + class * family->words * 8;
}

/* Offset of the row of a mark state; ~0: never. Own function: the verifier walks it once, and all rows look alike to it. */
__noinline __u32 mark_row(__u32 state, __u32 version)
{
	if (version == 4)
		return cfg.ip.used & 1 << F_MARK ? row_of(&cfg.ip, F_MARK, state, MAX_MARK) : ~0u;
	return cfg.ip6.used & 1 << F_MARK ? row_of(&cfg.ip6, F_MARK, state, MAX_MARK) : ~0u;
}

/* From here on the packet's mark is in this state. */
static __always_inline void mark(const void *t, struct lookup *l, __u32 state, int version)
{
	keep_row(t, l, F_MARK, mark_row(state, version));
}

/* The same of how the source is routed. */
__noinline __u32 reverse_path_row(__u32 path, __u32 version)
{
	if (version == 4)
		return cfg.ip.used & 1 << F_REVERSE_PATH ? row_of(&cfg.ip, F_REVERSE_PATH, path, MAX_REVERSE_PATH)
							 : ~0u;
	return cfg.ip6.used & 1 << F_REVERSE_PATH ? row_of(&cfg.ip6, F_REVERSE_PATH, path, MAX_REVERSE_PATH) : ~0u;
}

static __always_inline void set_reverse_path(const void *t, struct lookup *l, __u32 path, int version)
{
	keep_row(t, l, F_REVERSE_PATH, reverse_path_row(path, version));
}

/* A packet that lacks the field is of class 0 (abi.h), counted or not. */
#define AVAILABLE(limit) ((limit) == NO_PROTOCOL || (p->availability | zero_of(t)) <= (limit))
#define NARROW(slot, limit, lookup)                                                                                    \
	do {                                                                                                           \
		if ((used & 1 << (slot)) && !narrow(t, family, l, slot, AVAILABLE(limit) ? (lookup) : 0))              \
			return 0;                                                                                      \
	} while (0)
/* Added, not ORed: before 6.10 the verifier knows nothing of the upper half of what an OR with an unknown gives, and this is an offset. */
#define SMALL(slot, value, max) small_label(t, &family->field[slot], (value) + zero_of(t), max)

#define TUPLE(index)                                                                                                   \
	NARROW(F_TUPLE##index, cfg.tuple[(version == 6 ? TUPLE_SLOTS : 0) + index].known_up_to,                        \
	       version == 6 ? tuple##index##_label6(ctx, p) : tuple##index##_label(ctx, p))

#define HIGH(address) ((__u64)(address)[0] << 32 | (address)[1])
#define LOW(address) ((__u64)(address)[2] << 32 | (address)[3])

/* False: never. The limits are knownUpTo of src/model/field.ts. Cheap fields first; addresses last, for their tables are the large ones. */
static __always_inline int look_up(struct xdp_md *ctx, const void *t, family_ptr family, const struct packet *p,
				   struct lookup *l, int version)
{
	__u32 used = family->used;

	l->match = family->decisions ? zero_of(t) : ~0ULL;
	l->groups = l->match;
	if (family->candidates)
		l->list[0] = l->list[1] = zero_of(t);
	NARROW(F_DEVICE, NO_PROTOCOL, family->field[F_DEVICE].labels);
	NARROW(F_PACKET_TYPE, SHORT_HEADER, SMALL(F_PACKET_TYPE, p->packet_type, 7));
	NARROW(F_AVAILABILITY, NO_PROTOCOL, SMALL(F_AVAILABILITY, p->availability, 3));
	NARROW(F_PROTOCOL, FRAGMENT, SMALL(F_PROTOCOL, p->protocol, 255));
	NARROW(F_TTL, SHORT_HEADER, SMALL(F_TTL, p->ttl, 255));
	NARROW(F_TOS, SHORT_HEADER, SMALL(F_TOS, p->tos, 255));
	NARROW(F_LENGTH, SHORT_HEADER, SMALL(F_LENGTH, p->length, 65535));
	NARROW(F_TCP_FLAGS, COMPLETE, SMALL(F_TCP_FLAGS, p->tcp_flags, 511));
	NARROW(F_ICMP, COMPLETE, SMALL(F_ICMP, p->icmp, 65535));
	NARROW(F_DPORT, COMPLETE, SMALL(F_DPORT, p->dport, 65535));
	NARROW(F_SPORT, COMPLETE, SMALL(F_SPORT, p->sport, 65535));
	if (family->combined) {
		__u32 number = number_of(t, family->combined, l->place);

		if (number == ~0u)
			return 0;
		l->place = number & COMBINED_MASK;
		if (number > COMBINED_MASK)
			return settle(family, l);
	}
	if (is_settled(family, l))
		return 1;
	if (version == 4) {
		NARROW(F_SADDR, NO_PROTOCOL, address_label(t, &cfg.address[0], p->saddr[0]));
		if (is_settled(family, l))
			return 1;
		NARROW(F_DADDR, NO_PROTOCOL, address_label(t, &cfg.address[1], p->daddr[0]));
	} else {
		NARROW(F_SADDR, NO_PROTOCOL, ADDRESS6_LABEL(0, saddr6_label, HIGH(p->saddr), LOW(p->saddr)));
		if (is_settled(family, l))
			return 1;
		NARROW(F_DADDR, NO_PROTOCOL, ADDRESS6_LABEL(1, daddr6_label, HIGH(p->daddr), LOW(p->daddr)));
	}
	if (is_settled(family, l))
		return 1;
	NARROW(F_SMAC, SHORT_HEADER, version == 6 ? smac6_label(source_mac(ctx)) : smac_label(source_mac(ctx)));
	TUPLE(0);
	TUPLE(1);
	TUPLE(2);
	TUPLE(3);
	if (family->paired) {
		l->other = number_of(t, family->paired, l->other);
		if (l->other == ~0u)
			return 0;
	}
	if (family->decisions)
		return 1;
	/* Nobody has marked the packet yet. What the state rules out is not ruled out for good, so the summary stays out. */
	if (used & 1 << F_MARK) {
		mark(t, l, 0, version);
		if (family->words == 1)
			l->match &= word_at(t, l->row[F_MARK]);
	}
	if (used & 1 << F_REVERSE_PATH) {
		set_reverse_path(t, l, BACK_UNKNOWN, version);
		if (family->words == 1)
			l->match &= word_at(t, l->row[F_REVERSE_PATH]);
	}
	return 1;
}

#endif
