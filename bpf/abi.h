/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What src/compile writes and the program reads. src/compile/abi.ts says the same; a test compares it with this file's BTF.
 * All numbers are in host byte order. "Offset" is a byte offset into the one value of the map `tables`.
 */
#ifndef OFFLOAD_ABI_H
#define OFFLOAD_ABI_H

#include <linux/types.h>

/* Slots of a family's fields; tuple atoms that ask the same fields share a slot. */
enum field_slot {
	F_SADDR,
	F_DADDR,
	F_PROTOCOL,
	F_SPORT,
	F_DPORT,
	F_TCP_FLAGS,
	F_ICMP,
	F_TTL,
	F_TOS,
	F_LENGTH,
	F_PACKET_TYPE,
	F_DEVICE,
	F_AVAILABILITY,
	F_SMAC,
	F_MARK, /* number of a mark state; steps change it */
	F_REVERSE_PATH, /* enum reverse_path; a step has it looked up */
	F_TUPLE0,
	F_TUPLE1,
	F_TUPLE2,
	F_TUPLE3,
	FIELD_SLOTS,
};

#define MAX_MARK 1023 /* states of a mark - 1 */
#define MAX_REVERSE_PATH 7
#define TUPLE_SLOTS 4
#define MAX_TUPLE_SHAPES 255
#define MAX_GROUP_WORDS 4
#define CLUSTER_BOUNDS 4
#define MAX_PREFIX_BUCKETS 8 /* probed; the builder guarantees that no entry is further from its place */
#define MAX_PREFIX_DEPTH 8 /* halvings of at most 129 lengths */
#define MAX_BUCKETS_PROBED 16 /* of an address table's buckets */
#define MAX_DEPTH 32
#define BUCKET_SLOTS 8

/*
 * A label is what a lookup of one field answers. Uncounted fields: the class. Counted fields: class << 22 | counter + 1, counter
 * part 0 meaning "the step's own"; class 1023: the low bits are the index of an escape record, in u32s from `escapes`.
 * Class 1022, in counted labels: the low bits are the number of an expiry record in `expiries`.
 * Class 0 is "the packet lacks the field", so no stored label is 0.
 */
#define COUNTER_BITS 22
#define COUNTER_MASK ((1u << COUNTER_BITS) - 1)
#define ESCAPE_CLASS 1023
#define EXPIRY_CLASS 1022

#define MAX_EXPIRIES 8 /* records in a chain */
#define EXPIRY_TICK_BITS 26 /* expiries are counted in ticks of 2^26 ns */

/* Values of the field availability (src/plan/program.ts). */
enum availability { COMPLETE, SHORT_HEADER, FRAGMENT, NO_PROTOCOL };

/* Values of the field reverse path (src/model/field.ts): how the source of the packet is routed. */
enum reverse_path { BACK_UNKNOWN, BACK_REFUSED, BACK_UNFORWARDED, BACK_OTHER_DEVICE, BACK_SAME_DEVICE };

enum outcome { OUTCOME_PASS, OUTCOME_DROP, OUTCOME_SKIP, OUTCOME_ASK, OUTCOME_MARK, OUTCOME_ROUTE };

/* Why a packet was passed: keys of the map `stats`. */
enum pass_reason {
	PASS_NO_STEP, /* no step matched */
	PASS_GUARD, /* a pass step matched */
	PASS_NOT_IP,
	PASS_OTHER_HOST, /* unicast to another MAC: a macvlan or a tap may own it */
	PASS_VLAN, /* a tag with an id: it belongs to a VLAN device */
	PASS_MALFORMED, /* the stack drops these before netfilter */
	PASS_FAMILY, /* the family has no steps */
	PASS_TRACKED, /* conntrack knows the packet, or could not be asked */
	PASS_INTERNAL, /* a table contradicts its sizes: never */
	PASS_LEASE, /* would have been dropped, but nobody has renewed the lease */
	PASS_REASONS,
};

struct step {
	__u8 outcome;
	__u8 counted_slot; /* FIELD_SLOTS: none */
	__u16 skip_to; /* steps in clusters: the step's number */
	__u32 counter; /* OUTCOME_MARK: the state */
};
_Static_assert(sizeof(struct step) == 8, "abi");

/* Followed by `count` pairs of step and counter + 1. */
struct escape {
	__u32 class;
	__u32 count;
};

/* A label that changes with time. A chain of them, soonest first, is at most MAX_EXPIRIES long. */
struct expiry {
	__u32 ends; /* ticks since `clock_start` */
	__u32 until; /* the label before that: no expiry record */
	__u32 after; /* the label from then on; may be a later expiry record */
};
_Static_assert(sizeof(struct expiry) == 12, "abi");

/*
 * Of one CPU, 8 bytes: twice as many stay in the cache. How often bit 31 of a member has changed stands in a counter of its own, as far behind
 * as there are counters, in fours; together they are the number (src/load/native/counters.cc).
 */
struct counter {
	__u32 packets;
	__u32 bytes; /* IP length, as netfilter counts */
};
#define COUNTERS_OF_CPU(counters) (((counters) + 3) & ~3u)

#define COUNTED_SLOTS 5

/*
 * Of many addresses that count for themselves, each stands beside its counter: whoever finds the one has loaded the other. So they stand among
 * the counters of each CPU, at places that are multiples of eight, and label and counter are told by where an address was found. Empty slots
 * have an address whose way does not come here.
 */
struct counted_bucket {
	__u32 address[COUNTED_SLOTS];
	__u32 overflowed; /* an address whose place is here or before stands in a later bucket */
	struct counter counter[COUNTED_SLOTS];
};
_Static_assert(sizeof(struct counted_bucket) == 64, "one cache line");

struct field_config {
	__u32 labels; /* small fields: offset of one label per value; F_DEVICE: the label itself */
	__u32 width; /* bytes per label of a small field: 1, 2 or 4 */
	__u32 rows; /* offset of u64 rows[classes][words]: the steps that a packet of this class may still match */
	/*
	 * With more than one word, offset of u64 summaries[classes]: a bit per group of 1 << group_shift words, set where one of them
	 * is not 0.
	 */
	__u32 summaries;
	__u32 classes;
	__u32 stride; /* of a class among combinations */
	__u32 counted; /* labels carry counters, or expire */
	__u32 timed; /* labels may be expiry records */
	__u32 lists; /* IPv4 addresses: offset of struct list, by class */
	__u32 numbered; /* … offset of u32 labels: the lookup answers their numbers, by which lists stand then; 0: labels themselves */
};

#include "abi-addresses.h"

/* Tables of the prefix kind: IPv6 has addresses, both have MACs. */
#define PREFIX_SMAC 2
#define PREFIX_TABLES 3

/*
 * Tuples: several fields at once. The key of a packet is made of those that the table's atoms ask for; an entry is a key of which some
 * first bits of each field count. Which bits do is a shape. Shapes are probed one after the other, those with most bits first, and the
 * first entry found decides: the builder adds what overlapping entries have in common.
 */
#define TUPLE_WORDS 12
#define K_SADDR 0 /* IPv4: in the first of four words */
#define K_DADDR 4
#define K_PORTS 8 /* sport << 16 | dport */
#define K_PROTOCOL 9 /* icmp << 16 | protocol << 8 | tos */
#define K_MAC 10 /* first 16 bits << 16 | ttl; then the other 32 bits */

struct tuple_config {
	__u32 words; /* bit per word of the key that is used */
	__u32 slots; /* entries a bucket; 0: the table is not used */
	__u32 size; /* words of the key that an entry has; the label is behind them */
	__u32 known_up_to; /* enum availability: with less known of the packet it lacks the field */
	__u32 map_sport; /* offset of u16 number[65536], which stand in the key in place of the value; 0: it stands there itself */
	__u32 map_dport;
	__u32 map_icmp;
	__u32 shapes; /* offset of struct tuple_shape[shape_count] */
	__u32 shape_count;
	__u32 buckets; /* offset of struct tuple_bucket[bucket_count], and MAX_PREFIX_BUCKETS more */
	__u32 bucket_count;
	__u32 seed;
	__u32 bloom; /* as of prefix tables */
	__u32 bloom_words;
	__u32 fallback; /* label of what is in no entry */
};

struct tuple_shape {
	__u32 mask[TUPLE_WORDS];
	__u32 reserved[4];
};
_Static_assert(sizeof(struct tuple_shape) == 64, "one cache line");

#define TUPLE_BUCKET_SLOTS 3

/* An entry is the used words of the key and, behind them, the label. */
struct tuple_bucket {
	__u32 entries[15];
	__u8 tag[TUPLE_BUCKET_SLOTS]; /* number of the shape + 1; 0: empty */
	__u8 overflowed; /* an entry whose place is here or before stands in a later bucket */
};
_Static_assert(sizeof(struct tuple_bucket) == 64, "one cache line");

/*
 * What a step asks of addresses, ports, ICMP type, protocol and availability, where that is one network and one range each. Steps that name
 * a narrow source or destination stand in the lists of the classes that they allow; in the lists of both where both are narrow. A list
 * is u32s of two numbers of steps + 1 each; the first ones have the steps that stand in lists of that address only, which both lists are
 * searched for. Number 0 fills up, and matches nothing.
 */
struct candidate {
	__u64 addresses; /* source << 32 | destination */
	__u64 mask; /* bits of it that count: none of an address by whose list the step was found, where it is no network */
	/* Bounds of the fields, from the low bit up: 16 bits each of sport, dport and icmp, 8 of protocol, 2 of availability, and a bit above each. */
	__u64 low;
	__u64 high; /* with the bits above set */
};
_Static_assert(sizeof(struct candidate) == 32, "half a cache line");

/* Of a class; or, where `bits` are not 0, what says by that many bits of the packet which of as many lists it is, or again says so. */
struct list {
	__u32 at; /* offset of u32[all]; or of struct list[1 << bits] */
	__u8 own; /* u32s with steps that no other address lists */
	__u8 all; /* u32s */
	__u8 shift; /* lowest of the bits: of the addresses of a candidate; with SPLIT_BY_FIELDS, of its fields */
	__u8 bits;
};
_Static_assert(sizeof(struct list) == 8, "abi");

#define SPLIT_BY_FIELDS 64
#define MAX_SPLITS 3 /* one after the other */
#define MAX_WALK 8 /* u32s that a packet is compared with */
#define NO_CANDIDATE 65536

struct family_config {
	__u32 enabled;
	__u32 by_source; /* the source address alone decides, by decisions and in one round */
	__u32 parsed; /* bit per field slot: what steps ask for */
	__u32 used; /* … what is looked up */
	__u32 rowed; /* … what has rows */
	__u32 words; /* u64s per row */
	__u32 group_shift; /* 64 << group_shift words at most */
	/*
	 * Steps do not stand in their order but in clusters, each of them in order and of whole groups. The first match of each cluster is
	 * found, and of those the one with the lowest number decides. None of them sends the search elsewhere.
	 */
	__u32 clustered;
	__u32 steps; /* offset of struct step[step_count] */
	__u32 step_count;
	__u32 skips; /* number of steps behind which the search goes on */
	/*
	 * Where classes are few, there are no rows: what the search would find is written down for all their combinations. Those of small
	 * fields are numbered first, and so may be those of the others; the decision stands at the first number + combined_count * the second.
	 */
	__u32 combined; /* offset of u16 number[…] of combinations of small fields; 0: the sum of their classes * strides */
	__u32 combined_count;
	__u32 paired; /* the same of the other fields */
	__u32 decisions; /* offset of u16: place of the step, and whether conntrack is asked; 0: rows decide */
	__u32 only_class; /* by_source: the one class of sources that any step matches, + 1, and of that step, which drops, … */
	__u32 only_step; /* … the place, */
	__u32 only_counter; /* … the counter, */
	__u32 only_counted; /* … and whether labels have those of lines; only_class 0: decisions say */
	__u32 candidates; /* offset of struct candidate[candidate_mask + 1]; 0: none. Steps in lists have no rows, and stand behind those that do */
	__u32 candidate_mask; /* all ones; no step has a higher number */
	__u32 escapes; /* offset */
	__u32 expiries; /* offset of struct expiry[] */
	__u32 clusters[CLUSTER_BOUNDS]; /* first group of each but the first */
	struct field_config field[FIELD_SLOTS];
};

#define DECISION_ASKED 0x8000 /* of a decision: conntrack must be asked before a drop */
#define DECISION_MASK 0x7fff
#define DECISION_NONE 0x7fff /* no step matches */
#define COMBINED_MASK 0x7fff /* the number; above: other fields do not matter */

/* What is to be done for a drop. */
enum at_drop { AT_DROP_COUNT, AT_DROP_NOTHING, AT_DROP_CONTROL };

struct config {
	__u8 mac[6]; /* of the device, as on the wire */
	__u8 calls_rounds; /* every round of a search is a call, so that the verifier walks one, not each */
	__u8 selective; /* `ifindex` or `vlan` is set */
	__s64 clock_start; /* CLOCK_MONOTONIC, ns: when the first element expires */
	__u32 tables_bytes; /* size of the value of `tables` */
	__u32 counters; /* per CPU; 0: nothing is counted */
	__u32 at_drop; /* enum at_drop: what follows from the next two, and `counters` */
	__u32 leased; /* drops only while the lease of `control` runs */
	__u32 sampled; /* whoever listens is given samples of what is dropped */
	__u32 ifindex; /* somebody else's program calls this one: only for packets of this device; 0: it is attached itself */
	__u32 vlan; /* ethertype << 16 | id of the tag of a VLAN device: only for its packets, as it hands them on; 0: none */
	__u32 vlan_ifindex; /* of that VLAN device */
	struct address_config
		address[4]; /* IPv4 source and destination, first 32 bits of IPv6 source and destination */
	struct family_config ip;
	struct family_config ip6;
	struct prefix_config prefix[2 * PREFIX_TABLES]; /* of IPv4, then of IPv6 */
	struct tuple_config tuple[2 * TUPLE_SLOTS]; /* likewise */
};

#endif
