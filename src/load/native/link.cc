// SPDX-License-Identifier: Apache-2.0
// Links, pins and descriptors.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <napi.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "failure.h"

Napi::Value LinkCreate(const Napi::CallbackInfo &info) {
  const int64_t program = IntegerOf(info[0]), ifindex = IntegerOf(info[1]), flags = IntegerOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = static_cast<__u32>(flags));
    const int fd = bpf_link_create(program, ifindex, BPF_XDP, &options);
    if (fd < 0) Fail("create link", fd);
    return Napi::Number::New(info.Env(), fd);
  });
}

Napi::Value LinkUpdate(const Napi::CallbackInfo &info) {
  const int64_t link = IntegerOf(info[0]), program = IntegerOf(info[1]), old_program = IntegerOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    LIBBPF_OPTS(bpf_link_update_opts, options);
    if (old_program >= 0) {
      options.flags = BPF_F_REPLACE;
      options.old_prog_fd = old_program;
    }
    if (bpf_link_update(link, program, &options) != 0) Fail("update link");
    return info.Env().Undefined();
  });
}

Napi::Value LinkDetach(const Napi::CallbackInfo &info) {
  const int64_t link = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (bpf_link_detach(link) != 0) Fail("detach link");
    return info.Env().Undefined();
  });
}

Napi::Value NetlinkReplace(const Napi::CallbackInfo &info) {
  const int64_t ifindex = IntegerOf(info[0]), program = IntegerOf(info[1]), old_program = IntegerOf(info[2]);
  const int64_t flags = IntegerOf(info[3]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = static_cast<int>(old_program));
    const int error = bpf_xdp_attach(ifindex, program, static_cast<__u32>(flags), &options);
    if (error != 0) Fail("replace by netlink", error);
    return info.Env().Undefined();
  });
}

// MEMBARRIER_CMD_GLOBAL is synchronize_rcu(); EINVAL where CPUs run without a tick (nohz_full).
Napi::Value ProgramsHaveEnded(const Napi::CallbackInfo &info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) usleep(100'000);
    return info.Env().Undefined();
  });
}

Napi::Value Pin(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  const std::string path = TextOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (bpf_obj_pin(fd, path.c_str()) != 0) Fail("pin " + path);
    return info.Env().Undefined();
  });
}

Napi::Value OpenPinned(const Napi::CallbackInfo &info) {
  const std::string path = TextOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    const int fd = bpf_obj_get(path.c_str());
    if (fd < 0) Fail("open pin " + path, fd);
    return Napi::Number::New(info.Env(), fd);
  });
}

Napi::Value MountBpffs(const Napi::CallbackInfo &info) {
  const std::string path = TextOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
      Fail("mount bpffs on " + path);
    return info.Env().Undefined();
  });
}

Napi::Value Lock(const Napi::CallbackInfo &info) {
  const std::string path = TextOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) Fail("open " + path);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) Fail("lock " + path);
    return Napi::Number::New(info.Env(), fd.release());
  });
}

Napi::Value Close(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (close(fd) != 0) Fail("close");
    return info.Env().Undefined();
  });
}
