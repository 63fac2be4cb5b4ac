// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The XDP program that offload attaches; kernel 5.18 or later. */
#include "programs.h"
