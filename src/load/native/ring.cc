// SPDX-License-Identifier: Apache-2.0
// BPF ring buffers: made by whoever reads them.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <napi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "failure.h"

namespace {

class Mapping {
 public:
  Mapping(int fd, off_t offset, size_t length, int protection) : length_(length) {
    base_ = mmap(nullptr, length, protection, MAP_SHARED, fd, offset);
    if (base_ == MAP_FAILED) Fail("map ring into memory");
  }
  Mapping(const Mapping &) = delete;
  ~Mapping() { munmap(base_, length_); }
  uint8_t *bytes() const { return static_cast<uint8_t *>(base_); }

 private:
  void *base_;
  size_t length_;
};

// A position is an unsigned long that only grows (Documentation/bpf/ringbuf.rst).
unsigned long Acquire(const uint8_t *position) {
  return __atomic_load_n(reinterpret_cast<const unsigned long *>(position), __ATOMIC_ACQUIRE);
}

void Release(uint8_t *position, unsigned long value) {
  __atomic_store_n(reinterpret_cast<unsigned long *>(position), value, __ATOMIC_RELEASE);
}

uint64_t SizeOf(int fd) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) Fail("read map info");
  if (info.type != BPF_MAP_TYPE_RINGBUF) Fail("read ring (no ring buffer)", EINVAL);
  return info.max_entries;
}

// The whole records that are there. The data is mapped twice in a row, so each is in one piece.
Frames Take(int fd) {
  const uint64_t size = SizeOf(fd);
  const size_t page = sysconf(_SC_PAGESIZE);
  const Mapping consumer(fd, 0, page, PROT_READ | PROT_WRITE), producer(fd, page, page + 2 * size, PROT_READ);
  const uint8_t *data = producer.bytes() + page;
  const unsigned long end = Acquire(producer.bytes());
  unsigned long at = Acquire(consumer.bytes());
  Frames records;
  while (at < end) {
    const uint8_t *header = data + (at & (size - 1));
    const uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t *>(header), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) break;
    const uint32_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
      const uint8_t *record = header + BPF_RINGBUF_HDR_SZ;
      records.bytes.insert(records.bytes.end(), record, record + length);
      records.ends.push_back(records.bytes.size());
    }
    at += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
  }
  Release(consumer.bytes(), at);
  return records;
}

}  // namespace

Napi::Value CreateRing(const Napi::CallbackInfo &info) {
  const std::string name = TextOf(info[0]);
  const uint32_t bytes = IntegerOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, name.c_str(), 0, 0, bytes, nullptr);
    if (fd < 0) Fail("create ring");
    return Napi::Number::New(info.Env(), fd);
  });
}

Napi::Value ReadRing(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Frames records = Take(fd);
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), records.bytes.size());
    std::copy(records.bytes.begin(), records.bytes.end(), bytes.Data());
    Napi::Uint32Array ends = Napi::Uint32Array::New(info.Env(), records.ends.size());
    std::copy(records.ends.begin(), records.ends.end(), ends.Data());
    Napi::Object batch = Napi::Object::New(info.Env());
    batch.Set("bytes", bytes);
    batch.Set("ends", ends);
    return batch;
  });
}
