// SPDX-License-Identifier: Apache-2.0
// Opens an object, specialises it (rodata, map sizes) and loads one of its programs.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <napi.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "worker.h"

namespace {

// What libbpf would print to stderr during the load that runs on this thread.
thread_local std::string libbpf_text;

int Collect(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_DEBUG || libbpf_text.size() > 65536) return 0;
  char line[1024];
  vsnprintf(line, sizeof line, format, arguments);
  libbpf_text += line;
  return 0;
}

// Largest size that kernels before 5.2 accept for a verifier log; touched only when the verifier writes to it.
constexpr size_t kLogBytes = UINT32_MAX >> 8;
// The telling lines stand at the end.
constexpr size_t kLogTail = 1 << 20;

struct Size {
  std::string name;
  std::optional<uint32_t> max_entries, value_size;
  std::optional<int> reuse_fd;
};

struct ObjectCloser {
  void operator()(bpf_object *object) const { bpf_object__close(object); }
};

bool IsRodata(const bpf_map *map) {
  const std::string name = bpf_map__name(map);
  return bpf_map__is_internal(map) && name.size() >= 7 && name.compare(name.size() - 7, 7, ".rodata") == 0;
}

constexpr const char *kSectionPrefix = ".data.";

// A section `.data.NAME` is the map NAME, whose value the program reads without a lookup. Other internal maps have none.
std::string NameOf(const bpf_map *map) {
  const std::string name = bpf_map__name(map);
  if (!bpf_map__is_internal(map)) return name;
  const size_t prefix = strlen(kSectionPrefix);
  return name.compare(0, prefix, kSectionPrefix) == 0 ? name.substr(prefix) : "";
}

struct LoadJob {
  std::vector<uint8_t> object;
  std::string program;
  bool is_multi_buffer;
  std::optional<std::vector<uint8_t>> rodata;
  std::vector<Size> sizes;
  Descriptor program_fd;
  std::map<std::string, Descriptor> map_fds;

  void Run() {
    libbpf_text.clear();
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "offload");
    std::unique_ptr<bpf_object, ObjectCloser> opened(bpf_object__open_mem(object.data(), object.size(), &options));
    if (!opened) Fail("open object", errno, libbpf_text);
    bpf_program *wanted = SelectProgram(opened.get());
    // SEC("xdp.frags") says it of every load.
    if (is_multi_buffer) bpf_program__set_flags(wanted, bpf_program__flags(wanted) | BPF_F_XDP_HAS_FRAGS);
    if (rodata) SetRodata(opened.get());
    for (const Size &size : sizes) SetSize(opened.get(), size);

    std::unique_ptr<char[]> log(new char[kLogBytes]);  // not zeroed: untouched pages cost nothing
    log[0] = '\0';
    bpf_program__set_log_buf(wanted, log.get(), kLogBytes);
    const int error = bpf_object__load(opened.get());
    if (error != 0) Fail("load program", error, TellingLog(log.get()));

    program_fd = Duplicate(bpf_program__fd(wanted));
    bpf_map *map;
    bpf_object__for_each_map(map, opened.get()) {
      const std::string name = NameOf(map);
      if (!name.empty() && bpf_map__fd(map) >= 0) map_fds[name] = Duplicate(bpf_map__fd(map));
    }
  }

  Napi::Value Result(Napi::Env env) {
    Napi::Object maps = Napi::Object::New(env);
    for (auto &[name, fd] : map_fds) maps.Set(name, fd.release());
    Napi::Object result = Napi::Object::New(env);
    result.Set("program", program_fd.release());
    result.Set("maps", maps);
    return result;
  }

 private:
  bpf_program *SelectProgram(bpf_object *opened) {
    bpf_program *wanted = nullptr, *candidate;
    bpf_object__for_each_program(candidate, opened) {
      const bool found = program == bpf_program__name(candidate);
      if (found) wanted = candidate;
      bpf_program__set_autoload(candidate, found);
    }
    if (wanted == nullptr) Fail("find program " + program, ENOENT);
    return wanted;
  }

  // libbpf 1.1 dereferences the size pointer of bpf_map__initial_value, so it is never null.
  void SetRodata(bpf_object *opened) {
    bpf_map *map;
    bpf_object__for_each_map(map, opened) {
      if (!IsRodata(map)) continue;
      size_t size = 0;
      if (bpf_map__initial_value(map, &size) == nullptr || size != rodata->size())
        Fail("set rodata (" + std::to_string(size) + " bytes in the object, " + std::to_string(rodata->size()) +
                 " given)",
             EINVAL);
      const int error = bpf_map__set_initial_value(map, rodata->data(), rodata->size());
      if (error != 0) Fail("set rodata", error, libbpf_text);
      return;
    }
    Fail("set rodata (the object has none)", ENOENT);
  }

  void SetSize(bpf_object *opened, const Size &size) {
    bpf_map *map = bpf_object__find_map_by_name(opened, size.name.c_str());
    if (map == nullptr) map = bpf_object__find_map_by_name(opened, (kSectionPrefix + size.name).c_str());
    if (map == nullptr) Fail("find map " + size.name, ENOENT);
    int error = 0;
    if (size.reuse_fd) error = bpf_map__reuse_fd(map, *size.reuse_fd);
    if (error == 0 && size.value_size) error = bpf_map__set_value_size(map, *size.value_size);
    if (error == 0 && size.max_entries) error = bpf_map__set_max_entries(map, *size.max_entries);
    if (error != 0) Fail("size map " + size.name, error, libbpf_text);
  }

  static Descriptor Duplicate(int fd) {
    Descriptor copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (copy.get() < 0) Fail("duplicate descriptor");
    return copy;
  }

  // The verifier's own words; where it never came to speak (no permission, no memory for a map), libbpf's.
  static std::string TellingLog(const char *log) {
    const size_t length = strnlen(log, kLogBytes);
    if (length == 0) return libbpf_text;
    return length <= kLogTail ? std::string(log, length) : std::string(log + length - kLogTail, kLogTail);
  }
};

template <typename Number>
std::optional<Number> Optional(const Napi::Object &object, const char *key) {
  Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return std::nullopt;
  return static_cast<Number>(IntegerOf(value));
}

}  // namespace

void SilenceLibbpf() { libbpf_set_print(Collect); }

Napi::Value LibbpfVersion(const Napi::CallbackInfo &info) {
  return Napi::String::New(info.Env(),
                           std::to_string(libbpf_major_version()) + "." + std::to_string(libbpf_minor_version()));
}

Napi::Value Load(const Napi::CallbackInfo &info) {
  LoadJob job;
  job.object = CopyOf(info[0]);
  job.program = TextOf(info[1]);
  if (!info[2].IsNull()) job.rodata = CopyOf(info[2]);
  if (!info[3].IsArray()) throw Napi::TypeError::New(info.Env(), "bug: map sizes must be an array");
  Napi::Array sizes = info[3].As<Napi::Array>();
  for (uint32_t i = 0; i < sizes.Length(); i++) {
    Napi::Object size = sizes.Get(i).As<Napi::Object>();
    job.sizes.push_back({TextOf(size.Get("name")), Optional<uint32_t>(size, "maxEntries"),
                         Optional<uint32_t>(size, "valueSize"), Optional<int>(size, "reuseFd")});
  }
  job.is_multi_buffer = info[4].ToBoolean();
  return Worker<LoadJob>::Start(info.Env(), std::move(job));
}
