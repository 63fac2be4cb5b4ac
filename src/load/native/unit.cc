// SPDX-License-Identifier: Apache-2.0
// All of it as one translation unit: napi.h, of which each would read its own copy, takes longer than everything else.
#include "arguments.cc"
#include "datagram.cc"
#include "failure.cc"
#include "inspect.cc"
#include "link.cc"
#include "load.cc"
#include "maps.cc"
#include "netlink.cc"
#include "poll.cc"
#include "ring.cc"
#include "run.cc"
#include "addon.cc"
