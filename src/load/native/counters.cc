// SPDX-License-Identifier: Apache-2.0
// Packets and bytes that programs have counted (bpf/abi.h, struct counter), while they go on counting.
#include <napi.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "arguments.h"
#include "calls.h"
#include "failure.h"

namespace {

struct Counter {
  uint32_t packets, bytes;
};

// The values of a map `counters`. Each has the counters of a CPU, then their flips. One more than there are CPUs says which counters stand among
// addresses (src/load/counter-rows.ts): first from which place on, then in place of each counter its number + 1, and 0 where there is none.
class CounterRows {
 public:
  CounterRows(int64_t fd, int protection)
      : map_(InfoOf(fd)),
        window_(fd, 0, BytesOf(map_), protection),
        cpus(CountCpus()),
        places(map_.value_size / sizeof(Counter) / 2),
        numbered(places) {
    if (map_.max_entries <= cpus) return;
    numbered = std::min<int64_t>(places, Of(cpus)->packets);
  }

  Counter *Of(__u32 row) const {
    return reinterpret_cast<Counter *>(window_.bytes + static_cast<size_t>(row) * map_.value_size);
  }

  template <typename Each>
  void EachCounted(const Each &each) const {
    for (int64_t place = numbered; place < places; place++)
      if (const uint32_t number = Of(cpus)[place].packets) each(place, static_cast<int64_t>(number) - 1);
  }

 private:
  static uint64_t BytesOf(const bpf_map_info &map) {
    if (map.type != BPF_MAP_TYPE_ARRAY || (map.map_flags & BPF_F_MMAPABLE) == 0)
      Fail("map counters (not a mappable array)", EINVAL);
    if (map.max_entries < static_cast<__u32>(CountCpus())) Fail("map counters (fewer values than CPUs)", EINVAL);
    return BytesOfArray(map);
  }

  bpf_map_info map_;
  Window window_;

 public:
  const __u32 cpus;
  // Of each CPU, and those of them that stand by their numbers.
  const int64_t places;
  int64_t numbered;
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
    const CounterRows rows(fd, PROT_READ);
    if (entries < 0 || entries > rows.places) Fail("read counters", ERANGE);
    Napi::BigUint64Array sums = Napi::BigUint64Array::New(info.Env(), entries * 2);
    uint64_t *sum = sums.Data();
    const auto add = [&](const Counter *counters, int64_t place, int64_t number) {
      const Counter &low = counters[place], &flips = counters[rows.places + place];
      sum[number * 2] += NumberOf(low.packets, flips.packets);
      sum[number * 2 + 1] += NumberOf(low.bytes, flips.bytes);
    };
    for (__u32 cpu = 0; cpu < rows.cpus; cpu++) {
      const Counter *counters = rows.Of(cpu);
      for (int64_t i = 0; i < std::min(rows.numbered, entries); i++) add(counters, i, i);
      rows.EachCounted([&](int64_t place, int64_t number) {
        if (number < entries) add(counters, place, number);
      });
    }
    return sums;
  });
}

Napi::Value ClearCounters(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const CounterRows rows(fd, PROT_READ | PROT_WRITE);
    for (__u32 cpu = 0; cpu < rows.cpus; cpu++) {
      Counter *counters = rows.Of(cpu);
      memset(counters, 0, rows.numbered * sizeof(Counter));
      memset(counters + rows.places, 0, rows.places * sizeof(Counter));
      rows.EachCounted([&](int64_t place, int64_t) { counters[place] = {}; });
    }
    return info.Env().Undefined();
  });
}
