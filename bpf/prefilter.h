/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The pipeline: parse, look up, first step, count and drop. Default is XDP_PASS; a drop needs a proven match. */
#ifndef OFFLOAD_PREFILTER_H
#define OFFLOAD_PREFILTER_H

#include "search.h"
#include "source.h"
#include "conntrack.h"
#include "control.h"

/* Numbers first, then what has changed in bit 31: whoever reads in between can tell. */
static __always_inline void count(volatile struct counter *counter, __u32 length)
{
	__u32 packets = counter->packets, bytes = counter->bytes, more = packets + 1, longer = bytes + length;

	counter->packets = more;
	counter->bytes = longer;
	if (unlikely(((packets ^ more) | (bytes ^ longer)) >> 31)) {
		counter += COUNTERS_OF_CPU(cfg.counters);
		counter->packets += (packets ^ more) >> 31;
		counter->bytes += (bytes ^ longer) >> 31;
	}
}

static __always_inline int drop(struct xdp_md *ctx, __u32 id, __u32 length)
{
	__u32 at_drop = cfg.at_drop, cpu;
	struct counter *all;

	/* One look for all that can be configured here: where drops are only counted, the program is the same as if nothing else could be. */
	if (unlikely(at_drop != AT_DROP_COUNT)) {
		if (at_drop == AT_DROP_NOTHING)
			return XDP_DROP;
		if (cfg.leased && !has_lease())
			return pass(PASS_LEASE);
		if (cfg.sampled && is_listened())
			give_samples(ctx, id);
		if (!cfg.counters)
			return XDP_DROP;
	}
	cpu = bpf_get_smp_processor_id();
	all = bpf_map_lookup_elem(&counters, &cpu);
	if (likely(all)) {
		__u64 at = id, number = cfg.counters;

		/* At once: what is compared is what is added. Of a copy on the stack in between the verifier of 6.1 would not know. */
		asm volatile("if %[at] < %[number] goto +1\n\t"
			     "%[at] = 0\n\t" /* never */
			     "%[at] <<= 3\n\t"
			     "%[all] += %[at]"
			     : [at] "+r"(at), [all] "+r"(all)
			     : [number] "r"(number));
		count(all, length);
	}
	return XDP_DROP;
}

/* NULL: never. */
static __always_inline const struct step *step_at(const void *t, family_ptr family, __u32 number)
{
	__u64 at = family->steps + (__u64)number * sizeof(struct step);

	barrier_var(at);
	return at > cfg.tables_bytes - sizeof(struct step) ? NULL : t + at;
}

static __always_inline int decide(struct xdp_md *ctx, const void *t, family_ptr family, const struct packet *p,
				  const struct search *s, __u32 number, int version)
{
	const struct step *step;
	__u32 counter;

	if (number >= family->step_count)
		return pass(PASS_NO_STEP);
	step = step_at(t, family, number);
	if (unlikely(!step))
		return pass(PASS_INTERNAL);
	if (step->outcome != OUTCOME_DROP)
		return pass(PASS_GUARD);
	counter = step->counter;
	if (step->counted_slot < FIELD_SLOTS)
		counter = line_counter(t, family, &s->lookup, step->counted_slot,
				       family->clustered ? step->skip_to : number, counter);
	/* Stages that may still save the packet come here: they are asked about drops only. */
	if (family->skips && s->asked && may_be_tracked(ctx, p, version))
		return pass(PASS_TRACKED);
	return drop(ctx, counter, p->length);
}

static __always_inline int decide_by_source(struct xdp_md *ctx, const void *t, family_ptr family,
					    const struct source *source)
{
	field_ptr field = &family->field[F_SADDR];
	__u32 label = settled_label(family, field, source->label);
	__u64 class = class_of(t, family, field, label);
	__u32 number = family->only_step, counter = family->only_counter, counted = family->only_counted;

	if (family->only_class) {
		if (class != family->only_class - 1)
			return pass(PASS_NO_STEP);
	} else {
		const struct step *step;

		number = number_of(t, family->decisions, class * field->stride);
		if (number >= family->step_count)
			return pass(PASS_NO_STEP);
		step = step_at(t, family, number);
		if (unlikely(!step))
			return pass(PASS_INTERNAL);
		if (step->outcome != OUTCOME_DROP)
			return pass(PASS_GUARD);
		counter = step->counter;
		counted = step->counted_slot == F_SADDR;
	}
	if (field->counted && counted)
		counter = labelled_counter(t, family, label, number, counter);
	return drop(ctx, counter, source->length);
}

static __always_inline int filter(struct xdp_md *ctx, family_ptr family, struct packet *p, int version)
{
	const void *t = table_base();
	struct search s;

	if (unlikely(!t))
		return pass(PASS_INTERNAL);
	if (unlikely(!look_up(ctx, t, family, p, &s.lookup, version)))
		return pass(PASS_INTERNAL);
	return decide(ctx, t, family, p, &s, first_step(ctx, t, family, p, &s, version), version);
}

/* Fields to parse: those that steps use, and the ports for conntrack, which may be asked whatever the steps look at. */
static __always_inline __u32 parsed_fields(family_ptr family)
{
	return family->skips ? family->parsed | L4_FIELDS : family->parsed;
}

/* 0 host, 1 broadcast, 2 multicast, 3 another host: as eth_type_trans() says. */
static __always_inline __u32 packet_type(const struct ethhdr *eth)
{
	const __u8 *d = eth->h_dest;
	__u32 low = *(__u32 *)d;
	__u16 high = *(__u16 *)(d + 4);

	if (likely(low == *(const volatile __u32 *)cfg.mac && high == *(const volatile __u16 *)(cfg.mac + 4)))
		return 0;
	if (low == 0xffffffff && high == 0xffff)
		return 1;
	return d[0] & 1 ? 2 : 3;
}

/* Negative: not ordinary, or other fields than the source matter. */
static __always_inline int short_way(struct xdp_md *ctx, const struct ethhdr *eth, const void *data_end)
{
	const void *t;
	struct source source;

	if (cfg.ip.by_source && eth->h_proto == bpf_htons(ETH_P_IP) && is_to_device(eth)) {
		t = table_base();
		if (t && source_of_ip(t, eth, data_end, &source))
			return decide_by_source(ctx, t, &cfg.ip, &source);
	}
	if (cfg.ip6.by_source && eth->h_proto == bpf_htons(ETH_P_IPV6) && is_to_device(eth)) {
		t = table_base();
		if (t && source_of_ip6(t, eth, data_end, &source))
			return decide_by_source(ctx, t, &cfg.ip6, &source);
	}
	return -1;
}

static __always_inline int long_way(struct xdp_md *ctx, const struct ethhdr *eth, const void *data_end)
{
	struct packet p = {};
	__u32 offset = ETH_HLEN, type = bpf_ntohs(eth->h_proto);
	int reason;

	p.packet_type = packet_type(eth);
	if (unlikely(p.packet_type == 3))
		return pass(PASS_OTHER_HOST);
	if (unlikely(type == ETH_P_8021Q || type == ETH_P_8021AD)) {
		__s64 walked = cfg.vlan ? behind_vlan(ctx, eth, data_end) : skip_tags(ctx);

		if (walked < 0)
			return pass(-walked < PASS_REASONS ? -walked : PASS_INTERNAL);
		/* A second tag is still there at ingress, where nothing takes the packet for IP yet. */
		if (walked & NESTED_WALK)
			p.packet_type |= NESTED_TAGS;
		type = walked & 0xffff;
		offset = (__u64)walked >> 16 & 0xffff;
	}
	if (likely(type == ETH_P_IP)) {
		if (unlikely(!cfg.ip.enabled))
			return pass(PASS_FAMILY);
		reason = parse_ip(ctx, &p, offset, parsed_fields(&cfg.ip));
		if (unlikely(reason))
			return pass(reason);
		return filter(ctx, &cfg.ip, &p, 4);
	}
	if (type == ETH_P_IPV6) {
		if (unlikely(!cfg.ip6.enabled))
			return pass(PASS_FAMILY);
		reason = parse_ip6(ctx, &p, offset, parsed_fields(&cfg.ip6));
		if (unlikely(reason))
			return pass(reason);
		return filter(ctx, &cfg.ip6, &p, 6);
	}
	return pass(PASS_NOT_IP);
}

static __always_inline int prefilter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	int verdict;

	if (unlikely(cfg.selective)) {
		/* Who calls may be attached to other devices as well. */
		if (cfg.ifindex && ctx->ingress_ifindex != cfg.ifindex)
			return XDP_PASS;
		if (cfg.vlan && (void *)(eth + 1) <= data_end && !is_tag(eth->h_proto))
			return pass(PASS_VLAN);
	}
	if (unlikely((void *)(eth + 1) > data_end))
		return pass(PASS_MALFORMED);
	verdict = short_way(ctx, eth, data_end);
	return verdict < 0 ? long_way(ctx, eth, data_end) : verdict;
}

#endif
