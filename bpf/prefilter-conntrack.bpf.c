// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The program for rulesets whose drops depend on connections. An object of its own: a kernel without the kfuncs cannot load it. */
#define OFFLOAD_CONNTRACK
#include "programs.h"
