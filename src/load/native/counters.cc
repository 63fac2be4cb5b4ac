// SPDX-License-Identifier: Apache-2.0
// Packets and bytes that programs have counted (bpf/abi.h, struct counter), while they go on counting.
#include <napi.h>

#include <atomic>

#include "arguments.h"
#include "calls.h"
#include "failure.h"

namespace {

struct Counter {
  uint32_t packets, bytes;
};

uint32_t LoadOf(const uint32_t &word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

// `flips`: how often bit 31 of `low` has changed, which is written after `low`: it lacks one where the two contradict each other.
uint64_t NumberOf(const uint32_t &low, const uint32_t &flips) {
  for (;;) {
    const uint32_t before = LoadOf(flips), word = LoadOf(low);
    if (LoadOf(flips) != before) continue;
    const uint64_t whole = static_cast<uint64_t>(before) + ((before & 1) ^ (word >> 31));
    return whole >> 1 << 32 | word;
  }
}

}  // namespace

Napi::Value ReadCounters(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]), entries = IntegerOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    if (!HasRowPerCpu(map)) Fail("read counters (not a mappable array)", EINVAL);
    // A value has all counters of a CPU, then their flips.
    const int64_t of_cpu = map.value_size / sizeof(Counter) / 2;
    if (entries < 0 || entries > of_cpu) Fail("read counters", ERANGE);
    Napi::BigUint64Array sums = Napi::BigUint64Array::New(info.Env(), entries * 2);
    if (entries == 0) return sums;
    Window window(fd, 0, BytesOfArray(map), PROT_READ);
    uint64_t *sum = sums.Data();
    for (uint32_t cpu = 0; cpu < map.max_entries; cpu++) {
      const auto *counters =
          reinterpret_cast<const Counter *>(window.bytes + static_cast<size_t>(cpu) * map.value_size);
      for (int64_t i = 0; i < entries; i++) {
        const Counter &low = counters[i], &flips = counters[of_cpu + i];
        sum[i * 2] += NumberOf(low.packets, flips.packets);
        sum[i * 2 + 1] += NumberOf(low.bytes, flips.bytes);
      }
    }
    return sums;
  });
}
