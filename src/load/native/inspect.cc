// SPDX-License-Identifier: Apache-2.0
// What the kernel says of its objects.
#include <bpf/bpf.h>
#include <napi.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "failure.h"

namespace {

template <typename Info>
void Read(int fd, Info &info, const char *step) {
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) Fail(step);
}

Napi::Value OpenById(const Napi::CallbackInfo &info, int (*open)(__u32), const char *kind) {
  const int64_t id = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const int fd = open(id);
    if (fd < 0) Fail(std::string("open ") + kind + " " + std::to_string(id), fd);
    return Napi::Number::New(info.Env(), fd);
  });
}

}  // namespace

Napi::Value ProgramInfo(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    bpf_prog_info program{};
    Read(fd, program, "read program info");
    std::vector<__u32> ids(program.nr_map_ids);
    bpf_prog_info again{};
    again.nr_map_ids = ids.size();
    again.map_ids = reinterpret_cast<__u64>(ids.data());
    Read(fd, again, "read program info");

    char tag[2 * BPF_TAG_SIZE + 1] = "";
    for (int i = 0; i < BPF_TAG_SIZE; i++) snprintf(tag + 2 * i, 3, "%02x", program.tag[i]);
    Napi::Array maps = Napi::Array::New(info.Env(), ids.size());
    for (size_t i = 0; i < ids.size(); i++) maps.Set(i, ids[i]);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", program.id);
    result.Set("tag", tag);
    result.Set("name", program.name);
    result.Set("mapIds", maps);
    result.Set("translatedBytes", program.xlated_prog_len);
    result.Set("verifiedInstructions", program.verified_insns);
    return result;
  });
}

Napi::Value LinkInfo(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    bpf_link_info link{};
    Read(fd, link, "read link info");
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", link.id);
    result.Set("programId", link.prog_id);
    result.Set("ifindex", link.xdp.ifindex);
    return result;
  });
}

Napi::Value MapInfo(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    bpf_map_info map{};
    Read(fd, map, "read map info");
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", map.id);
    result.Set("name", map.name);
    result.Set("type", map.type);
    result.Set("keySize", map.key_size);
    result.Set("valueSize", map.value_size);
    result.Set("maxEntries", map.max_entries);
    return result;
  });
}

Napi::Value ProgramById(const Napi::CallbackInfo &info) { return OpenById(info, bpf_prog_get_fd_by_id, "program"); }

Napi::Value MapById(const Napi::CallbackInfo &info) { return OpenById(info, bpf_map_get_fd_by_id, "map"); }

Napi::Value QueryPrograms(const Napi::CallbackInfo &info) {
  const int64_t ifindex = IntegerOf(info[0]), attach_type = IntegerOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    __u32 ids[64] = {}, flags = 0, count = 64;
    // EINVAL: the kernel does not know the attach point.
    const int failed = bpf_prog_query(ifindex, static_cast<bpf_attach_type>(attach_type), 0, &flags, ids, &count);
    if (failed != 0 && errno != EINVAL && errno != ENOENT && errno != ENOSPC) Fail("query programs");
    if (failed != 0 && errno != ENOSPC) count = 0;
    Napi::Array result = Napi::Array::New(info.Env(), count);
    for (__u32 i = 0; i < count && i < 64; i++) result.Set(i, ids[i]);
    return result;
  });
}
