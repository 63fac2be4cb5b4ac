/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What changes while programs run, and what they tell of the packets that they drop. As abi.h, of which it is a part. */
#ifndef OFFLOAD_ABI_CONTROL_H
#define OFFLOAD_ABI_CONTROL_H

#include <linux/types.h>

#define LISTENERS 4

/* Somebody who is given samples. Whoever finds a place whose time is up may take it, by exchanging `until`. */
struct listener {
	__u64 until; /* CLOCK_MONOTONIC, ns: then it is taken to be dead */
	__u32 chance; /* of each packet to be taken, in 2^-32; 2^32 - 1: all are */
	__s32 left; /* samples that may still be taken */
	__u32 ifindex; /* packets of this device only; 0: of any */
	__u32 lost; /* samples for which the ring had no room */
};
_Static_assert(sizeof(struct listener) == 24, "abi");

/* Written while the program runs, by whole stores of aligned members. Programs loaded together share it. */
struct control {
	__u64 drop_until; /* CLOCK_MONOTONIC, ns: from then on everything is passed; 2^64 - 1: never */
	__u64 checked; /* by programs: jiffies ^ drop_until of when it was last seen not to be over */
	__u16 listening[LISTENERS]; /* 1: has a listener. Read at once: without any a drop costs one load more */
	__u32 leased; /* as in the programs' configuration, for whoever finds the map */
	__u32 sampled;
	struct listener listener[LISTENERS];
};
_Static_assert(sizeof(struct control) == 128, "two cache lines");

#define SAMPLE_FRAME 152

/* A dropped packet, as it stands in the ring of a listener. */
struct sample {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	__u32 ifindex;
	__u32 place; /* of the counter of the drop */
	__u32 length; /* of the frame */
	__u32 captured; /* bytes of it in `frame` */
	__u32 chance; /* that it had of being taken, in 2^-32 */
	__u32 reserved;
	__u8 frame[SAMPLE_FRAME]; /* behind what is captured: whatever was there before */
};
_Static_assert(sizeof(struct sample) == 184, "abi");

#endif
