/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Rows -> the step that decides, and the counter of a drop. */
#ifndef OFFLOAD_SEARCH_H
#define OFFLOAD_SEARCH_H

#include "candidates.h"
#include "reverse.h"

/* AND of the rows' word number `w`. `rowed` is read for each word: what is computed from it once for all words has to be kept on the stack. */
static __always_inline __u64 match_word(const void *t, family_ptr family, const struct lookup *l, __u32 w)
{
	__u64 match = ~0ULL;
	__u32 rowed = family->rowed, slot;

#pragma clang loop unroll(full)
	for (slot = 0; slot < FIELD_SLOTS; slot++) {
		__u64 at;

		if (!(rowed & 1 << slot))
			continue;
		at = (__u64)l->row[slot] + w * 8;
		barrier_var(at);
		if (at > cfg.tables_bytes - 8)
			return 0; /* never */
		match &= *(__u64 *)(t + at);
		/* The addresses come first, and rule most words out. */
		if (slot == F_DADDR && !match)
			return 0;
	}
	return match;
}

#define NO_STEP (~0u)
#define MAX_ROUNDS_WALKED 24

struct search {
	struct lookup lookup;
	union {
		struct {
			__u32 position; /* ordered steps: the one to look from. Clusters: the lowest number found */
			__u32 found;
			__u32 asked; /* conntrack must be asked before a drop */
			__u32 first_asked; /* clusters: the lowest number of a step that wants it */
			struct xdp_md *ctx; /* of those that are asked how the source is routed */
			const struct packet *packet;
		};
		struct compare compare; /* before that, while lists are gone through */
	};
};

static __always_inline long search_on(struct search *s, family_ptr family, int version)
{
	const void *t = table_base();
	__u32 w = s->position >> 6, number;
	const struct step *step;
	__u64 match, at;

	/* The next position must come from the bounded w, or its range grows from round to round and the verifier never ends. */
	barrier_var(w);
	if (!t || w >= family->words)
		return 1;
	if (family->words > 1 && !(s->lookup.groups >> (w >> family->group_shift) & 1)) {
		__u64 rest = s->lookup.groups & (~0ULL << (w >> family->group_shift));

		if (!rest)
			return 1;
		w = (lowest_bit(rest) & 63) << family->group_shift;
		s->position = w << 6;
		if (w >= family->words)
			return 1; /* never */
	}
	match = family->words == 1 ? s->lookup.match : match_word(t, family, &s->lookup, w);
	match &= ~0ULL << (s->position & 63);
	if (!match) {
		s->position = (w + 1) << 6;
		return 0;
	}
	number = w << 6 | (lowest_bit(match) & 63);
	at = family->steps + (__u64)number * sizeof(*step);
	barrier_var(at);
	if (number >= family->step_count || at > cfg.tables_bytes - sizeof(*step))
		return 1;
	step = t + at;
	if (step->outcome == OUTCOME_ASK) {
		s->asked = 1;
		s->position = number + 1;
		return 0;
	}
	if (step->outcome == OUTCOME_MARK) {
		if (family->used & 1 << F_MARK)
			mark(t, &s->lookup, step->counter, version);
		if (family->words == 1)
			s->lookup.match = match_word(t, family, &s->lookup, 0);
		s->position = number + 1;
		return 0;
	}
	if (step->outcome == OUTCOME_ROUTE) {
		if (family->used & 1 << F_REVERSE_PATH)
			set_reverse_path(t, &s->lookup, route_back(s->ctx, s->packet, version), version);
		if (family->words == 1)
			s->lookup.match = match_word(t, family, &s->lookup, 0);
		s->position = number + 1;
		return 0;
	}
	if (step->outcome != OUTCOME_SKIP) {
		s->found = number;
		return 1;
	}
	s->position = step->skip_to;
	return 0;
}

static __always_inline __u32 next_cluster(family_ptr family, __u32 group)
{
	__u32 next = 64, i;

#pragma clang loop unroll(full)
	for (i = CLUSTER_BOUNDS; i > 0; i--)
		if (group < family->clusters[i - 1])
			next = family->clusters[i - 1];
	return next;
}

/* The next group of words in which a step may match. */
static __always_inline long search_group(struct search *s, family_ptr family)
{
	const void *t = table_base();
	__u64 groups = s->lookup.groups, match = 0, at;
	__u32 group, next, number, w, i;
	const struct step *step;

	if (!t || !groups)
		return 1;
	group = lowest_bit(groups) & 63;
	s->lookup.groups = groups & (groups - 1);
	w = group << family->group_shift;
	for (i = 0; i < MAX_GROUP_WORDS; i++, w++) {
		if (i >> family->group_shift || w >= family->words)
			break;
		match = match_word(t, family, &s->lookup, w);
		if (match)
			break;
	}
	if (!match)
		return 0;
	/* Later steps of the cluster have higher numbers. */
	next = next_cluster(family, group);
	s->lookup.groups &= next < 64 ? ~0ULL << (next & 63) : 0;
	number = w << 6 | (lowest_bit(match) & 63);
	at = family->steps + (__u64)number * sizeof(*step);
	barrier_var(at);
	if (at > cfg.tables_bytes - sizeof(*step))
		return 1;
	step = t + at;
	if (step->outcome == OUTCOME_ASK) {
		s->first_asked = step->skip_to;
	} else if (step->skip_to < s->position) {
		s->position = step->skip_to;
		s->found = number;
	}
	return 0;
}

static __always_inline long search_round(struct search *s, family_ptr family, int version)
{
	return family->clustered ? search_group(s, family) : search_on(s, family, version);
}

static long search_ip(__u32 i, struct search *s)
{
	return search_round(s, &cfg.ip, 4);
}

static long search_ip6(__u32 i, struct search *s)
{
	return search_round(s, &cfg.ip6, 6);
}

/*
 * A call for each round costs as much as the lookup of a field, where returns are mitigated; the verifier walks each round of a loop, but a
 * called function once.
 */
static __always_inline void search_rounds(const void *t, struct search *s, family_ptr family, __u32 rounds, int version)
{
	__u32 i;

	if (cfg.calls_rounds || rounds > MAX_ROUNDS_WALKED) {
		if (version == 4)
			bpf_loop(rounds, search_ip, s, 0);
		else
			bpf_loop(rounds, search_ip6, s, 0);
		return;
	}
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_ROUNDS_WALKED; i++) {
		if (i >= rounds || search_round(s, family, version))
			break;
		/* After any round the verifier knows as little of them. */
		s->position ^= zero_of(t);
		s->found ^= zero_of(t);
		s->asked ^= zero_of(t);
		s->first_asked ^= zero_of(t);
	}
}

/* What the search would find, written down beforehand. */
static __always_inline __u32 decision(const void *t, family_ptr family, struct search *s)
{
	const struct lookup *l = &s->lookup;
	__u32 found = number_of(t, family->decisions, l->place + l->other * family->combined_count);

	s->asked = found & DECISION_ASKED;
	return found & DECISION_MASK;
}

/* Place of the step that decides, or NO_STEP. */
static __always_inline __u32 first_step(struct xdp_md *ctx, const void *t, family_ptr family, const struct packet *p,
					struct search *s, int version)
{
	__u32 words = family->words;

	if (family->decisions)
		return decision(t, family, s);
	if (words != 1 || family->skips) {
		__u32 listed = NO_CANDIDATE;

		if (family->candidates)
			listed = listed_step(t, p, &s->lookup, &s->compare);
		s->found = NO_STEP;
		s->first_asked = NO_STEP;
		/* A constant would have the verifier walk every word. */
		s->position = family->clustered ? NO_STEP : zero_of(t);
		if (family->candidates) {
			if (listed < NO_CANDIDATE) {
				s->position = listed;
				/* Behind those that have rows. */
				s->found = words * 64 + listed;
			}
			if (!words)
				return s->found;
		}
		s->asked = 0;
		s->ctx = ctx;
		s->packet = p;
		search_rounds(t, s, family,
			      family->clustered ? words >> family->group_shift : words + family->skips + 1, version);
		if (family->clustered)
			s->asked = s->first_asked < s->position;
		return s->found;
	}
	/* A family whose steps have no literals at all has no rows: its first step decides. */
	if (!family->used)
		return 0;
	if (!s->lookup.match)
		return NO_STEP;
	return family->step_count == 1 ? 0 : lowest_bit(s->lookup.match) & 63;
}

/* The counter in an escape record for `number`, or `fallback`. */
static __always_inline __u32 escaped_counter(const void *t, family_ptr family, __u32 label, __u32 number,
					     __u32 fallback)
{
	__u64 at = family->escapes + (__u64)(label & COUNTER_MASK) * 4, base = 0, length;
	const __u32 *pair;
	__u32 i;

	barrier_var(at);
	if (at > cfg.tables_bytes - sizeof(struct escape))
		return fallback;
	length = ((const struct escape *)(t + at))->count;
	at += sizeof(struct escape);
	/* Pairs stand in the order of their steps. Halvings that find one of 10,240. */
	for (i = 0; i < 14; i++) {
		__u64 half = length >> 1, probe = at + (base + half) * 8;

		barrier_var(probe);
		if (probe > cfg.tables_bytes - 8)
			return fallback;
		pair = t + probe;
		base += pair[0] <= number ? half : 0;
		length -= half;
	}
	at += base * 8;
	barrier_var(at);
	if (at > cfg.tables_bytes - 8)
		return fallback;
	pair = t + at;
	return length && pair[0] == number ? pair[1] - 1 : fallback;
}

/* Counter of a drop by the label of the field whose lines have one each: the line's, or `fallback`, the step's own. */
static __always_inline __u32 labelled_counter(const void *t, family_ptr family, __u32 label, __u32 number,
					      __u32 fallback)
{
	if (label >> COUNTER_BITS == ESCAPE_CLASS)
		return escaped_counter(t, family, label, number, fallback);
	label &= COUNTER_MASK;
	return label ? label - 1 : fallback;
}

static __always_inline __u32 line_counter(const void *t, family_ptr family, const struct lookup *l, __u32 slot,
					  __u32 number, __u32 fallback)
{
	__u32 used = family->used, i, label = 0;

#pragma clang loop unroll(full)
	for (i = 0; i < FIELD_SLOTS; i++)
		if (HAS_LABEL(i) && (used & 1 << i) && family->field[i].counted && slot == i)
			label = i <= F_DADDR && family->field[i].numbered
					? numbered_label(t, &family->field[i], l->label[LABEL(i)])
					: l->label[LABEL(i)];
	return labelled_counter(t, family, label, number, fallback);
}

#endif
