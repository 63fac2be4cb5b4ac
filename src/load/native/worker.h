// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <napi.h>

#include <new>
#include <string>
#include <utility>

#include "failure.h"

// Runs `Job::Run()` on a worker thread (no JavaScript there) and settles a promise with `Job::Result(env)`. The stack of an error is that of
// whoever started it: where it ends there is none.
template <typename Job>
class Worker : public Napi::AsyncWorker {
 public:
  static Napi::Value Start(Napi::Env env, Job job) {
    auto *worker = new Worker(env, std::move(job));  // deletes itself when it has finished
    Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

 private:
  Worker(Napi::Env env, Job job)
      : AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        started_(Napi::Error::New(env, "")),
        job_(std::move(job)) {}

  void Execute() override {
    try {
      job_.Run();
    } catch (const Failure &failure) {
      failure_ = failure;
      SetError(failure.step);
    } catch (const std::bad_alloc &) {
      failure_ = Failure{ENOMEM, "memory", ""};
      SetError("memory");
    }
  }
  void OnOK() override { deferred_.Resolve(job_.Result(Env())); }
  void OnError(const Napi::Error &) override {
    const Napi::Error error = ToError(Env(), failure_);
    const std::string stack = started_.Get("stack").ToString();
    const size_t frames = stack.find('\n');
    if (frames != std::string::npos)
      error.Value().Set("stack", "NativeError: " + error.Message() + stack.substr(frames));
    deferred_.Reject(error.Value());
  }

  Napi::Promise::Deferred deferred_;
  Napi::Error started_;
  Job job_;
  Failure failure_{};
};
