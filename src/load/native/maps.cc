// SPDX-License-Identifier: Apache-2.0
// Bytes into and out of maps.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <napi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "failure.h"

namespace {

bpf_map_info InfoOf(int fd) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) Fail("read map info");
  return info;
}

uint64_t BytesOfArray(const bpf_map_info &map) {
  // Elements of an array are padded to 8 bytes (kernel: array_map_alloc).
  return static_cast<uint64_t>(map.max_entries) * ((map.value_size + 7ULL) & ~7ULL);
}

// The pages of a BPF_F_MMAPABLE array that hold [offset, offset + length).
class Window {
 public:
  Window(int fd, int64_t offset, size_t length, int protection) {
    const bpf_map_info info = InfoOf(fd);
    const uint64_t size = BytesOfArray(info);
    if (offset < 0 || static_cast<uint64_t>(offset) > size || length > size - offset) Fail("map window", ERANGE);
    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t start = offset / page * page;
    length_ = std::max<size_t>(offset - start + length, 1);
    base_ = mmap(nullptr, length_, protection, MAP_SHARED, fd, start);
    if (base_ == MAP_FAILED) Fail("map into memory");
    bytes = static_cast<uint8_t *>(base_) + (offset - start);
  }
  Window(const Window &) = delete;
  ~Window() { munmap(base_, length_); }
  uint8_t *bytes;

 private:
  void *base_;
  size_t length_;
};

// Reads a per-CPU array in rising order: many values a system call where the kernel can (5.13), else one.
class PerCpuReader {
 public:
  PerCpuReader(int fd, size_t bytes) : fd_(fd), bytes_(bytes), values_(kChunk * bytes) {}

  const uint8_t *Value(__u32 key) {
    if (key < start_ || key >= start_ + count_) Fill(key);
    return values_.data() + (key - start_) * bytes_;
  }

 private:
  static constexpr __u32 kChunk = 1024;

  void Fill(__u32 key) {
    start_ = key;
    count_ = kChunk;
    __u32 before = key - 1, after = 0, keys[kChunk];
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    const int failed =
        bpf_map_lookup_batch(fd_, key == 0 ? nullptr : &before, &after, keys, values_.data(), &count_, &options);
    // ENOENT: the end of the map, after `count_` values.
    if ((failed == 0 || errno == ENOENT) && count_ > 0 && keys[0] == key) return;
    count_ = 1;
    if (bpf_map_lookup_elem(fd_, &key, values_.data()) != 0) Fail("read per-CPU values");
  }

  int fd_;
  size_t bytes_;
  std::vector<uint8_t> values_;
  __u32 start_ = 0, count_ = 0;
};

int CountCpus() {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) Fail("count CPUs", cpus);
  return cpus;
}

}  // namespace

Napi::Value PossibleCpus(const Napi::CallbackInfo &info) {
  return Guard(info.Env(), [&]() -> Napi::Value { return Napi::Number::New(info.Env(), CountCpus()); });
}

Napi::Value WriteMappable(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]), offset = IntegerOf(info[1]);
  const View source = BytesOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    Window window(fd, offset, source.size, PROT_READ | PROT_WRITE);
    if (source.size > 0) memcpy(window.bytes, source.data, source.size);
    return info.Env().Undefined();
  });
}

Napi::Value ReadMappable(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]), offset = IntegerOf(info[1]), length = IntegerOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (length < 0) Fail("map window", ERANGE);
    Window window(fd, offset, length, PROT_READ);
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), length);
    if (length > 0) memcpy(bytes.Data(), window.bytes, length);
    return bytes;
  });
}

Napi::Value MapMemory(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    const size_t size = BytesOfArray(map);
    void *base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) Fail("map into memory");
    // The kernel copies the page table of such a mapping to each child (VM_MIXEDMAP, vma_needs_copy, Linux 6.18), and no tool that is run wants it.
    // Where that cannot be had it only takes longer.
    madvise(base, size, MADV_DONTFORK);
    const auto unmap = [size](Napi::Env, void *mapped) { munmap(mapped, size); };
    return Napi::ArrayBuffer::New(info.Env(), base, size, unmap);
  });
}

Napi::Value UnmapMemory(const Napi::CallbackInfo &info) {
  if (!info[0].IsArrayBuffer()) throw Napi::TypeError::New(info.Env(), "bug: an ArrayBuffer was expected");
  Napi::ArrayBuffer memory = info[0].As<Napi::ArrayBuffer>();
  // Whoever still has a view of it sees no bytes any more; the finalizer unmaps.
  if (!memory.IsDetached()) memory.Detach();
  return info.Env().Undefined();
}

Napi::Value UpdateBatch(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]), count = IntegerOf(info[3]);
  const View keys = BytesOf(info[1]), values = BytesOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    if (count < 0 || count > UINT32_MAX || keys.size != static_cast<uint64_t>(count) * map.key_size ||
        values.size != static_cast<uint64_t>(count) * map.value_size)
      Fail("update batch (key or value bytes do not fit the map)", EINVAL);
    __u32 left = count;
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    if (count > 0 && bpf_map_update_batch(fd, keys.data, values.data, &left, &options) != 0) {
      Fail("update batch (" + std::to_string(left) + " of " + std::to_string(count) + " done)");
    }
    return info.Env().Undefined();
  });
}

Napi::Value DeleteElement(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  const View key = BytesOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (key.size != InfoOf(fd).key_size) Fail("delete element (key does not fit the map)", EINVAL);
    if (bpf_map_delete_elem(fd, key.data) != 0 && errno != ENOENT) Fail("delete element");
    return info.Env().Undefined();
  });
}

Napi::Value UpdateElement(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  const View key = BytesOf(info[1]), value = BytesOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    if (key.size != map.key_size || value.size != map.value_size)
      Fail("update element (it does not fit the map)", EINVAL);
    if (bpf_map_update_elem(fd, key.data, value.data, BPF_ANY) != 0) Fail("update element");
    return info.Env().Undefined();
  });
}

Napi::Value LookupElement(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  const View key = BytesOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    if (key.size != map.key_size) Fail("look up element (key does not fit the map)", EINVAL);
    std::vector<uint8_t> value(map.value_size);
    if (bpf_map_lookup_elem(fd, key.data, value.data()) != 0) {
      if (errno == ENOENT) return info.Env().Null();
      Fail("look up element");
    }
    return Napi::Buffer<uint8_t>::Copy(info.Env(), value.data(), value.size());
  });
}

Napi::Value ReadPerCpu(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]), first = IntegerOf(info[1]), entries = IntegerOf(info[2]),
                width = IntegerOf(info[3]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    const int cpus = CountCpus();
    if (map.type != BPF_MAP_TYPE_PERCPU_ARRAY || width < 1 || map.value_size != width * sizeof(uint64_t))
      Fail("read per-CPU values (not a per-CPU array of that width)", EINVAL);
    if (first < 0 || entries < 0 || first + entries > map.max_entries) Fail("read per-CPU values", ERANGE);
    Napi::BigUint64Array sums = Napi::BigUint64Array::New(info.Env(), entries * width);
    uint64_t *sum = sums.Data();
    const size_t per_entry = static_cast<size_t>(cpus) * width;
    PerCpuReader reader(fd, per_entry * sizeof(uint64_t));
    for (int64_t entry = 0; entry < entries; entry++, sum += width) {
      const auto *values = reinterpret_cast<const uint64_t *>(reader.Value(first + entry));
      for (size_t i = 0; i < per_entry; i++) sum[i % width] += values[i];
    }
    return sums;
  });
}

Napi::Value ClearPerCpu(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const bpf_map_info map = InfoOf(fd);
    const int cpus = CountCpus();
    if (map.type != BPF_MAP_TYPE_PERCPU_ARRAY) Fail("clear per-CPU values (not a per-CPU array)", EINVAL);
    const size_t bytes = static_cast<size_t>(cpus) * ((map.value_size + 7ULL) & ~7ULL);
    const std::vector<uint8_t> zeros(bytes);
    PerCpuReader reader(fd, bytes);
    for (__u32 key = 0; key < map.max_entries; key++) {
      if (memcmp(reader.Value(key), zeros.data(), bytes) == 0) continue;
      if (bpf_map_update_elem(fd, &key, zeros.data(), BPF_ANY) != 0) Fail("clear per-CPU values");
    }
    return info.Env().Undefined();
  });
}
