// SPDX-License-Identifier: Apache-2.0
// Frames through a program (BPF_PROG_TEST_RUN) and onto a device.
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <napi.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "worker.h"

namespace {

// Batch limit of BPF_F_TEST_XDP_LIVE_FRAMES (kernel: TEST_XDP_MAX_BATCH).
constexpr uint32_t kLiveBatch = 256;

struct Target {
  int program;
  uint32_t ifindex;
};

// One frame; the context is given only when a device is, for then the kernel looks the device up in the caller's
// namespace.
bpf_test_run_opts RunFrame(const Target &target, const Frames &frames, size_t i, uint32_t repeat, uint32_t flags) {
  const std::string step = "test run, frame " + std::to_string(i);
  if (frames.size(i) < ETH_HLEN) Fail(step + " (shorter than an Ethernet header)", EINVAL);
  xdp_md context{};
  context.data_end = frames.size(i);
  context.ingress_ifindex = target.ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frames.data(i), .data_size_in = frames.size(i),
              .repeat = static_cast<int>(repeat), .flags = flags);
  if (target.ifindex != 0) {
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
  }
  if (flags & BPF_F_TEST_XDP_LIVE_FRAMES) options.batch_size = std::min(repeat, kLiveBatch);
  if (bpf_prog_test_run_opts(target.program, &options) != 0) Fail(step);
  options.ctx_in = nullptr;
  return options;
}

struct VerdictsJob {
  Target target;
  Frames frames;
  std::vector<uint8_t> verdicts;

  void Run() {
    verdicts.reserve(frames.count());
    for (size_t i = 0; i < frames.count(); i++) verdicts.push_back(RunFrame(target, frames, i, 1, 0).retval);
  }
  Napi::Value Result(Napi::Env env) {
    Napi::Uint8Array array = Napi::Uint8Array::New(env, verdicts.size());
    std::copy(verdicts.begin(), verdicts.end(), array.Data());
    return array;
  }
};

struct TimedJob {
  Target target;
  Frames frame;
  uint32_t repeat;
  bpf_test_run_opts outcome;

  void Run() { outcome = RunFrame(target, frame, 0, repeat, 0); }
  Napi::Value Result(Napi::Env env) {
    Napi::Object result = Napi::Object::New(env);
    result.Set("verdict", outcome.retval);
    result.Set("nanoseconds", outcome.duration);
    return result;
  }
};

struct LiveJob {
  Target target;
  Frames frames;
  uint32_t repeat;
  double nanoseconds = 0;

  void Run() {
    for (size_t i = 0; i < frames.count(); i++)
      nanoseconds += RunFrame(target, frames, i, repeat, BPF_F_TEST_XDP_LIVE_FRAMES).duration;
    if (frames.count() > 0) nanoseconds /= frames.count();
  }
  Napi::Value Result(Napi::Env env) {
    Napi::Object result = Napi::Object::New(env);
    result.Set("nanoseconds", nanoseconds);
    return result;
  }
};

struct SendJob {
  int ifindex;
  Frames frames;

  void Run() {
    Descriptor socket_fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));  // protocol 0: receives nothing
    if (socket_fd.get() < 0) Fail("open packet socket");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = ifindex;
    address.sll_halen = ETH_ALEN;
    for (size_t i = 0; i < frames.count(); i++) Send(socket_fd.get(), address, i);
  }
  Napi::Value Result(Napi::Env env) { return env.Undefined(); }

 private:
  // ENOBUFS: the device's queue is full for the moment.
  void Send(int fd, const sockaddr_ll &address, size_t i) {
    for (int attempt = 0;; attempt++) {
      const auto *target = reinterpret_cast<const sockaddr *>(&address);
      if (sendto(fd, frames.data(i), frames.size(i), 0, target, sizeof address) >= 0) return;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS || attempt >= 1000) Fail("send frame " + std::to_string(i));
      usleep(1000);
    }
  }
};

Target TargetOf(const Napi::CallbackInfo &info) {
  return {static_cast<int>(IntegerOf(info[0])), static_cast<uint32_t>(IntegerOf(info[1]))};
}

uint32_t RepeatOf(const Napi::Value &value) { return std::clamp<int64_t>(IntegerOf(value), 1, INT32_MAX); }

}  // namespace

Napi::Value TestRun(const Napi::CallbackInfo &info) {
  return Worker<VerdictsJob>::Start(info.Env(), {TargetOf(info), FramesOf(info[2]), {}});
}

Napi::Value TestRunTimed(const Napi::CallbackInfo &info) {
  std::vector<uint8_t> frame = CopyOf(info[2]);
  const uint32_t end = frame.size();
  return Worker<TimedJob>::Start(info.Env(), {TargetOf(info), {std::move(frame), {end}}, RepeatOf(info[3]), {}});
}

Napi::Value LiveFrames(const Napi::CallbackInfo &info) {
  return Worker<LiveJob>::Start(info.Env(), {TargetOf(info), FramesOf(info[2]), RepeatOf(info[3])});
}

Napi::Value SendFrames(const Napi::CallbackInfo &info) {
  return Worker<SendJob>::Start(info.Env(), {static_cast<int>(IntegerOf(info[0])), FramesOf(info[1])});
}
