// SPDX-License-Identifier: Apache-2.0
// How a failed call leaves the addon: errno, the step that failed, and a log. Never a rule, a chain or a verdict.
#pragma once
#include <napi.h>

#include <string>

// Thrown by everything below the JavaScript boundary, also on worker threads: it holds no JavaScript values.
struct Failure {
  int error;  // positive errno
  std::string step;
  std::string log;
};

// Throws the current errno (or `error`, either sign) as a Failure of `step`.
[[noreturn]] void Fail(const std::string &step);
[[noreturn]] void Fail(const std::string &step, int error, const std::string &log = "");

Napi::Error ToError(Napi::Env env, const Failure &failure);

// Runs a synchronous call and turns its Failure into a JavaScript exception.
template <typename Call>
Napi::Value Guard(Napi::Env env, Call call) {
  try {
    return call();
  } catch (const Failure &failure) {
    throw ToError(env, failure);
  }
}
