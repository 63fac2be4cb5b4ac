// SPDX-License-Identifier: Apache-2.0
// Readable descriptors, waited for on the event loop of the caller.
#include <fcntl.h>
#include <napi.h>
#include <uv.h>

#include <memory>
#include <optional>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "failure.h"

namespace {

// Owned by the loop until it has let go of the handle, and by the JavaScript function that closes it.
class Poll {
 public:
  static std::shared_ptr<Poll> Start(Napi::Env env, int64_t fd, Napi::Function readable) {
    // A descriptor of its own: closing the caller's neither ends nor confuses the waiting.
    Descriptor own(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (own.get() < 0) Fail("poll (duplicate descriptor)");
    std::shared_ptr<Poll> poll(new Poll(env, std::move(own), readable));
    uv_loop_t *loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) Fail("poll (no event loop)", ENOSYS);
    const int error = uv_poll_init(loop, &poll->handle_, poll->fd_.get());
    if (error != 0) Fail("poll", error);
    poll->handle_.data = poll.get();
    poll->self_ = poll;
    napi_add_async_cleanup_hook(env, EnvironmentEnds, poll.get(), &poll->cleanup_);
    const int failed = uv_poll_start(&poll->handle_, UV_READABLE, IsReadable);
    if (failed == 0) return poll;
    poll->Close();
    Fail("poll", failed);
  }

  void Close() {
    if (closing_) return;
    closing_ = true;
    uv_close(reinterpret_cast<uv_handle_t *>(&handle_), IsClosed);
  }

 private:
  Poll(Napi::Env env, Descriptor fd, Napi::Function readable)
      : env_(env), fd_(std::move(fd)), readable_(Napi::Persistent(readable)), context_(std::in_place, env, "pollFd") {}

  static void IsReadable(uv_poll_t *handle, int status, int) {
    auto *poll = static_cast<Poll *>(handle->data);
    // An error waits at the descriptor (a netlink socket that has lost messages): reading tells it. libuv has stopped.
    if (status < 0) uv_poll_start(handle, UV_READABLE, IsReadable);
    Napi::HandleScope scope(poll->env_);
    try {
      poll->readable_->MakeCallback(poll->env_.Global(), {}, *poll->context_);
    } catch (const Napi::Error &error) {
      napi_fatal_exception(poll->env_, error.Value());
    }
  }

  static void IsClosed(uv_handle_t *handle) {
    const std::shared_ptr<Poll> poll = std::move(static_cast<Poll *>(handle->data)->self_);
    Napi::HandleScope scope(poll->env_);
    poll->readable_.reset();
    poll->context_.reset();
    poll->fd_ = Descriptor();
    napi_remove_async_cleanup_hook(poll->cleanup_);
  }

  static void EnvironmentEnds(napi_async_cleanup_hook_handle, void *poll) { static_cast<Poll *>(poll)->Close(); }

  Napi::Env env_;
  Descriptor fd_;
  std::optional<Napi::FunctionReference> readable_;
  std::optional<Napi::AsyncContext> context_;
  uv_poll_t handle_{};
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  std::shared_ptr<Poll> self_;
  bool closing_ = false;
};

}  // namespace

Napi::Value PollFd(const Napi::CallbackInfo &info) {
  const int64_t fd = IntegerOf(info[0]);
  if (!info[1].IsFunction()) throw Napi::TypeError::New(info.Env(), "bug: a function was expected");
  const Napi::Function readable = info[1].As<Napi::Function>();
  return Guard(info.Env(), [&]() -> Napi::Value {
    const std::shared_ptr<Poll> poll = Poll::Start(info.Env(), fd, readable);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("close", Napi::Function::New(
                            info.Env(), [poll](const Napi::CallbackInfo &) { poll->Close(); }, "close"));
    return result;
  });
}
